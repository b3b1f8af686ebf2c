"""Opening files for reading: standard input, pipes that are read twice, and why one cannot be."""

import errno
import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Sequence
from typing import BinaryIO

from dataselect.data.files.line_blocks import BLOCK_BYTES
from dataselect.data.files.temporary_files import keep
from dataselect.errors import InputError, OptionError, ReadError

STDIN = "-"


def display(path: str) -> str:
    """A path as messages show it."""
    own = _originals.get(path, path)
    return "<stdin>" if own == STDIN else own


_STDIN = re.compile(r"/dev/stdin|(/dev|/proc/(self|[0-9]+))/fd/0")


def spelled_out(path: str) -> str:
    """A path, or `-` where it is another name of this process' standard input."""
    found = _STDIN.fullmatch(path)
    if found is None or (found[2] or "self") not in ("self", str(os.getpid())):
        return path
    return STDIN


def is_of_one_process(path: str) -> bool:
    """Whether a path, such as /dev/fd/3, leads elsewhere in another process, or nowhere."""
    whole = os.path.abspath(path)
    in_memory = whole.startswith("/dev/shm/")  # noqa: S108 (files like any other)
    return whole.startswith(("/dev/", "/proc/")) and not in_memory


def refuse_shared_stdin(paths: Sequence[str]) -> None:
    """Raise OptionError if more than one of `paths` is standard input, or the same pipe."""
    if [spelled_out(path) for path in paths].count(STDIN) > 1:
        raise OptionError("standard input can be read once: give '-' to one option only")
    seen: dict[tuple[int, int], str] = {}
    for path in paths:
        if (pipe := _pipe(path)) is None:
            continue
        if pipe in seen:
            both = " and ".join(dict.fromkeys(map(display, (seen[pipe], path))))
            raise OptionError(
                f"{both}: a pipe can be read once; give it to one option, or write it to a file"
            )
        seen[pipe] = path


def _pipe(path: str) -> tuple[int, int] | None:
    """Device and inode of a pipe or socket, or None for anything else."""
    try:
        status = os.stat(0 if path == STDIN else path)
    except (OSError, ValueError):
        return None
    is_pipe = stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode)
    return (status.st_dev, status.st_ino) if is_pipe else None


def reason(error: OSError) -> str:
    """The operating system's words for an error, without number and path."""
    return error.strerror or str(error)


def unreadable(path: str, error: OSError) -> ReadError:
    """What to say of a file that cannot be read."""
    hint = _HINTS.get(error.errno or 0, "check the file")
    return ReadError(f"{display(path)}: {reason(error)}; {hint}")


_HINTS = {
    errno.ENOENT: "check the name",
    errno.ENOTDIR: "check the name",
    errno.EISDIR: "name a file, or a quoted pattern such as 'DIR/*.jsonl'",
    errno.EACCES: "check its permissions",
    errno.EPERM: "check its permissions",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "end other programs",
    errno.ENOMEM: "free some memory",
    errno.EIO: "check the disk",
}


def open_raw(path: str) -> BinaryIO:
    """Open a file, or standard input, for reading bytes, unbuffered. Raises InputError."""
    try:
        if path != STDIN or path in _kept:
            return open(_kept.get(path, path), "rb", buffering=0)
        if fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ACCMODE != os.O_WRONLY:
            return open(0, "rb", buffering=0, closefd=False)
    except OSError as error:
        if "://" in path:
            raise ReadError(
                f"{path}: URLs are read with --engine ray; copy the file here"
            ) from None
        raise unreadable(path, error) from None
    raise InputError("<stdin>: it is closed; pipe records in or name a file")


def is_kept(path: str) -> bool:
    """Whether a copy of it is read, `rereadable`."""
    return path in _kept


_kept: dict[str, str] = {}
_originals: dict[str, str] = {}  # the other way round


def rereadable(path: str) -> str:
    """A path that can be opened as often as wanted: that of a copy where it is a pipe.

    The copy, a temporary file, is there until the program ends; `open_raw` of the pipe opens it,
    too. Raises InputError, OutputError where there is no room.
    """
    path = spelled_out(path)
    if path not in _kept and (path == STDIN or _pipe(path) is not None):
        with open_raw(path) as raw:
            copy = keep(iter(lambda: raw.read(BLOCK_BYTES), b""), f"copying {display(path)}")
        _kept[path], _originals[copy] = copy, path
    return _kept.get(path, path)


def file_digest(path: str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises InputError."""
    found = hashlib.sha256()
    with open_raw(path) as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def file_status(path: str) -> os.stat_result:
    """What a path leads to, which can be read. Raises InputError."""
    if path == STDIN or not os.access(path, os.R_OK) or os.path.isdir(path):
        with open_raw(path) as raw:  # raises the error that says why
            return os.fstat(raw.fileno())
    return os.stat(path)


def is_regular(status: os.stat_result) -> bool:
    """Whether it is a file that can be read more than once, and not a pipe or a device."""
    return stat.S_ISREG(status.st_mode)


def position(descriptor: int) -> int:
    """Where a descriptor stands: a shell may have read the first lines of standard input."""
    try:
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return 0
