"""What formats of annotated utterances share: slots that are checked, made, and aligned."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

from dataselect.data.annotations import annotation
from dataselect.data.fields import Column
from dataselect.data.formats.lines import filled
from dataselect.data.json_lines.json_values import kind_of


class Annotated(NamedTuple):
    """A record as writers take it; `slots` are its own objects, in order."""

    text: str
    intent: str
    slots: list[dict[str, Any]]


def annotated(fields: dict[str, Any], text_field: str, *, requires_intent: bool) -> Annotated:
    """The annotation of a record, checked; no intent is "". Raises ValueError."""
    if requires_intent and not str(fields.get("intent") or "").strip():
        raise ValueError(
            "no 'intent', and the format has no place for such a text; rename the field that has "
            "it, add one, as dataselect label does, or skip it with --on-error skip"
        )
    found = _column(text_field, requires_intent).get(fields)
    slots = sorted(fields.get("slots") or [], key=lambda slot: (slot["start"], slot["end"]))
    return Annotated(found.text, found.intent or "", slots)


@cache
def _column(text_field: str, requires_intent: bool) -> Column:
    return annotation(text_field, requires_intent=requires_intent)


def utterance(
    text_field: str, text: Any, intent: Any, slots: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """A record. Raises ValueError where the text, the intent or a slot's name is none."""
    for what, value in (("text", text), ("intent", intent), *[("slot", s["slot"]) for s in slots]):
        if not isinstance(value, str):
            raise ValueError(f"the {what} is {kind_of(value)}, not a string; correct it")
        filled(value, f"the {what}")
    for each in slots:
        if each["start"] >= each["end"]:
            raise ValueError(f"slot '{each['slot']}' is empty; correct it")
    return {text_field: text, "intent": intent, "slots": slots, **more}


def slot(name: str, text: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    """A slot of a record; what is None is left out."""
    found = {"slot": name, "start": start, "end": end, "value": text[start:end]}
    return found | {name: value for name, value in more.items() if value is not None}


def in_pieces(
    pieces: Any, named: Callable[[Any], tuple[str, str | None] | None]
) -> tuple[str, list[dict[str, Any]]]:
    """A text that is told in pieces, and its slots.

    `named(piece)`: the slot and its entity, or None for a piece between slots.
    """
    text = ""
    slots: list[dict[str, Any]] = []
    for piece in pieces:
        start = len(text)
        text += piece["text"]
        if (found := named(piece)) is not None:
            name, entity = found
            other = None if entity == name else entity
            slots.append(slot(name, text, start, len(text), entity=other))
    return text, slots


def aligned(text: str, other: str, slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Slots of `other`, which differs from `text` in white space only, as slots of `text`.

    Raises ValueError where it differs in more.

    >>> aligned("it's 5", "it 's 5", [{"slot": "time", "start": 3, "end": 7}])
    [{'slot': 'time', 'start': 2, 'end': 6, 'value': "'s 5"}]
    """
    if "".join(text.split()) != "".join(other.split()):
        raise ValueError(f"the text is {text!r}, but the annotation has {other!r}; correct one")
    places = [at for at, character in enumerate(text) if not character.isspace()]
    before = [0, *accumulate(not character.isspace() for character in other)]
    moved = []
    for each in slots:
        first, last = before[each["start"]], before[each["end"]]
        start, end = (places[first], places[last - 1] + 1) if first < last else (0, 0)
        moved.append(each | {"start": start, "end": end, "value": text[start:end]})
    return moved


def outermost(slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Slots in order, without those inside others."""
    kept: list[dict[str, Any]] = []
    for each in sorted(slots, key=lambda slot: (slot["start"], -slot["end"])):
        if not kept or each["start"] >= kept[-1]["end"]:
            kept.append(each)
    return kept
