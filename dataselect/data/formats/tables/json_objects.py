"""JSON documents: an array of objects, a single object, or objects one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import (
    Found,
    Item,
    Layout,
    SourceLine,
    document_of,
    unreadable,
)
from dataselect.data.formats.writers import RecordWriter
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import encoded, parse

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],]', re.DOTALL)
_BREAK = re.compile(rb"[\r\n]+[ \t]*")
_SHAPE = 'write [{"text": "..."}, ...], or one object on each line of a .jsonl file'


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for each object, spelled as in the file less its line feeds.

    A file is held in memory. Raises InputError where its brackets do not pair.
    """
    file = document_of(inputs)
    if file is None:
        return
    for line in _elements(file):
        try:
            fields = parse(line.raw)
        except ValueError as refusal:
            yield line.bad(refusal)
        else:
            yield Found(line, fields, _BREAK.sub(b"", line.raw))


def _elements(file: SourceLine) -> Iterator[SourceLine]:
    """The elements of an array, or the values one after another, each with its line.

    Raises InputError for a document that ends too early, or goes on after its array.
    """
    data = file.raw
    is_array = data.lstrip().startswith(b"[")
    inside = 1 if is_array else 0  # the depth of what is between elements
    depth, begin, line, counted = 0, 0, 1, 0

    def element(end: int) -> SourceLine:
        nonlocal line, counted
        start = begin + len(data[begin:end]) - len(data[begin:end].lstrip())
        line += data.count(b"\n", counted, start)
        counted = start
        return SourceLine(file.source, line, data[start:end].strip())

    for token in _TOKEN.finditer(data):
        mark, end = token.group(), token.end()
        if mark in b"{[":
            depth += 1
            begin = end if is_array and depth == inside else begin
        elif mark in b"}]":
            depth -= 1
            if depth < 0:
                break
            if depth == 0 and is_array:
                last = element(end - 1)
                if last.raw:
                    yield last
                if data[end:].strip():
                    raise unreadable(file, f"more after the array; {_SHAPE}")
                return
            if depth == 0:
                yield element(end)
                begin = end
        elif mark == b"," and depth == inside and is_array:
            yield element(end - 1)
            begin = end
    if is_array or depth or data[begin:].strip():
        raise unreadable(file, f"not JSON: brackets that do not pair; {_SHAPE}")


class JsonWriter(RecordWriter):
    """Writes an array of objects, one a line."""

    def __init__(self, layout: Layout) -> None:
        self._begun = False

    def write(self, fields: dict[str, Any]) -> bytes:
        """The record as compact JSON."""
        return self.write_line(encoded(fields))

    def write_line(self, line: bytes) -> bytes:
        """The record as it is spelled."""
        before, self._begun = (b",\n" if self._begun else b"[\n"), True
        return before + line

    def finish(self) -> bytes:
        """The end of the array."""
        return b"\n]\n" if self._begun else b"[]\n"
