"""Python reads this at its start where the folder is on PYTHONPATH: makes `synthetic://` known."""

import fsspec

fsspec.register_implementation("synthetic", "synthetic_files.SyntheticFiles")
"""By name: nothing more is imported until a URL asks for it."""
