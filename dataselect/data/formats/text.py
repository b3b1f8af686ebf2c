"""Plain text: one text a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dataselect.data import records
from dataselect.data.formats.lines import Item, Layout, SourceLine, each_line, filled, lines
from dataselect.data.input_files import Inputs


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for every line; a blank one is bad, since a line's number may mean something."""

    def fields(line: SourceLine) -> dict[str, Any]:
        return {layout.text_field: filled(line.text(), "the line")}

    return each_line(lines(inputs.blocks()), fields)


def writer(layout: Layout) -> Callable[[dict[str, Any]], bytes]:
    """A function from a record to its text. Raises ValueError for a text of several lines."""
    column = records.text(layout.text_field)

    def write(fields: dict[str, Any]) -> bytes:
        text: str = column.get(fields)
        if any(character in text for character in "\n\r\0"):
            what = "a NUL" if "\0" in text else "a line feed or carriage return"
            raise ValueError(
                f"field '{layout.text_field}' holds {what}; remove it, or leave the record as JSON"
            )
        return text.encode()

    return write
