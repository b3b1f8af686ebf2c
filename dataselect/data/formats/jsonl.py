"""JSONL: one JSON object a line; what every other format is turned into."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from dataselect.data import records
from dataselect.data.formats.lines import Item, Layout, SourceLine, each_line, lines
from dataselect.data.input_files import Inputs

_DECODER = json.JSONDecoder(parse_int=orjson.Fragment, parse_float=orjson.Fragment)


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """Every record, its numbers kept as they are spelt; blank lines do not count."""
    written = (line for line in lines(inputs.blocks()) if not line.blank())
    return each_line(written, _fields)


def _fields(line: SourceLine) -> dict[str, Any]:
    records.parse(line.raw)  # says what is wrong better than the standard library
    try:
        fields: dict[str, Any] = _DECODER.decode(line.raw.decode())
    except RecursionError:
        raise ValueError("nested too deeply; flatten the record") from None
    return fields


def writer(layout: Layout) -> Callable[[dict[str, Any]], bytes]:
    """A function from a record to its line, compact."""
    return orjson.dumps
