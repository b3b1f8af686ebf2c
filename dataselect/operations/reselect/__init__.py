"""Selection anew on a score that records have already."""
