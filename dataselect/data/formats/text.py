"""Plain text: one text a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataselect.data.fields import Column
from dataselect.data.formats.lines import Item, Layout, SourceLine, each_line, filled, lines
from dataselect.data.formats.writers import LineWriter
from dataselect.data.input_files import Inputs


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for every line; a blank one is bad unless the layout has such lines."""

    def fields(line: SourceLine) -> dict[str, Any]:
        text = line.text()
        return {layout.text_field: text if layout.blank_lines else filled(text, "the line")}

    return each_line(lines(inputs.blocks()), fields)


def writer(layout: Layout) -> LineWriter:
    """The text of a record, which has to be one line."""
    column = Column.text(layout.text_field)

    def line(fields: dict[str, Any]) -> bytes:
        return spelled(column.get(fields), layout.text_field)

    return LineWriter(line)


def spelled(text: str, field: str) -> bytes:
    """A text as a line. Raises ValueError for one that would be read as another."""
    for character, what in _NOT_IN_A_LINE.items():
        if character in text:
            raise ValueError(
                f"field '{field}' holds {what}; remove it, or leave the record as JSON"
            )
    if text.startswith("\ufeff"):
        raise ValueError(f"field '{field}' begins with a byte order mark; remove it")
    return text.encode()


_NOT_IN_A_LINE = {
    "\n": "a line feed or carriage return",
    "\r": "a line feed or carriage return",
    "\0": "a NUL",
}
