"""Faults of the machine behind the errors of libraries: full disks, open files, memory."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator

from dataselect.data.files.raw_files import unreadable
from dataselect.data.files.sinks import unwritable
from dataselect.errors import DataselectError, OutputError

_NUMBERED = re.compile(r"\(os error (\d+)\)")  # how Rust has it
_MEMORY = re.compile("[Cc]an't allocate memory|[Oo]ut of memory|[Nn]ot enough memory|bad_alloc")
_OF_THE_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EINVAL)


def raise_if_of_machine(path: str, error: Exception) -> None:
    """Raise ReadError or MemoryError where a file could not be read for no fault of its own."""
    found = _behind(error)
    if isinstance(found, MemoryError):
        raise found from None
    if found is not None and found.errno not in _OF_THE_FILE:
        raise unreadable(path, found) from None


@contextlib.contextmanager
def writing_to(path: str) -> Iterator[None]:
    """Whatever a library raises while it writes is an OutputError about a path."""
    try:
        yield
    except (DataselectError, MemoryError):
        raise
    except Exception as error:
        found = _behind(error)
        if isinstance(found, OSError):
            raise unwritable(path, found) from None
        words = str(error).strip().partition("\n")[0] or type(error).__name__
        raise OutputError(f"{path}: it cannot be written ({words}); check the disk") from None


def _behind(error: BaseException) -> OSError | MemoryError | None:
    """What the operating system said, by the error or one that it came of."""
    each: BaseException | None = error
    while each is not None:
        if isinstance(each, MemoryError) or _MEMORY.search(str(each)):
            return MemoryError()
        if isinstance(each, OSError) and each.errno is not None:
            return each
        if numbered := _NUMBERED.search(str(each)):
            number = int(numbered[1])
            return OSError(number, os.strerror(number))
        each = each.__cause__ or each.__context__
    return None
