"""A few string fields of many records, decoded without building anything else of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

from dataselect.data.json_lines.object_lines import ObjectLines

if TYPE_CHECKING:
    from msgspec.json import Decoder

_LINE_FEED, _OPENING, _CLOSING = b"\n{}"
_DEEPEST = 1024  # as orjson has it; an object that deep has twice as many brackets


def decode_strings(
    data: bytes, names: Sequence[str], absent: Collection[str]
) -> tuple[ObjectLines, list[list[str]]] | None:
    r"""The lines of a block, and the strings in some top-level fields of its records.

    None where a record lacks one of the fields, has anything but a string in it, or has a field
    whose name should be `absent`; where a line is not an object from brace to brace; and for some
    records that are nevertheless correct, which `json_values.parse` takes one by one.

    >>> decode_strings(b'{"n": 1, "text": "hi"}\n{"text": "\\u00e9"}\n', ["text"], [])[1]
    [['hi', 'é']]
    """
    lines = _object_lines(data, set(absent).difference(names))
    if lines is None:
        return None
    distinct = tuple(dict.fromkeys(names))
    try:
        if not data.isascii():
            data.decode()  # the decoder does not look at strings that it skips
        rows = _decoder(distinct, lines.lacks).decode_lines(data)
    except (ValueError, RecursionError):
        return None
    # With as many rows as lines, no line holds two: a line feed is never inside of one of them.
    if len(rows) != len(lines):
        return None
    return lines, [list(map(attrgetter(_wanted(distinct.index(name))), rows)) for name in names]


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
    return ObjectLines(data, len(ends), absent)


@lru_cache(maxsize=64)
def _decoder(names: tuple[str, ...], absent: frozenset[str]) -> Decoder[Any]:
    """A decoder of rows with a string in each `wanted` field. Raises ValueError for odd names."""
    import msgspec

    never = Annotated[float, msgspec.Meta(ge=1, le=0)]  # a type without a value
    wanted = {_wanted(place): name for place, name in enumerate(names)}
    barred = {f"barred_{place}": name for place, name in enumerate(absent)}
    row = msgspec.defstruct(
        "Row",
        [*((field, str) for field in wanted), *((field, never, 1.0) for field in barred)],
        rename=wanted | barred,
        gc=False,
    )
    return msgspec.json.Decoder(row)


def _wanted(place: int) -> str:
    return f"wanted_{place}"
