"""Files and folders that get their names together: all of them, or none."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from dataselect.data.temporary_files import create_beside, is_finished, remove
from dataselect.interrupts import held


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


def carry_out(renames: Sequence[Rename]) -> None:
    """Rename everything, in place of what has these names. Raises RenameError."""
    older: list[str] = []
    with held():
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
