"""Files on this machine, or behind a URL that fsspec knows: `s3://`, `gs://`, `hdfs://`."""

from __future__ import annotations

import glob
import os
import re
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from dataselect.data import urls
from dataselect.data.files.chunks import MOST_OF_A_DOCUMENT
from dataselect.data.files.raw_files import file_status, is_regular, open_raw, unreadable
from dataselect.data.files.sinks import Sink, unwritable
from dataselect.data.output_files import Outputs
from dataselect.data.urls import MAGIC, as_os_error
from dataselect.errors import InputError, OptionError, ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fsspec import AbstractFileSystem

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FILE_URL = re.compile("^(file|local)://")
_LEFTOVER = re.compile(r"\..*\.[0-9a-f]{12}\.tmp", re.DOTALL)  # as scratch.create_beside names them
_VERSIONS = (
    *("ETag", "etag", "generation", "md5Hash", "Content-MD5"),
    *("mtime", "LastModified", "last_modified", "Last-Modified", "updated", "modified", "created"),
)
"""What file systems say of a file that changes with it, best first."""


class Status(NamedTuple):
    """Bytes of a file, and what changes whenever they may have changed."""

    size: int
    identity: str


def tells_changes(identity: str) -> bool:
    """Whether a file's identity holds more than its size: some web servers tell nothing else."""
    return " " in identity


def is_url(path: str) -> bool:
    """Whether a path is one for fsspec, and not a file on this machine."""
    return _URL.match(path) is not None


def plain(path: str) -> str:
    """A path without the scheme of this machine's files: `/data` for `file:///data`."""
    return _FILE_URL.sub("", path, count=1)


def join(folder: str, name: str) -> str:
    """The path of a file in a folder."""
    return os.path.join(folder, name)


def has_magic(path: str) -> bool:
    """Whether a path holds what stands for other characters in a pattern."""
    return MAGIC.search(path) is not None


def above_magic(pattern: str) -> str:
    """The folder that holds all matches of a pattern, with its slash; empty for this one."""
    plain_part = MAGIC.split(pattern, maxsplit=1)[0]
    return plain_part[: plain_part.rfind("/") + 1]


def unshared(shown: str) -> OptionError:
    """What to say of a pipe or a device, as messages show it."""
    return OptionError(
        f"{shown}: it would be read more than once and by several machines; name files"
    )


# -- Reading -----------------------------------------------------------------------------------


def open_for_reading(path: str) -> BinaryIO:
    """Open a file for reading bytes. Raises ReadError; reading raises OSError."""
    if not is_url(path):
        return open_raw(path)
    with _reading(path) as (files, place):
        return cast("BinaryIO", urls.Download(files.open(place, "rb")))


