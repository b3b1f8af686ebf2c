"""Fitted models as bytes: one JSON file and plain arrays in a zip, without pickle."""

from __future__ import annotations

import io
import json
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from dataselect.data.files.raw_files import unreadable
from dataselect.errors import InputError

_ABOUT, _ARRAY = "model.json", ".npy"
_LONGEST_REASON = 200  # characters
_MAGIC = b"PK\x03\x04"
_MOST_ADDED = 1 << 26  # bytes that members may have beyond those of the file: we compress none
_KINDS = "biufSU"  # of the types of arrays, as NumPy has them
# What damaged bytes make zipfile, json and NumPy raise.
_FAULTS = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    OverflowError,
    RecursionError,
    RuntimeError,  # a member is encrypted, or compressed in a way that Python does not know
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,  # the header of an array
)

Model = TypeVar("Model")


class ArchiveFormat(NamedTuple):
    """What kind of model a file holds; `version` grows when old files can no longer be read."""

    noun: str
    version: int

    def __str__(self) -> str:
        return f"dataselect {self.noun} {self.version}"


def dumps(
    format_: ArchiveFormat, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> bytes:
    """A model as bytes: the same bytes for the same values, with no date in them."""
    members = {_ABOUT: orjson.dumps({"format": str(format_), **about})}
    for name, values in arrays.items():
        plain = io.BytesIO()
        np.save(plain, values, allow_pickle=False)
        members[name + _ARRAY] = plain.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def load(
    path: str,
    format_: ArchiveFormat,
    restore: Callable[[dict[str, Any], dict[str, NDArray[Any]]], Model],
) -> Model:
    """Read a model from a file: `restore` makes it of what `dumps` was given.

    Raises InputError if the file is not a model of this format, or if `restore` raises a
    ValueError, KeyError or TypeError.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(len(_MAGIC))
            if data == _MAGIC:  # else it may be a device without an end
                data += file.read()
    except FileNotFoundError as error:
        raise InputError(f"{path}: {error.strerror}; make a model with --save-model") from None
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        return restore(*loads(data, format_))
    except _FAULTS as error:
        reason = str(error).partition("\n")[0][:_LONGEST_REASON]
        raise InputError(
            f"{path}: not a {format_.noun} model ({reason}); make one with --save-model"
        ) from None


def noun_of(path: str) -> str | None:
    """What kind of model a file holds, empty for a damaged one, None where it is no archive."""
    if not _begins_as_zip(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive, os.path.getsize(path))
            format_ = json.loads(_member(archive, _ABOUT))["format"]
    except (OSError, *_FAULTS):
        return ""
    return " ".join(str(format_).split()[1:-1])


def _begins_as_zip(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def loads(data: bytes, format_: ArchiveFormat) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `dumps` was given. Raises one of many errors for damaged bytes, see `load`.

    Nothing is taken into memory that is much larger than `data`.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _check_sizes(archive, len(data))
        about = json.loads(_member(archive, _ABOUT))
        if about["format"] != str(format_):
            raise ValueError(f"its format is {about['format']!r}")
        arrays = {
            name.removesuffix(_ARRAY): _array(name, _member(archive, name))
            for name in archive.namelist()
            if name.endswith(_ARRAY)
        }
    return about, arrays


def _check_sizes(archive: zipfile.ZipFile, available: int) -> None:
    """Raise ValueError for members that unfold to far more bytes than there are."""
    members = archive.infolist()
    for each in members:
        if each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{each.filename} is compressed in a way that no model is")
    size = sum(each.file_size for each in members)
    if size > available + _MOST_ADDED:
        raise ValueError(f"{available:,} bytes that unfold to {size:,}")


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member, no longer than the archive says."""
    about = archive.getinfo(name)
    with archive.open(about) as file:
        data = file.read(
            about.file_size
        )  # asked for all, zipfile would unfold first and count then
        if len(data) < about.file_size or file.read(1):
            raise ValueError(f"{name} is not as long as it says")
    return data


def _array(name: str, data: bytes) -> NDArray[Any]:
    """The array in a member, whose head must fit its length."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"{name} has a head of another version")
    if dtype.kind not in _KINDS:
        raise ValueError(f"{name} holds {dtype}, which no model has")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise ValueError(f"{name} is not as long as its head says")
    file.seek(0)
    found: NDArray[Any] = np.load(file, allow_pickle=False)
    return found
