"""How the C library allocates: memory that is freed and soon wanted again is kept.

By default it goes back to the system, and comes from there page by page: for each block of records
that took a tenth of the time of a run, and a quarter of that of a process that feeds workers.
"""

import contextlib
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_KEPT = 1 << 24  # bytes that are free and not given back
_BY_ITSELF = 1 << 23  # bytes of what is allocated, and given back, by itself


def keep_freed_memory() -> None:
    """Keep a little of the memory that is freed, unless the user says how to allocate."""
    import ctypes  # takes 3 ms

    if not any(name.startswith("MALLOC_") for name in os.environ):
        with contextlib.suppress(AttributeError, OSError):  # another C library
            library = ctypes.CDLL(None)
            library.mallopt(_TRIM_THRESHOLD, _KEPT)
            library.mallopt(_MMAP_THRESHOLD, _BY_ITSELF)
