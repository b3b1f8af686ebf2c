"""Temporary files: some without a name, gone when closed, some with one, to be renamed."""

import atexit
import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable
from typing import BinaryIO, TypeVar

from dataselect.errors import OutputError
from dataselect.interrupts import before_a_signal_ends_us

Created = TypeVar("Created")


def keep(chunks: Iterable[bytes], purpose: str) -> str:
    """Copy to a temporary file that is removed when this process ends. Returns its path.

    Raises OutputError where there is no room.
    """
    try:
        beside = os.path.join(tempfile.gettempdir(), "dataselect")
        path, file = create_beside(beside, lambda path: open(path, "xb"))  # noqa: SIM115  closed below
        atexit.register(_remove_own, path, os.getpid())
        with file:
            for chunk in chunks:
                file.write(chunk)
    except OSError as error:
        raise _no_room(error, purpose) from None
    return path


def _remove_own(path: str, process: int) -> None:
    if os.getpid() == process:
        remove(path)


def _no_room(error: OSError, purpose: str) -> OutputError:
    why = error.strerror or str(error)
    folder = tempfile.tempdir or "TMPDIR"
    return OutputError(f"{folder}: {why} while {purpose}; set TMPDIR to a larger disk")


class TemporaryFile:
    """Room on disk for `purpose`, as messages call it; `file` is unbuffered, to read from."""

    def __init__(self, purpose: str) -> None:
        """Raise OutputError where no folder for temporary files can be written."""
        self._purpose = purpose
        try:
            # Closed by its owner, or with it.
            self.file: BinaryIO = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self._error(error) from None

    def write(self, data: bytes) -> None:
        """Append all of `data`. Raises OutputError when the disk is full."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError as error:
            raise self._error(error) from None

    def _error(self, error: OSError) -> OutputError:
        return _no_room(error, self._purpose)


_unfinished: set[str] = set()
"""Temporary files and folders, each from before it exists until it is renamed or removed."""


def create_beside(final: str, create: Callable[[str], Created]) -> tuple[str, Created]:
    """Create something in the folder of `final`. Returns its path, and what `create(path)` did."""
    folder, name = os.path.split(final)
    while True:
        # A signal may come at any time: were the name known only afterwards, it could be lost.
        path = os.path.join(folder, f".{name[:_NAME_CHARACTERS]}.{secrets.token_hex(6)}.tmp")
        _unfinished.add(path)
        try:
            return path, create(path)
        except FileExistsError:
            _unfinished.discard(path)
        except OSError:
            _unfinished.discard(path)
            raise


_NAME_CHARACTERS = 40  # of four bytes at most: with what is added, it stays under 255


def is_finished(path: str) -> None:
    """Note that a temporary file or folder has got its name."""
    _unfinished.discard(path)


def remove(path: str) -> None:
    """Remove a temporary file, or a folder with all that is in it, if it is there."""
    with contextlib.suppress(OSError):
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    _unfinished.discard(path)


def remove_unfinished() -> None:
    """Remove what an interruption left behind, if anything."""
    for path in list(_unfinished):
        remove(path)


before_a_signal_ends_us(remove_unfinished)
