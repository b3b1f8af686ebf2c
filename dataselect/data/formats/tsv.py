"""Writing TSV: tabs between cells, nothing quoted or escaped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from dataselect.data.formats.delimited import SKIPPED
from dataselect.data.formats.lines import Layout
from dataselect.data.records import Column
from dataselect.errors import OptionError

_SEPARATORS = {"\t": "a tab", "\n": "a line feed", "\r": "a carriage return", "\0": "a NUL"}


def _names(layout: Layout) -> list[str]:
    if layout.columns is None:
        raise OptionError("TSV needs --columns: the fields to write, such as --columns id,text")
    return [name for name in layout.columns if name != SKIPPED]


def header(layout: Layout) -> bytes:
    """The line of names, or nothing if none is wanted."""
    return ("\t".join(_names(layout)) + "\n").encode() if layout.header else b""


def writer(layout: Layout) -> Callable[[dict[str, Any]], bytes]:
    """A function from a record to its line. Raises ValueError for what a cell cannot hold."""
    columns = [Column(name, _cell, lambda _: False, "--columns") for name in _names(layout)]

    def write(fields: dict[str, Any]) -> bytes:
        return b"\t".join([column.get(fields) for column in columns])

    return write


def _cell(value: Any) -> bytes:
    """A string as it is, anything else as compact JSON."""
    if not isinstance(value, str):
        try:
            return orjson.dumps(value)
        except orjson.JSONEncodeError as error:
            raise ValueError(f"is not correct JSON ({error}); correct it") from None
    for separator, name in _SEPARATORS.items():
        if separator in value:
            raise ValueError(f"holds {name}; remove it, or leave the record as JSON")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair; correct its \\u escapes") from None
