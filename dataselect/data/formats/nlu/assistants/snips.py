"""SNIPS JSON, of the benchmark of 2017 and of snips-nlu: texts in pieces, some of them slots.

{"PlayMusic": [{"data": [{"text": "play "}, {"text": "Adele", "slot_name": "artist"}]}]}
{"language": "en", "intents": {"PlayMusic": {"utterances": [{"data": [...]}]}}, "entities": {...}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson

from dataselect.data.formats.json_document import JsonDocument, read_document
from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.nlu.annotated import annotated, in_pieces, utterance
from dataselect.data.formats.writers import RecordWriter
from dataselect.data.input_files import Inputs

_SHAPE = 'a SNIPS file holds {"INTENT": [{"data": [{"text": "..."}, ...]}, ...], ...}'
_BEGIN = re.compile(
    rb'\s*\{\s*("(?:language|intents|entities)"\s*:|"[^"]*"\s*:\s*\[\s*\{\s*"data"\s*:\s*\[)'
)


def recognizes(first: bytes) -> bool:
    """Whether a JSON file begins as one of either age does."""
    match = _BEGIN.match(first)
    return match is not None and (b'"data"' in match[0] or b'"utterances"' in first)


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` for each utterance; a whole file is held in memory.

    Where a slot's name is not that of its entity, the slot has `entity`, too. Raises InputError for
    a document that cannot be read: no one could say how many are lost.
    """
    if (document := read_document(inputs, _SHAPE)) is None:
        return
    for intent, utterances in _intents(document).items():
        for line, said in document.elements(utterances):
            make = partial(_fields, intent, said, layout.text_field)
            yield document.record(line, make)


def _intents(document: JsonDocument) -> dict[str, list[Any]]:
    """The utterances of each intent. Raises InputError for another layout."""
    value = document.value
    if isinstance(value, dict) and isinstance(value.get("intents"), dict):
        value = {
            intent: inner.get("utterances") if isinstance(inner, dict) else None
            for intent, inner in value["intents"].items()
        }
    if not isinstance(value, dict) or not all(map(_is_list_of_objects, value.values())):
        raise document.refused("another layout")
    return value


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _fields(intent: str, said: Any, text_field: str) -> dict[str, Any]:
    text, slots = in_pieces(said["data"], _named)
    return utterance(text_field, text, intent, slots)


def _named(piece: Any) -> tuple[str, str | None] | None:
    entity = piece.get("entity")
    name = piece.get("slot_name", entity)
    return None if name is None else (name, entity)


class SnipsWriter(RecordWriter):
    """The layout of 2017: utterances by intent, in the order of their first; written at the end."""

    def __init__(self, text_field: str) -> None:
        self._text_field = text_field
        self._utterances: dict[str, list[dict[str, Any]]] = {}

    def write(self, fields: dict[str, Any]) -> bytes:
        """Hold an utterance back. Raises ValueError."""
        text, intent, slots = annotated(fields, self._text_field, requires_intent=True)
        pieces: list[dict[str, Any]] = []
        at = 0
        for each in slots:
            start, end = each["start"], each["end"]
            if at < start:
                pieces.append({"text": text[at:start]})
            entity = each.get("entity", each["slot"])
            name = {} if entity == each["slot"] else {"slot_name": each["slot"]}
            pieces.append({"text": text[start:end], "entity": entity, **name})
            at = end
        if at < len(text):
            pieces.append({"text": text[at:]})
        self._utterances.setdefault(intent, []).append({"data": pieces})
        return b""

    def finish(self) -> bytes:
        """The whole file."""
        return orjson.dumps(self._utterances, option=orjson.OPT_INDENT_2) + b"\n"


def writer(layout: Layout) -> RecordWriter:
    """A writer of one file."""
    return SnipsWriter(layout.text_field)
