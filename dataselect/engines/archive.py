"""Fitted models as bytes: one JSON file and plain arrays in a zip, without pickle."""

from __future__ import annotations

import io
import json
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from dataselect.errors import InputError

_ABOUT, _ARRAY = "model.json", ".npy"
# What damaged bytes make zipfile, json and NumPy raise; MemoryError: a length that is a lie.
_FAULTS = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    OSError,  # of bz2
    OverflowError,
    MemoryError,
    RuntimeError,  # a member is encrypted, or compressed in a way that Python does not know
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,  # the header of an array
)

Model = TypeVar("Model")


class Format(NamedTuple):
    """What kind of model a file holds; `version` grows when old files can no longer be read."""

    noun: str
    version: int

    def __str__(self) -> str:
        return f"dataselect {self.noun} {self.version}"


def dumps(format_: Format, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
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
    format_: Format,
    restore: Callable[[dict[str, Any], dict[str, NDArray[Any]]], Model],
) -> Model:
    """Read a model from a file: `restore` makes it of what `dumps` was given.

    Raises InputError if the file is not a model of this format, or if `restore` raises a
    ValueError, KeyError or TypeError.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error}; make a model with --save-model"
        ) from None
    try:
        return restore(*loads(data, format_))
    except _FAULTS as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{path}: not a {format_.noun} model ({reason}); make one with --save-model"
        ) from None


def loads(data: bytes, format_: Format) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `dumps` was given. Raises one of many errors for damaged bytes, see `load`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        about = json.loads(archive.read(_ABOUT))
        if about["format"] != str(format_):
            raise ValueError(f"its format is {about['format']!r}")
        arrays = {
            name.removesuffix(_ARRAY): np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
            for name in archive.namelist()
            if name.endswith(_ARRAY)
        }
    return about, arrays
