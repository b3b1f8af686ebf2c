"""Results of recognisers in JSON: one document, one a line, or documents one after another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from dataselect.data.formats.lines import SourceLine, document_of, lines, unreadable
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import decoded, kind_of, parse
from dataselect.data.records import BadRecord

_SPACE = re.compile(r"\s*")


class JsonResult(NamedTuple):
    """A JSON object, and the line on which it begins."""

    line: SourceLine
    value: dict[str, Any]


def json_results(inputs: Inputs) -> Iterator[JsonResult | BadRecord]:
    """Every document of a file: by lines where the first line is one, so that a bad one is alone.

    Raises InputError for a document over several lines that cannot be read.
    """
    inputs.keep_for_rereading()
    found = (line for line in lines(inputs.blocks()) if not line.blank())
    first = next(found, None)
    if first is None:
        return
    if isinstance(_of_line(first), BadRecord):
        yield from _one_after_another(inputs)
        return
    yield _of_line(first)
    yield from map(_of_line, found)


def _of_line(line: SourceLine) -> JsonResult | BadRecord:
    try:
        return JsonResult(line, parse(line.raw))
    except ValueError as refusal:
        return line.bad(refusal)


def _one_after_another(inputs: Inputs) -> Iterator[JsonResult]:
    file = document_of(inputs)
    assert file is not None
    try:
        text = decoded(file.raw)
    except ValueError as refusal:
        raise unreadable(file, str(refusal)) from None
    decoder = json.JSONDecoder()
    number, counted, begin = 1, 0, _begin(text, 0)
    while begin < len(text):
        number += text.count("\n", counted, begin)
        counted = begin
        try:
            value, end = decoder.raw_decode(text, begin)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else error.msg
            line = getattr(error, "lineno", number)
            raise unreadable(file, f"not JSON ({reason}); correct it", line) from None
        if not isinstance(value, dict):
            raise unreadable(file, f"{kind_of(value)}, not a JSON object", number)
        yield JsonResult(SourceLine(file.source, number, text[begin:end].encode()), value)
        begin = _begin(text, end)


def _begin(text: str, place: int) -> int:
    """Where the next document begins, or the text ends."""
    found = _SPACE.match(text, place)
    assert found is not None
    return found.end()
