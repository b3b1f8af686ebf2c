"""Exports of LUIS, and of CLU, which came after it: utterances with entities by their places.

LUIS: {"utterances": [{"text", "intent", "entities": [{"entity", "startPos", "endPos"}]}]}, where
`endPos` is that of the last character. CLU: {"assets": {"utterances": [{"text", "intent",
"language", "dataset", "entities": [{"category", "offset", "length"}]}]}}, in UTF-16 units.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from dataselect.data.formats.json_document import read_document
from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.nlu.annotated import outermost, slot, utterance
from dataselect.data.input_files import Inputs
from dataselect.data.text_offsets import Unit, cut_words, in_characters, length_in

_LUIS = 'a LUIS file holds {"luis_schema_version": ..., "utterances": [...]}'
_UTF16 = "Utf16CodeUnit"
_UNIT: Unit = "UTF-16 units"
_CLU = 'a CLU file holds {"projectFileVersion": ..., "assets": {"utterances": [...]}}'
_LUIS_BEGIN = re.compile(rb'"(?:luis_schema_version|startPos)"\s*:')
_CLU_BEGIN = re.compile(rb'"projectKind"\s*:\s*"(?:Conversation|Orchestration)"', re.IGNORECASE)


def recognizes_luis(first: bytes) -> bool:
    """Whether a JSON file is an export of LUIS."""
    return first.lstrip()[:1] == b"{" and _LUIS_BEGIN.search(first) is not None


def recognizes_clu(first: bytes) -> bool:
    """Whether a JSON file is an export of CLU."""
    return first.lstrip()[:1] == b"{" and _CLU_BEGIN.search(first) is not None


def read_luis(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` for each utterance; an entity within another is left out.

    Raises InputError for another layout, and for schema 1, whose places count tokens.
    """
    if (document := read_document(inputs, _LUIS)) is None:
        return
    value = document.value if isinstance(document.value, dict) else {}
    if not isinstance(value.get("utterances"), list):
        raise document.refused("another layout")
    if str(value.get("luis_schema_version", "2")).startswith("1."):
        raise document.refused("places of LUIS schema 1 count tokens; export it again")
    for line, said in document.elements(value["utterances"]):
        make = partial(_luis_fields, said, layout.text_field)
        yield document.record(line, make)


def _luis_fields(said: Any, text_field: str) -> dict[str, Any]:
    text = said["text"]
    slots = []
    for each in said.get("entities") or []:
        name = each["entity"]
        start, end = _place(name, text, each["startPos"], each["endPos"] + 1)
        slots.append(slot(name, text, start, end, role=each.get("role")))
    return utterance(text_field, text, said["intent"], outermost(slots))


def read_clu(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots`, `language`, `dataset` for each utterance.

    An entity within another is left out. Raises InputError for another layout, and for places that
    the file says count something else than UTF-16 units.
    """
    if (document := read_document(inputs, _CLU)) is None:
        return
    assets = document.value.get("assets") if isinstance(document.value, dict) else None
    if not isinstance(assets, dict) or not isinstance(assets.get("utterances"), list):
        raise document.refused("another layout")
    unit = document.value.get("stringIndexType", _UTF16)
    if unit != _UTF16:
        raise document.refused(f"places count {unit!r}; export it with {_UTF16}")
    for line, said in document.elements(assets["utterances"]):
        make = partial(_clu_fields, said, layout.text_field)
        yield document.record(line, make)


def _clu_fields(said: Any, text_field: str) -> dict[str, Any]:
    text = said["text"]
    slots = []
    for each in said.get("entities") or []:
        name, offset = each["category"], each["offset"]
        found = in_characters(text, offset, offset + each["length"], _UNIT)
        if found is None:
            raise ValueError(
                f"entity '{name}' from {offset} of length {each['length']} is not in the text of "
                f"{length_in(_UNIT, text)} {_UNIT}; correct it"
            )
        slots.append(slot(name, text, *found))
    kept = {name: said[name] for name in ("language", "dataset") if said.get(name)}
    return utterance(text_field, text, said["intent"], outermost(slots), **kept)


def _place(name: str, text: str, start: int, end: int) -> tuple[int, int]:
    """Where an entity of LUIS is, in characters. Raises ValueError.

    Where these would cut words, in a text with characters of two UTF-16 units, and such units would
    not, they are what was counted.
    """
    inside = 0 <= start < end <= len(text)
    if not inside or cut_words(text, start, end):
        in_units = in_characters(text, start, end, _UNIT)
        if in_units is not None and not cut_words(text, *in_units):
            return in_units
    if not inside:
        raise ValueError(
            f"entity '{name}' from {start} to {end - 1} is not in the text of {len(text)} "
            "characters; correct it"
        )
    return start, end
