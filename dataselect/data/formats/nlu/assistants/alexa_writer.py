"""Writing interaction models of Alexa: sample utterances by intent, types with values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.nlu.annotated import annotated
from dataselect.data.formats.nlu.canonical_forms import CanonicalForms, folded
from dataselect.data.formats.writers import RecordWriter

_INVOCATION = "change me"
_NAME = re.compile(r"\w[\w.-]*")
_LAST = ord("z")


class AlexaWriter(RecordWriter):
    """A model of all records, in the order in which intents and values first appear.

    Values leave the texts for the types of their slots, which are called as the slots are. A slot
    that an utterance has twice is {NAME_b} the second time.
    """

    def __init__(self, layout: Layout) -> None:
        self._text_field = layout.text_field
        self._forms = layout.values or CanonicalForms()
        self._intents: dict[str, dict[str, None]] = {}
        self._slots: dict[str, dict[str, str]] = {}
        self._types: dict[str, dict[str, dict[str, str]]] = {}

    def write(self, fields: dict[str, Any]) -> bytes:
        """Hold a sample back. Raises ValueError."""
        text, intent, slots = annotated(fields, self._text_field, requires_intent=True)
        pieces, at, names = list[str](), 0, dict[str, str]()
        for each in slots:
            name = _free_name(each["slot"], names)
            names[name] = each["slot"]
            pieces += [_literal(text[at : each["start"]]), f"{{{name}}}"]
            at = each["end"]
        sample = "".join([*pieces, _literal(text[at:])])
        self._intents.setdefault(intent, {})[sample] = None
        self._slots.setdefault(intent, {}).update(names)
        for each in slots:
            value = text[each["start"] : each["end"]]
            if not _NAME.fullmatch(value[1:-1]) or value != f"{{{value[1:-1]}}}":
                self._add(each["slot"], value, each.get("canonical"))
        return b""

    def _add(self, slot: str, value: str, canonical: str | None) -> None:
        """A value of a type, and what it is a synonym of."""
        name = self._forms.name_of(slot, value) or canonical or value
        synonyms = self._types.setdefault(slot, {}).setdefault(folded(name), {"": name})
        if folded(value) != folded(name):
            synonyms.setdefault(folded(value), value)

    def finish(self) -> bytes:
        """The whole file."""
        for row in self._forms.rows.values():
            if any(row.slot in own.values() for own in self._slots.values()):
                self._add(row.slot, row.value, None)
        import json

        model = {
            "invocationName": _INVOCATION,
            "intents": [
                {
                    "name": intent,
                    "slots": [
                        {"name": name, "type": slot} for name, slot in self._slots[intent].items()
                    ],
                    "samples": list(samples),
                }
                for intent, samples in self._intents.items()
            ],
            "types": [
                {"name": slot, "values": list(_values(values))}
                for slot, values in self._types.items()
            ],
        }
        whole = {"interactionModel": {"languageModel": model}}
        return json.dumps(whole, ensure_ascii=False, indent=2).encode() + b"\n"


def _values(values: dict[str, dict[str, str]]) -> Iterator[dict[str, Any]]:
    for names in values.values():
        name, *synonyms = names.values()
        yield {"name": {"value": name, **({"synonyms": synonyms} if synonyms else {})}}


def _free_name(slot: str, taken: dict[str, str]) -> str:
    """A name for a slot that its utterance has no other slot by. Raises ValueError."""
    if not _NAME.fullmatch(slot):
        raise ValueError(f"'{slot}' can be no name of a slot in a sample; rename it")
    name, letter = slot, ord("b")
    while name in taken:
        if letter > _LAST:
            raise ValueError(f"slot '{slot}' is there too often for a sample; split the text")
        name, letter = f"{slot}_{chr(letter)}", letter + 1
    return name


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("a brace in the text, which marks slots in a sample; remove it")
    return text
