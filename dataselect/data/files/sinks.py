"""One output each: a descriptor, a pipe, a file or a folder that appears when it is whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

from dataselect.data.files import compression, temporary_files
from dataselect.data.files.raw_files import reason
from dataselect.data.files.temporary_files import create_beside, is_finished, remove
from dataselect.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

STDOUT = "-"


class Writer(io.RawIOBase):
    """An unbuffered file whose `write` writes everything, or nothing more once abandoned."""

    def __init__(self) -> None:
        self._abandoned = False

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Write all of `data`. Raises OSError."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and not self._abandoned:
            done += self._write_some(view[done:])
        return len(view)

    def abandon(self) -> None:
        """Let a compressor end its stream at its leisure, without it reaching the file."""
        self._abandoned = True

    def _write_some(self, view: memoryview) -> int:
        """Write some of the bytes. Returns how many. Raises OSError."""
        raise NotImplementedError


class _Descriptor(Writer):
    """A writer to an open descriptor, which it closes."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def _write_some(self, view: memoryview) -> int:
        return os.write(self._descriptor, view)

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._descriptor)


class Sink:
    """One output: a descriptor, a device or pipe, or a file that appears when committed."""

    def __init__(self, path: str, when_gone: Callable[[], None], *, private: bool = False) -> None:
        """`when_gone` is called when a pipe's reader has left; what it raises ends the run.

        `private`: nobody but its owner may read the file. Raises OutputError.
        """
        self.path = path
        self._private = private
        self.gone = False
        self._when_gone = when_gone
        self._temporary: str | None = None
        try:
            self._file = self._open()
        except OSError as error:
            raise unwritable(self.path, error) from None
        found = compression.of_path(path)
        self._stream = self._file if found is None else found.stream(self._file)

    def _open(self) -> Writer:
        self._final = os.path.realpath(self.path)
        descriptor = _descriptor(self.path)
        if descriptor is not None:
            return _Descriptor(_duplicate(descriptor))
        existing = status_of(self.path)
        if os.path.isdir(self._final) or self.path.endswith(os.sep):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if existing is not None and not stat.S_ISREG(existing.st_mode):
            return _Descriptor(os.open(self.path, os.O_WRONLY))
        self._temporary, created = create_beside(self._final, _create)
        if existing is not None:
            os.fchmod(created, existing.st_mode & 0o777)
        if self._private:
            os.fchmod(created, 0o600)
        return _Descriptor(created)

    def _failed(self, error: OSError) -> None:
        """Go on without a pipe whose reader has left; raise OutputError for any other failure."""
        if not isinstance(error, BrokenPipeError):
            raise unwritable(self.path, error) from None
        self.gone = True
        self._file.abandon()
        self._when_gone()

    def write(self, data: bytes | memoryview) -> None:
        """Write whole lines, or nothing where the reader is `gone`. Raises OutputError."""
        if not self.gone:
            try:
                self._stream.write(data)
            except OSError as error:
                self._failed(error)

    def finish(self) -> None:
        """Write out what a compressor holds, so that a full disk shows before any renaming."""
        try:
            self._stream.close()
            self._file.close()
        except OSError as error:
            self._failed(error)

    def renames(self) -> list[temporary_files.Rename]:
        """What gives the file its name, in place of an older one."""
        if self._temporary is None:
            return []
        return [temporary_files.Rename(self._temporary, self._final, self.path)]

    def is_committed(self) -> None:
        """Note that the file has its name."""
        if self._temporary is not None:
            is_finished(self._temporary)
            self._temporary = None

    def discard(self) -> None:
        """Throw away what was not committed."""
        self._file.abandon()
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            self._file.close()
        if self._temporary is not None:
            remove(self._temporary)
            self._temporary = None


class Folder:
    """One output that is a folder: filled under a name of its own, it appears when committed."""

    gone = False  # nobody waits for it at the end of a pipe

    def __init__(self, path: str, replaces: Callable[[str], bool]) -> None:
        """Raise OutputError for what is there already, but for a folder that `replaces` allows.

        And OptionError for a name that is one of files.
        """
        compression.refuse_compressed(path, "a folder")
        self._path, self._final = path, os.path.realpath(path)
        self._is_committed = False
        if os.path.lexists(path) and not (os.path.isdir(path) and replaces(path)):
            raise OutputError(f"{path}: exists already; name a new folder, or remove this one")
        try:
            self.temporary, _ = create_beside(self._final, os.mkdir)
        except OSError as error:
            raise unwritable(path, error) from None

    def finish(self) -> None:
        """Nothing is held back."""

    def renames(self) -> list[temporary_files.Rename]:
        """What gives the folder its name, in place of an older one."""
        return [temporary_files.Rename(self.temporary, self._final, self._path)]

    def is_committed(self) -> None:
        """Note that the folder has its name."""
        self._is_committed = True
        is_finished(self.temporary)

    def discard(self) -> None:
        """Throw away what was not committed."""
        if not self._is_committed:
            remove(self.temporary)


def unwritable(path: str, error: OSError) -> OutputError:
    """What to say of a file that cannot be written."""
    where = "<stdout>" if path == STDOUT else path
    if error.errno == errno.EBADF:
        return OutputError(f"{where}: it is closed; redirect it, or name a file with -o")
    if error.errno == errno.ENOENT and "://" in path:
        return OutputError(
            f"{path}: URLs are written with --engine ray (pip install ray fsspec); name a file here"
        )
    hint = _HINTS.get(error.errno or 0, "check the file and its folder")
    return OutputError(f"{where}: {reason(error)}; {hint}")


_HINTS = {
    errno.ENOENT: "make its folder first",
    errno.ENOTDIR: "make its folder first",
    errno.EISDIR: "name a file",
    errno.EACCES: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENOSPC: "make room, or choose another disk",
    errno.EDQUOT: "make room, or choose another disk",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.EIO: "check the disk",
}


def _create(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def _descriptor(path: str) -> int | None:
    """The open descriptor that a path stands for: `-`, `/dev/stdout`, `/dev/fd/N`.

    It is used as it is: opening `/dev/stdout` anew would write over what a shell wrote before.
    """
    if path == STDOUT:
        return 1
    folder, name = os.path.split(os.path.abspath(path))
    if folder == "/dev" and name in _STANDARD:
        return _STANDARD[name]
    if name.isdecimal() and os.path.realpath(folder) == os.path.realpath("/dev/fd"):
        return int(name)
    return None


_STANDARD = {"stdin": 0, "stdout": 1, "stderr": 2}


def _duplicate(descriptor: int) -> int:
    """A descriptor that may be closed, of what another one writes to. Raises OSError."""
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return os.dup(descriptor)


def status_of(path: str) -> os.stat_result | None:
    """What a path of an output leads to, or None for nothing."""
    descriptor = _descriptor(path)
    try:
        return os.stat(path) if descriptor is None else os.fstat(descriptor)
    except OSError:
        return None
