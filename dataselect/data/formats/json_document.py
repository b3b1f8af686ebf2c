"""One JSON document a file: its values with the lines on which they begin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson

from dataselect.data.fields import whole
from dataselect.data.formats.lines import Found, Item, SourceLine, document_of, unreadable
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import decoded, encoded, loads_leniently
from dataselect.errors import InputError

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{\[]', re.DOTALL)
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # as surrogateescape has them


class JsonDocument(NamedTuple):
    """A parsed file. `shape` says what such a file holds, for messages.

    `places`: the line of each object and array by its `id`, and of each string in an array by that
    of the array and its index.
    """

    file: SourceLine
    shape: str
    value: Any
    places: dict[Any, int]

    def refused(self, reason: str) -> InputError:
        """What to raise where the document as a whole is of no use."""
        return unreadable(self.file, f"{reason}; {self.shape}")

    def line_in(self, array: list[Any], at: int) -> SourceLine:
        """Where an element of an array begins; of a number, where the array does."""
        value = array[at]
        keys = ((id(array), at), id(value), id(array))
        number = next((self.places[key] for key in keys if key in self.places), 1)
        return SourceLine(self.file.source, number, encoded(value))

    def elements(self, array: list[Any]) -> Iterator[tuple[SourceLine, Any]]:
        """The elements of an array, each with its place."""
        for at, value in enumerate(array):
            yield self.line_in(array, at), value

    def record(self, line: SourceLine, fields: Callable[[], dict[str, Any]]) -> Item:
        """What `fields` makes of a value at `line`; bad if it raises, or finds another layout."""
        try:
            try:
                made = fields()
            except (AttributeError, KeyError, TypeError):
                raise ValueError(f"another layout; {self.shape}") from None
            _check_unicode(made)
        except ValueError as refusal:
            return line.bad(refusal)
        return Found(line, made)


def read_document(inputs: Inputs, shape: str) -> JsonDocument | None:
    """The document in the one file that is read; None where it is empty. Raises InputError."""
    file = document_of(inputs)
    return None if file is None else parse_document(file, shape)


def parse_document(file: SourceLine, shape: str) -> JsonDocument:
    """The document in a file. Raises InputError: nobody could say how many records are lost.

    What is no Unicode in it stays in the strings that have it.
    """
    value = _parsed(file, shape)
    try:
        return JsonDocument(file, shape, value, _places(value, file.raw))
    except ValueError as refusal:
        raise unreadable(file, str(refusal)) from None


def _parsed(file: SourceLine, shape: str) -> Any:
    try:
        return orjson.loads(file.raw)
    except orjson.JSONDecodeError as error:
        try:
            if b"\0" in file.raw:
                decoded(file.raw)  # says what it is
        except ValueError as refusal:
            raise unreadable(file, str(refusal)) from None
        try:
            return loads_leniently(file.raw.decode(errors="surrogateescape"))
        except (ValueError, RecursionError):
            reason = f"not JSON ({error.msg}, column {error.colno}); {shape}"
            raise unreadable(file, reason, error.lineno) from None


def _places(value: Any, raw: bytes) -> dict[Any, int]:
    """The line of each container and of strings in arrays, since orjson keeps no places.

    Strings and brackets stand in the file in the order in which a walk meets them, unless a name
    stands twice in one object, of which a parser keeps the last: that raises ValueError.
    """
    found: dict[Any, int] = {}
    numbers = _line_numbers(raw)
    pending: list[tuple[Any, Any]] = [(value, None)]
    while pending:
        each, place = pending.pop()
        if not isinstance(each, str | dict | list):
            continue
        number = next(numbers, 0)
        if isinstance(each, str):
            if place is not None:
                found[place] = number
            continue
        found[id(each)] = number
        if isinstance(each, list):
            pending += [(part, (id(each), at)) for at, part in enumerate(each)][::-1]
        else:
            parts = [part for name, inner in each.items() for part in ((name, None), (inner, None))]
            pending += parts[::-1]
    if next(numbers, None) is not None:
        raise ValueError(f"{_twice(raw)} stands twice in one object; make it one")
    return found


def _line_numbers(document: bytes) -> Iterator[int]:
    """The line of each string and opening bracket, in order."""
    line, counted = 1, 0
    for token in _TOKEN.finditer(document):
        line += document.count(b"\n", counted, token.start())
        counted = token.start()
        yield line


def _twice(raw: bytes) -> str:
    """The name that stands twice in an object, quoted."""
    import json

    repeated: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in found]
        repeated.extend(name for name in names if names.count(name) > 1)

    json.loads(raw.decode(errors="surrogateescape"), object_pairs_hook=pairs)
    return f"{repeated[0]!r}" if repeated else "a name"


def _check_unicode(value: Any) -> None:
    """Raise ValueError for a string with bytes that are not UTF-8, or half a surrogate pair."""
    try:
        orjson.dumps(value)
    except TypeError:
        for text in _strings(value):
            check_utf8(text)
            whole(text)


def check_utf8(text: str) -> None:
    """Raise ValueError for a text of bytes that were decoded though they are not UTF-8."""
    if wrong := _NOT_UTF8.search(text):
        byte = ord(wrong[0]) - 0xDC00
        raise ValueError(
            f"byte 0x{byte:02x} after {text[: wrong.start()]!r} is not UTF-8; convert the file, "
            "for example with iconv"
        )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _strings(inner)
