"""Files that appear whole or not at all: written to a temporary name, renamed at the end."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import io
import lzma
import os
import stat
import tempfile
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from dataselect.errors import OptionError, OutputError, ReaderGone
from dataselect.inputs import reason, suffix

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

STDOUT = "-"


class _Stream(Protocol):
    def write(self, data: bytes, /) -> object: ...
    def close(self) -> None: ...


def _compressor(path: str, target: _Writer) -> _Stream | None:
    """A stream that compresses into `target`, without name or time: same input, same bytes."""
    match suffix(path):
        case ".gz":
            return gzip.GzipFile("", "wb", compresslevel=6, fileobj=target, mtime=0)
        case ".bz2":
            return bz2.BZ2File(target, "wb")
        case ".xz":
            return lzma.LZMAFile(target, "wb")
        case ".zst":
            import zstandard

            return zstandard.ZstdCompressor().stream_writer(target, closefd=False)
    return None


class _Writer(io.RawIOBase):
    """An unbuffered file whose `write` writes everything, or nothing more once abandoned."""

    def __init__(self, descriptor: int, *, close: bool) -> None:
        self._descriptor, self._close, self._abandoned = descriptor, close, False

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and not self._abandoned:
            done += os.write(self._descriptor, view[done:])
        return len(view)

    def abandon(self) -> None:
        """Let a compressor end its stream at its leisure, without it reaching the file."""
        self._abandoned = True

    def close(self) -> None:
        if not self.closed and self._close:
            os.close(self._descriptor)
        super().close()


class Sink:
    """One output: standard output, a device or pipe, or a file that appears when committed."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._temporary: str | None = None
        self._final = os.path.realpath(path)
        try:
            self._file = self._open()
        except OSError as error:
            raise self._error(error) from None
        self._stream = _compressor(path, self._file) or self._file

    def _open(self) -> _Writer:
        if self.path == STDOUT:
            os.fstat(1)
            return _Writer(1, close=False)
        existing = os.stat(self._final) if os.path.exists(self._final) else None
        if existing is not None and stat.S_ISDIR(existing.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if existing is not None and not stat.S_ISREG(existing.st_mode):
            return _Writer(os.open(self.path, os.O_WRONLY), close=True)
        folder, name = os.path.split(self._final)
        descriptor, self._temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)
        os.fchmod(descriptor, existing.st_mode & 0o777 if existing else 0o666 & ~_umask())
        return _Writer(descriptor, close=True)

    def _error(self, error: OSError) -> OutputError | ReaderGone:
        if isinstance(error, BrokenPipeError) and self._temporary is None:
            return ReaderGone()
        where = "<stdout>" if self.path == STDOUT else self.path
        return OutputError(f"{where}: {reason(error)}; nothing was kept of this output")

    def write(self, data: bytes) -> None:
        """Write whole lines. Raises OutputError, or ReaderGone when a pipe's reader has left."""
        try:
            self._stream.write(data)
        except OSError as error:
            raise self._error(error) from None

    def finish(self) -> None:
        """Write out what a compressor holds, so that a full disk shows before any renaming."""
        try:
            self._stream.close()
            self._file.close()
        except OSError as error:
            raise self._error(error) from None

    def commit(self) -> None:
        """Give the file its name, in place of an older one."""
        if self._temporary is not None:
            try:
                os.replace(self._temporary, self._final)
            except OSError as error:
                raise self._error(error) from None
            self._temporary = None

    def discard(self) -> None:
        """Throw away what was not committed."""
        self._file.abandon()
        with contextlib.suppress(OSError):
            self._stream.close()
            self._file.close()
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._temporary)
            self._temporary = None


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


class Outputs:
    """All the files of one run: they are committed together, after everything has worked.

    >>> with Outputs({}) as outputs:
    ...     outputs.open("/dev/null").write(b"a line\\n")
    """

    def __init__(self, inputs: Mapping[tuple[int, int], str]) -> None:
        """`inputs`: device and inode of each file that is read, none of which may be written."""
        self._inputs = inputs
        self._sinks: list[Sink] = []

    def open(self, path: str) -> Sink:
        """Open one output. Raises OptionError if it is also an input or another output."""
        self._refuse_clash(path)
        sink = Sink(path)
        self._sinks.append(sink)
        return sink

    def _refuse_clash(self, path: str) -> None:
        shown = "standard output" if path == STDOUT else path
        for sink in self._sinks:
            same = os.path.realpath(path) == os.path.realpath(sink.path)
            if path == sink.path or (same and not _is_device(path)):
                raise OptionError(f"{shown} is given for two outputs; give each its own file")
        with contextlib.suppress(OSError):
            status = os.fstat(1) if path == STDOUT else os.stat(path)
            clash = self._inputs.get((status.st_dev, status.st_ino))
            if clash is not None:
                raise OptionError(f"{shown} is also read ({clash}); write to another file")

    def commit(self) -> None:
        """Finish all outputs, then rename them into place."""
        for sink in self._sinks:
            sink.finish()
        for sink in self._sinks:
            sink.commit()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        for sink in self._sinks:
            sink.discard()


def _is_device(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)
