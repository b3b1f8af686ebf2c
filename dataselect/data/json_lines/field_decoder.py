"""A few strings and numbers of many records, decoded without building anything else of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dataselect.data.json_lines.object_lines import ObjectLines

if TYPE_CHECKING:
    from msgspec.json import Decoder

FieldType = Literal["string", "string?", "number", "number?", "json"]
"""What a field has to hold; what ends in ? may be null, or missing; JSON stays bytes."""

Wanted = tuple[str, FieldType]
"""The name of a top-level field, and its type."""

_OPTIONAL: dict[FieldType, Any] = {"string?": str | None, "number?": float | None}
_LINE_FEED, _OPENING, _CLOSING = b"\n{}"
_EMPTY = re.compile(rb"\{[ \t\r]*\}\n")
_DEEPEST = 1024  # as orjson has it; an object that deep has twice as many brackets


def decode_fields(
    data: bytes, wanted: Sequence[Wanted], absent: Collection[str]
) -> tuple[ObjectLines, list[list[Any]]] | None:
    r"""The lines of a block, and the values of some fields of its records.

    None where a record lacks one of the fields or has anything of another type in it, or has a
    field whose name should be `absent`; where a line is not an object from brace to brace; and for
    some records that are nevertheless correct, which `json_values.parse` takes one by one.

    >>> lines = b'{"n": 1, "text": "hi"}\n{"text": "\\u00e9", "n": 0.5}\n'
    >>> decode_fields(lines, [("text", "string"), ("n", "number")], [])[1]
    [['hi', 'é'], [1.0, 0.5]]
    """
    lines = _object_lines(data, set(absent).difference(name for name, _ in wanted))
    if lines is None:
        return None
    distinct = tuple(dict.fromkeys(wanted))
    if all(kind in _OPTIONAL for _, kind in distinct) and _EMPTY.search(data):
        return None  # no `ObjectLines`
    try:
        if not data.isascii():
            data.decode()  # the decoder does not look at strings that it skips
        rows = _decoder(distinct, lines.lacks).decode_lines(data)
    except (ValueError, RecursionError):
        return None
    # With as many rows as lines, no line holds two: a line feed is never inside of one of them.
    if len(rows) != len(lines):
        return None
    if len(wanted) == 1:
        return lines, [[row.wanted_0 for row in rows]]  # takes half the time of `attrgetter`
    return lines, [list(map(attrgetter(_attribute(distinct.index(each))), rows)) for each in wanted]


def _object_lines(data: bytes, absent: Collection[str]) -> ObjectLines | None:
    """The lines, if each begins and ends with a brace and none may be nested too deep."""
    import numpy as np

    if not data:
        return None
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == _LINE_FEED)
    starts = np.append(0, ends[:-1] + 1)
    if (text[starts] != _OPENING).any() or (text[ends - 1] != _CLOSING).any():
        return None
    for line in np.flatnonzero(ends - starts > 2 * _DEEPEST).tolist():
        own = data[starts[line] : ends[line]]
        if own.count(b"{") + own.count(b"[") > _DEEPEST:
            return None
    return ObjectLines(data, len(ends), absent, ends)


@lru_cache(maxsize=64)
def _decoder(wanted: tuple[Wanted, ...], absent: frozenset[str]) -> Decoder[Any]:
    """A decoder of rows with an attribute for each field. Raises ValueError for odd names."""
    import msgspec

    never = Annotated[float, msgspec.Meta(ge=1, le=0)]  # a type without a value
    barred = {f"barred_{place}": name for place, name in enumerate(absent)}
    names = {_attribute(place): name for place, (name, _) in enumerate(wanted)}
    needed: dict[FieldType, type] = {"string": str, "number": float, "json": msgspec.Raw}
    places = [(_attribute(place), kind) for place, (_, kind) in enumerate(wanted)]
    required = [(field, needed[kind]) for field, kind in places if kind in needed]
    optional = [(field, _OPTIONAL[kind], None) for field, kind in places if kind in _OPTIONAL]
    nothing = [(field, never, 1.0) for field in barred]
    row = msgspec.defstruct(
        "Row", [*required, *optional, *nothing], rename=names | barred, gc=False
    )
    return msgspec.json.Decoder(row)


def _attribute(place: int) -> str:
    return f"wanted_{place}"
