"""JSONL: one JSON object a line; what every other format is turned into."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from dataselect.data.files.line_blocks import BOM
from dataselect.data.formats.lines import Found, Item, Layout, lines
from dataselect.data.formats.writers import LineWriter, RecordWriter
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import encoded, parse


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """Every record; blank lines do not count."""
    for line in lines(inputs.blocks()):
        if line.blank():
            continue
        try:
            yield Found(line, parse(line.raw), line.raw)
        except ValueError as refusal:
            yield line.bad(refusal)


def recognizes(first: bytes) -> bool:
    """Whether the first line is an object, or the beginning of a long one."""
    line, feed, _ = first.removeprefix(BOM).lstrip().partition(b"\n")
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return not feed


def writer(layout: Layout) -> RecordWriter:
    """Records as compact JSON, but as they are spelled where they come so."""
    return _JsonlWriter(encoded)


class _JsonlWriter(LineWriter):
    def write_line(self, line: bytes) -> bytes:
        return line + b"\n"
