"""The SNIPS benchmark (2017): one JSON document a file, texts in pieces, some of them slots.

{"PlayMusic": [{"data": [{"text": "play "}, {"text": "Adele", "slot_name": "artist"}]}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from dataselect.formats.lines import Found, Item, Layout, Line, filled, not_utf8
from dataselect.inputs import Block, Inputs, cut_off, told_apart

_SHAPE = 'a SNIPS file holds {"INTENT": [{"data": [{"text": "..."}, ...]}, ...], ...}'
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
_UTTERANCE_DEPTH = 3


class _Utterance(NamedTuple):
    line: Line
    intent: str
    value: Any


class _BadDocument(ValueError):
    """Why a file is refused; `line` counts from 1."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.line = line


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` for each utterance; a whole file is held in memory."""
    for blocks in inputs.by_file():
        whole = _whole(blocks, inputs.longest)
        if whole is None:
            continue
        if why := told_apart(whole.raw)[1]:
            yield whole.bad(why)
            continue
        try:
            utterances = _utterances(whole)
        except _BadDocument as refusal:
            raw = whole.raw.split(b"\n")[refusal.line - 1]
            yield Line(whole.source, refusal.line, raw).bad(refusal)
            continue
        for line, intent, value in utterances:
            try:
                yield Found(line, _fields(intent, value, layout.text_field))
            except ValueError as refusal:
                yield line.bad(refusal)


def _whole(blocks: Iterable[Block], longest: int) -> Line | None:
    """A file as one line, or None if it is empty; cut off where a line would be."""
    held: list[Block] = []
    size = 0
    for block in blocks:
        held.append(block)
        size += len(block.data)
        if size > longest:
            return Line(block.source, 1, cut_off(held[0].data, longest))
    return Line(held[0].source, 1, b"".join(block.data for block in held)) if held else None


def _utterances(whole: Line) -> list[_Utterance]:
    """All utterances of a document, in order. Raises _BadDocument."""
    try:
        document = orjson.loads(whole.raw)
    except orjson.JSONDecodeError as error:
        raise _not_json(whole.raw, error) from None
    if not isinstance(document, dict) or not all(map(_is_list_of_objects, document.values())):
        raise _BadDocument(f"another layout; {_SHAPE}")
    numbers = _line_numbers(whole.raw)
    found = [(intent, value) for intent, values in document.items() for value in values]
    if len(found) != len(numbers):
        raise _BadDocument("an intent stands twice; make it one list")
    return [
        _Utterance(Line(whole.source, number, orjson.dumps(value)), intent, value)
        for number, (intent, value) in zip(numbers, found, strict=True)
    ]


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _not_json(document: bytes, error: orjson.JSONDecodeError) -> _BadDocument:
    try:
        document.decode()
    except UnicodeDecodeError as wrong:
        line = document.count(b"\n", 0, wrong.start) + 1
        column = wrong.start - document.rfind(b"\n", 0, wrong.start) - 1
        return _BadDocument(not_utf8(document[wrong.start], column), line)
    return _BadDocument(f"not JSON ({error.msg}, column {error.colno}); {_SHAPE}", error.lineno)


def _line_numbers(document: bytes) -> list[int]:
    """The line of each utterance: of each container at its depth, since orjson keeps no places."""
    numbers: list[int] = []
    depth, line, counted = 0, 1, 0
    for token in _TOKEN.finditer(document):
        if token.group() in (b"{", b"["):
            depth += 1
            if depth == _UTTERANCE_DEPTH:
                line += document.count(b"\n", counted, token.start())
                counted = token.start()
                numbers.append(line)
        elif token.group() in (b"}", b"]"):
            depth -= 1
    return numbers


def _fields(intent: str, utterance: Any, text_field: str) -> dict[str, Any]:
    text = ""
    slots: list[dict[str, Any]] = []
    try:
        for piece in utterance["data"]:
            start, value = len(text), piece["text"]
            text += value
            slot = piece.get("slot_name", piece.get("entity"))
            if slot is not None:
                slots.append({"slot": slot, "start": start, "end": len(text), "value": value})
    except (AttributeError, KeyError, TypeError):
        raise ValueError(f"an utterance of '{intent}' has another layout; {_SHAPE}") from None
    filled(text, f"an utterance of '{intent}'")
    return {text_field: text, "intent": intent, "slots": slots}
