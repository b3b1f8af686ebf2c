"""Groups of a pool that a field tells apart: whom a selection keeps."""
