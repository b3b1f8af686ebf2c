"""Temporary files: some without a name, gone when closed, some to be renamed, all or none."""

import atexit
import contextlib
import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import BinaryIO, NamedTuple, TypeVar

from dataselect.errors import OutputError
from dataselect.interrupts import before_a_signal_ends_us, signals_deferred

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

    def write(self, data: bytes | memoryview) -> None:
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


class Rename(NamedTuple):
    """A finished file or folder, the name that it is to get, and what a message calls it."""

    temporary: str
    final: str
    shown: str


class RenameError(Exception):
    """What a rename failed of, after all that came before it were undone."""

    def __init__(self, shown: str, cause: OSError) -> None:
        super().__init__(shown)
        self.shown, self.cause = shown, cause


def rename_all(renames: Sequence[Rename]) -> None:
    """Rename everything, in place of what has these names. Raises RenameError."""
    older: list[str] = []
    with signals_deferred():
        done: list[tuple[Rename, str | None]] = []
        for each in renames:
            try:
                done.append((each, _rename(each, is_last=each is renames[-1])))
            except BaseException as error:
                for earlier, kept in reversed(done):
                    _undo(earlier, kept)
                if isinstance(error, OSError):
                    raise RenameError(each.shown, error) from None
                raise
        older += [kept for _, kept in done if kept is not None]
    for path in older:
        remove(path)


def _rename(each: Rename, *, is_last: bool) -> str | None:
    """Rename one. Returns where the older one is, if it may be wanted again. Raises OSError."""
    kept = None
    if os.path.isdir(each.temporary):
        if os.path.lexists(each.final):  # only an empty folder could be replaced
            kept, _ = create_beside(each.final, partial(os.rename, each.final))
    elif os.path.isdir(each.final):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    elif not is_last and os.path.lexists(each.final):
        kept = _kept(each.final)
    try:
        os.replace(each.temporary, each.final)
    except BaseException:
        if kept is not None:
            _put_back(kept, each.final)
        raise
    return kept


def _kept(final: str) -> str | None:
    """A second name for a file, so that there is one under its own all the time."""
    try:
        kept, _ = create_beside(final, partial(os.link, final))
    except FileNotFoundError:
        return None
    except OSError:  # no file system for links, or another user's file
        kept, _ = create_beside(final, partial(os.rename, final))
    return kept


def _undo(each: Rename, kept: str | None) -> None:
    if kept is None or os.path.isdir(each.final):
        with contextlib.suppress(OSError):
            os.rename(each.final, each.temporary)  # to be thrown away by its owner
    if kept is not None:
        _put_back(kept, each.final)


def _put_back(kept: str, final: str) -> None:
    with contextlib.suppress(OSError):
        os.replace(kept, final)
    # Two names of one file are not renamed into one; and what cannot be put back is not removed.
    with contextlib.suppress(OSError):
        if os.path.lexists(final) and os.path.samefile(kept, final):
            remove(kept)
    is_finished(kept)
