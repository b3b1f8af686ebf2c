"""What is behind a URL, through fsspec: its errors made those of files, its uploads whole or not.

The rest of the package asks `storage`.
"""

from __future__ import annotations

import errno
import io
import os
import re
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from dataselect.data.files.sinks import Sink, Writer, unwritable
from dataselect.data.files.temporary_files import create_beside
from dataselect.errors import DataselectError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem

MAGIC = re.compile(r"[*?[]")
"""What stands for other characters in a pattern."""
_OBJECT_STORES = {"s3", "s3a", "gs", "gcs"}  # they show a file once it is closed, have no folders


def located(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system of a URL, and what it calls the file. Raises OptionError."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise OptionError(f"{url}: a URL needs fsspec; pip install fsspec") from None
    try:
        files, place = url_to_fs(url)
    except (ImportError, ValueError) as error:  # an unknown scheme, or one that needs a package
        raise OptionError(f"{url}: {_one_line(error)}; check the URL") from None
    files.invalidate_cache()  # another machine may have written since
    return files, place


def located_to_write(url: str) -> tuple[AbstractFileSystem, str]:
    """As `located`, for a name that fsspec does not take for a pattern. Raises OptionError."""
    if MAGIC.search(url):
        raise OptionError(f"{url}: '*', '?' and '[' make a pattern of a URL; choose another name")
    return located(url)


def make_folder(files: AbstractFileSystem, place: str) -> None:
    """Make a folder where file systems have some: on an object store that would make a bucket."""
    if not _is_object_store(files):
        files.makedirs(place, exist_ok=True)


def _is_object_store(files: AbstractFileSystem) -> bool:
    schemes = files.protocol
    return not _OBJECT_STORES.isdisjoint([schemes] if isinstance(schemes, str) else schemes)


class Download(io.RawIOBase):
    """A file behind a URL that is read; what goes wrong is an OSError."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, or all that is left."""
        with as_os_error():
            return bytes(self._file.read(size))

    def close(self) -> None:
        """Let the file go."""
        if not self.closed:
            super().close()
            self._file.close()


class _Upload(Writer):
    """A file behind a URL that is written; what goes wrong is an OSError."""

    def __init__(self, files: AbstractFileSystem, place: str) -> None:
        super().__init__()
        with as_os_error():
            self._file = files.open(place, "wb")

    def _write_some(self, view: memoryview) -> int:
        with as_os_error():
            self._file.write(bytes(view))
        return len(view)

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        with as_os_error(), ExitStack() as stack:
            stack.callback(_drop, self._file)
            if not self._abandoned:
                self._file.close()
                stack.pop_all()


def _drop(file: Any) -> None:
    """Throw away what was written: as garbage that is not closed, fsspec would still show it."""
    from fsspec.spec import AbstractBufferedFile

    if isinstance(file, AbstractBufferedFile):
        try:
            file.discard()
        finally:
            file.closed = True
    else:
        file.close()


class RemoteSink(Sink):
    """A sink for a URL: a file that has a temporary name at first, unless on an object store."""

    def __init__(self, url: str) -> None:
        super().__init__(url, when_gone=lambda: None)

    def _open(self) -> Writer:
        with as_os_error():
            self._files, self._final = located_to_write(self.path)
            make_folder(self._files, os.path.dirname(self._final))
        if _is_object_store(self._files):
            return _Upload(self._files, self._final)
        self._temporary, upload = create_beside(self._final, partial(_Upload, self._files))
        return upload

    def rename(self) -> None:
        """Give the file its name. Raises OutputError."""
        if self._temporary is None:
            return
        try:
            with as_os_error():
                self._files.mv(self._temporary, self._final)
        except OSError as error:
            raise unwritable(self.path, error) from None
        self.is_committed()

    def discard(self) -> None:
        """Throw away what was not committed."""
        temporary = self._temporary
        super().discard()
        if temporary is not None:
            with suppress(OSError), as_os_error():
                self._files.rm_file(temporary)


@contextmanager
def as_os_error() -> Iterator[None]:
    """Make OSErrors, with a number and words, of the errors that each library has of its own."""
    try:
        yield
    except DataselectError:
        raise
    except Exception as error:
        words = getattr(error, "strerror", None) or _one_line(error)
        number = getattr(error, "errno", None)
        if number is None and type(error) in _NUMBERS:  # the words are a path, or none
            number = _NUMBERS[type(error)]
            words = os.strerror(number)
        if number in (None, errno.EPIPE):  # no pipe: nobody has left
            raise OSError(words) from error
        raise OSError(number, words) from error


_NUMBERS: dict[type[Exception], int] = {
    FileNotFoundError: errno.ENOENT,
    FileExistsError: errno.EEXIST,
    IsADirectoryError: errno.EISDIR,
    NotADirectoryError: errno.ENOTDIR,
}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
