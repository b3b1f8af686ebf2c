"""The YAML of snips-nlu: a document for each intent, slots marked in its utterances.

type: intent
name: searchFlight
utterances:
  - a flight from [origin:city](Paris) on [date:snips/datetime](Monday)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import (
    Found,
    Item,
    Layout,
    SourceLine,
    document_of,
    unreadable,
)
from dataselect.data.formats.nlu.annotated import slot, utterance
from dataselect.data.formats.yaml_document import line_of, mapping, parse_yaml, scalar, sequence
from dataselect.data.input_files import Inputs

_SHAPE = "a dataset of snips-nlu has 'type: intent', 'name:' and 'utterances:'"
_TYPE = re.compile(rb"^type[ \t]*:[ \t]*(intent|entity)\b", re.MULTILINE)
_SLOT = re.compile(r"\[(?P<slot>[^\]:]+)(?::(?P<entity>[^\]]+))?\](?:\((?P<value>[^)]+)\))?")


def recognizes(first: bytes) -> bool:
    """Whether a YAML file is a dataset of snips-nlu."""
    return _TYPE.search(first) is not None


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` for each utterance; documents of entities have none.

    Slots without a value stay in the text as they are marked, and make the record a `template`.
    Raises InputError for what is no YAML.
    """
    file = document_of(inputs)
    if file is None:
        return
    documents = [mapping(root) for root in parse_yaml(file)]
    if not all("name" in document and "type" in document for document in documents):
        raise unreadable(file, f"another layout; {_SHAPE}")
    for document in documents:
        if "utterances" not in document:
            continue
        for node in sequence(document["utterances"]):
            line = SourceLine(file.source, line_of(node), str(node.value).encode(errors="replace"))
            try:
                yield Found(line, _fields(document, node, layout.text_field))
            except ValueError as refusal:
                yield line.bad(refusal)


def _fields(document: dict[str, Any], node: Any, text_field: str) -> dict[str, Any]:
    intent = scalar(document["name"], "the intent")
    entities = {
        scalar(inner["name"], "a slot"): scalar(inner["entity"], "an entity")
        for inner in map(mapping, sequence(document.get("slots")))
        if {"name", "entity"} <= inner.keys()
    }
    said = scalar(node, "the utterance; begun with a bracket, it").strip()
    text, at = "", 0
    slots: list[dict[str, Any]] = []
    is_template = False
    for match in _SLOT.finditer(said):
        text += said[at : match.start()]
        start, at = len(text), match.end()
        text += match["value"] or match[0]
        is_template |= match["value"] is None
        name = match["slot"]
        entity = match["entity"] or entities.get(name, name)
        slots.append(slot(name, text, start, len(text), entity=None if entity == name else entity))
    template = {"template": True} if is_template else {}
    return utterance(text_field, text + said[at:], intent, slots, **template)
