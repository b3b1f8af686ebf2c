"""MASSIVE and SLURP: JSONL whose annotation has its slots in brackets.

{"id": "0", "intent": "alarm_set", "utt": "wake me at 9", "annot_utt": "wake me at [time : 9]"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Item, Layout, SourceLine, each_line, lines
from dataselect.data.formats.nlu.annotated import aligned, slot, utterance
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import parse

_SLOT = re.compile(r"\[\s*(?P<slot>[^\[\]:]+?)\s+:\s+(?P<value>[^\[\]]*?)\s*\]")
_LAYOUTS = {"annot_utt": ("utt", "id"), "sentence_annotation": ("sentence", "slurp_id")}


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, text, `intent`, `slots`, and the other fields for each line.

    Bad where the annotation without its markup is another text.
    """

    def fields(line: SourceLine) -> dict[str, Any]:
        return _fields(parse(line.raw), layout.text_field)

    return each_line((line for line in lines(inputs.blocks()) if not line.blank()), fields)


def _fields(record: dict[str, Any], text_field: str) -> dict[str, Any]:
    annotation_field = next((name for name in _LAYOUTS if name in record), None)
    if annotation_field is None:
        raise ValueError("no field 'annot_utt' (MASSIVE) or 'sentence_annotation' (SLURP)")
    sentence, id_field = _LAYOUTS[annotation_field]
    text, annotation = record.get(sentence), record[annotation_field]
    if not isinstance(text, str) or not isinstance(annotation, str):
        raise ValueError(f"'{sentence}' and '{annotation_field}' have to be strings; correct them")
    slots = aligned(text, *without_brackets(annotation))
    intent = record.get("intent") or f"{record.get('scenario')}_{record.get('action')}"
    own = {sentence, annotation_field, id_field, "intent", "slots", text_field}
    known = {"id": record[id_field]} if id_field in record else {}
    known |= utterance(text_field, text, intent, slots)
    return known | {name: value for name, value in record.items() if name not in own}


def without_brackets(annotation: str) -> tuple[str, list[dict[str, Any]]]:
    """The text of an annotation, and its slots.

    >>> without_brackets("wake me at [time : nine]")
    ('wake me at nine', [{'slot': 'time', 'start': 11, 'end': 15, 'value': 'nine'}])
    """
    text, at = "", 0
    slots: list[dict[str, Any]] = []
    for match in _SLOT.finditer(annotation):
        text += annotation[at : match.start()]
        start, at = len(text), match.end()
        text += match["value"]
        slots.append(slot(match["slot"], text, start, len(text)))
    return text + annotation[at:], slots