def read_bytes(path: str) -> bytes:
    """All that is in a file. Raises ReadError."""
    with open_for_reading(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise unreadable(path, error) from None


def read_document(path: str) -> bytes:
    """All that is in a file that is read as a whole by its nature. Raises InputError."""
    if status(path).size > MOST_OF_A_DOCUMENT:
        raise InputError(f"{path}: too long for what it should be; name another")
    return read_bytes(path)


def status(path: str) -> Status:
    """A file's size and identity, without reading it.

    Raises ReadError, and OptionError for a pipe or a device.
    """
    if not is_url(path):
        found = file_status(path)
        if not is_regular(found):
            raise unshared(path)
        return Status(found.st_size, f"{found.st_size} {found.st_mtime_ns}")
    with _reading(path) as (files, place):
        about = files.info(place)
        if about["type"] == "directory":
            raise IsADirectoryError
        return _status(about)


def exists(path: str) -> bool:
    """Whether there is a file or folder. Raises ReadError where that cannot be told."""
    if not is_url(path):
        return os.path.exists(path)
    with _reading(path) as (files, place):
        try:
            files.info(place)
        except FileNotFoundError:
            return False
        return True


def is_folder(path: str) -> bool:
    """Whether there is a folder, on an object store anything below that name. Raises ReadError."""
    if not is_url(path):
        return os.path.isdir(path)
    with _reading(path) as (files, place):
        return bool(files.isdir(place))


def files_below(folder: str) -> dict[str, Status]:
    """The files in a folder and its folders: names relative to it, sorted, to their status.

    Raises ReadError.
    """
    if is_url(folder):
        with _reading(folder) as (files, place):
            return _statuses(place, files.find(place, detail=True))
    names = sorted(_names_below(folder))
    found = {name: _status_unless_gone(join(folder, name)) for name in names}
    return {name: status for name, status in found.items() if status is not None}


def files_matching(pattern: str) -> dict[str, Status]:
    """The files that a pattern matches: paths, sorted, to their status. Raises ReadError."""
    if not is_url(pattern):
        paths = sorted(glob.glob(pattern, recursive=True))
        return {path: status(path) for path in paths if not os.path.isdir(path)}
    root = above_magic(pattern)
    with _reading(root) as (_, above), _reading(pattern) as (files, place):
        found = _statuses(above, files.glob(place, detail=True))
    return {root + name: each for name, each in found.items()}


def leftovers(folder: str) -> list[str]:
    """Paths of the temporary files below a folder that a killed task left. Raises ReadError."""
    return [
        join(folder, name)
        for name in files_below(folder)
        if _LEFTOVER.fullmatch(os.path.basename(name))
    ]


# -- Writing -----------------------------------------------------------------------------------


@contextmanager
def writing(path: str) -> Iterator[Sink]:
    """Write a file, compressed by its suffix, that appears at the end, or not at all.

    Its folder is made where it is missing. Raises OutputError.
    """
    if not is_url(path):
        make_folder(os.path.dirname(path) or os.curdir)
        with Outputs({}) as outputs:
            yield outputs.open(path)
        return
    sink = urls.RemoteSink(path)
    try:
        yield sink
        sink.finish()
        sink.rename()
    finally:
        sink.discard()


def make_folder(path: str) -> None:
    """Make a folder, and those that it is in, where they are missing. Raises OutputError."""
    with _changing(path):
        if is_url(path):
            urls.make_folder(*urls.located_to_write(path))
        else:
            os.makedirs(path, exist_ok=True)


def remove(path: str) -> None:
    """Remove a file, if it is there. Raises OutputError."""
    with _changing(path), suppress(FileNotFoundError):
        if is_url(path):
            files, place = urls.located_to_write(path)
            files.rm_file(place)
        else:
            os.unlink(path)


def remove_folder(path: str) -> None:
    """Remove a folder with all that is in it, if it is there. Raises OutputError."""
    with _changing(path), suppress(FileNotFoundError):
        if is_url(path):
            files, place = urls.located_to_write(path)
            files.rm(place, recursive=True)
        else:
            shutil.rmtree(path)


def remove_if_empty(path: str) -> None:
    """Remove a folder of this machine if there is nothing in it; a URL may have no folders."""
    if not is_url(path):
        with suppress(OSError):
            os.rmdir(path)


def _status_unless_gone(path: str) -> Status | None:
    """The status of a file that was there: one with a temporary name may just have got another."""
    try:
        return status(path)
    except ReadError:
        if os.path.lexists(path):
            raise
        return None


def _names_below(folder: str) -> Iterator[str]:
    """Yield the relative names of files below a folder of this machine. Raises ReadError."""

    def refuse(error: OSError) -> None:
        raise unreadable(error.filename, error) from None

    for inner, _, names in os.walk(folder, onerror=refuse, followlinks=True):
        for name in names:
            yield os.path.relpath(os.path.join(inner, name), folder)


def _status(about: Mapping[str, Any]) -> Status:
    """The status of a file by what its file system says of it, alone or in a list."""
    size = about["size"] or 0  # some web servers do not tell
    version = next((about[name] for name in _VERSIONS if about.get(name)), "")
    if hasattr(version, "timestamp"):  # a time is one here and a number there
        version = version.timestamp()
    return Status(size, f"{size} {version}".rstrip())


def _statuses(root: str, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Status]:
    """The status of each file that is there, by its name relative to `root`, sorted."""
    files = (name for name in sorted(found) if found[name].get("type") == "file")
    return {name[len(root) :].lstrip("/"): _status(found[name]) for name in files}


@contextmanager
def _reading(url: str) -> Iterator[tuple[AbstractFileSystem, str]]:
    """The file system of a URL and its name there; what goes wrong is a ReadError."""
    try:
        with as_os_error():
            yield urls.located(url)
    except OSError as error:
        raise unreadable(url, error) from None


@contextmanager
def _changing(path: str) -> Iterator[None]:
    """What goes wrong is an OutputError that names the path."""
    try:
        with as_os_error():
            yield
    except OSError as error:
        raise unwritable(path, error) from None
