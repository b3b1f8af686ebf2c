"""The SNIPS benchmark (2017): one JSON document a file, texts in pieces, some of them slots.

{"PlayMusic": [{"data": [{"text": "play "}, {"text": "Adele", "slot_name": "artist"}]}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled
from dataselect.data.input_files import Inputs
from dataselect.data.line_blocks import Block, cut_off, told_apart
from dataselect.data.records import decoded, encoded, loads_leniently, whole
from dataselect.errors import InputError

_SHAPE = 'a SNIPS file holds {"INTENT": [{"data": [{"text": "..."}, ...]}, ...], ...}'
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
_UTTERANCE_DEPTH = 3
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # as surrogateescape has them


class _Utterance(NamedTuple):
    line: SourceLine
    intent: str
    value: Any


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` for each utterance; a whole file is held in memory.

    Raises InputError for a document that cannot be read: no one could say how many are lost.
    """
    for blocks in inputs.by_file():
        document = _whole(blocks, inputs.longest)
        if document and (why := told_apart(document.raw)[1]):
            raise _unreadable(document, why)
        for line, intent, value in _utterances(document) if document else ():
            try:
                yield Found(line, _fields(intent, value, layout.text_field))
            except ValueError as refusal:
                yield line.bad(refusal)


def _whole(blocks: Iterable[Block], longest: int) -> SourceLine | None:
    """A file as one line, or None if it is empty; cut off where a line would be."""
    held: list[Block] = []
    size = 0
    for block in blocks:
        held.append(block)
        size += len(block.data)
        if size > longest:
            return SourceLine(block.source, 1, cut_off(held[0].data, longest))
    return SourceLine(held[0].source, 1, b"".join(block.data for block in held)) if held else None


def _utterances(file: SourceLine) -> list[_Utterance]:
    """All utterances of a document, in order. Raises InputError."""
    document = _parsed(file)
    if not isinstance(document, dict) or not all(map(_is_list_of_objects, document.values())):
        raise _unreadable(file, f"another layout; {_SHAPE}")
    numbers = _line_numbers(file.raw)
    found = [(intent, value) for intent, values in document.items() for value in values]
    if len(found) != len(numbers):
        raise _unreadable(file, "an intent stands twice; make it one list")
    return [
        _Utterance(SourceLine(file.source, number, encoded(value)), intent, value)
        for number, (intent, value) in zip(numbers, found, strict=True)
    ]


def _parsed(file: SourceLine) -> Any:
    """The document in a file; what is no Unicode in it stays in the strings that have it."""
    try:
        return orjson.loads(file.raw)
    except orjson.JSONDecodeError as error:
        try:
            if b"\0" in file.raw:
                decoded(file.raw)  # says what it is
        except ValueError as refusal:
            raise _unreadable(file, str(refusal)) from None
        try:
            return loads_leniently(file.raw.decode(errors="surrogateescape"))
        except (ValueError, RecursionError):
            reason = f"not JSON ({error.msg}, column {error.colno}); {_SHAPE}"
            raise _unreadable(file, reason, error.lineno) from None


def _unreadable(file: SourceLine, reason: str, line: int = 1) -> InputError:
    return InputError(f"{file.source}:{line}: {reason} (the whole file is lost)")


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


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
    for part in (text, intent, *(slot["slot"] for slot in slots)):
        if isinstance(part, str):
            _unicode(part)
    filled(text, f"an utterance of '{intent}'")
    return {text_field: text, "intent": intent, "slots": slots}


def _unicode(text: str) -> None:
    """Raise ValueError for bytes that are not UTF-8, and for half a surrogate pair."""
    if wrong := _NOT_UTF8.search(text):
        byte = ord(wrong[0]) - 0xDC00
        raise ValueError(
            f"byte 0x{byte:02x} after {text[: wrong.start()]!r} is not UTF-8; convert the file, "
            "for example with iconv"
        )
    whole(text)
