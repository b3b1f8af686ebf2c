"""Moses bitext: two files, the source language and the target language, line by line.

Both are written, too, to two outputs; of a record nothing but `src` and `tgt` has a place there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataselect.data.fields import Column
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled, in_step
from dataselect.data.formats.text import spelled
from dataselect.data.formats.writers import LineWriter
from dataselect.data.input_files import Inputs

_SOURCE, _TARGET = "src", "tgt"


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `src`, `tgt` for each pair of lines. Raises InputError for unequal lengths."""
    return _pairs(in_step(inputs, "give files that correspond line by line"))


def _pairs(found: Iterator[tuple[SourceLine, ...]]) -> Iterator[Item]:
    for pair in found:
        fields = {}
        for name, line in zip((_SOURCE, _TARGET), pair, strict=True):
            try:
                fields[name] = filled(line.text(), "the line")
            except ValueError as refusal:
                yield line.bad(refusal)
                break
        else:
            yield Found(pair[0], fields)


def source_writer(layout: Layout) -> LineWriter:
    """The source side of records."""
    return _side(_SOURCE)


def target_writer(layout: Layout) -> LineWriter:
    """The target side of records."""
    return _side(_TARGET)


def _side(name: str) -> LineWriter:
    def line(fields: dict[str, Any]) -> bytes:
        if name not in fields:
            raise ValueError(f"field '{name}' is missing; moses has nothing but src and tgt")
        return spelled(Column.text(name).get(fields), name)

    return LineWriter(line)
