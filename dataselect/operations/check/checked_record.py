"""Annotated records as `check` reads them: offsets that count another unit are no bad record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from dataselect.data.annotations import Slot, Utterance, annotation, slot_spans
from dataselect.data.fields import Column
from dataselect.data.json_lines.json_values import RefusedError
from dataselect.data.text_offsets import Unit, cut_words, in_characters


class CheckedRecord(NamedTuple):
    """A text with its annotation, whose slots are in characters.

    `unit`: what the offsets of the record count if it is not characters.
    """

    text: str
    intent: str | None
    slots: tuple[Slot, ...]
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class _CheckedColumn(Column):
    """A column that makes a CheckedRecord of a whole record."""

    utterance: Column
    slots_field: str

    def get(self, record: dict[str, Any]) -> CheckedRecord:
        try:
            found: Utterance = self.utterance.get(record)
        except RefusedError:
            corrected = self._corrected(record)
            if corrected is None:
                raise
            return corrected
        if any(cut_words(found.text, each.start, each.end) for each in found.slots):
            corrected = self._corrected(record)
            if corrected is not None:
                return corrected
        return CheckedRecord(found.text, found.intent, found.slots)

    def _corrected(self, record: dict[str, Any]) -> CheckedRecord | None:
        """The record with offsets in characters; None where no unit explains all of its slots."""
        try:
            text = self.utterance.check(self.utterance.find(record))
            slots = Column.optional(self.slots_field).find(record)
            spans = [(start, end) for _, start, end in slot_spans(slots)]
        except (ValueError, KeyError, TypeError):
            return None
        for unit, converted in _UNITS.items():
            moved = [converted(text, start, end) for start, end in spans]
            if not _explains(text, moved, slots):
                continue
            fixed = [
                {**slot, "start": span[0], "end": span[1]}
                for slot, span in zip(slots, moved, strict=True)
                if span is not None
            ]
            found: Utterance = self.utterance.get({**record, self.slots_field: fixed})
            return CheckedRecord(found.text, found.intent, found.slots, unit)
        return None


def checked_record(text: Column, intent_field: str, slots_field: str) -> Column:
    """The column of CheckedRecords: intent and slots may be missing."""
    inner = annotation(text, intent_field, slots_field, requires_intent=False)
    return _CheckedColumn(
        text.path,
        text.check,
        _never,
        text.option,
        text.instead,
        utterance=inner,
        slots_field=slots_field,
    )


def _never(values: Sequence[Any]) -> bool:
    """Records are checked one by one."""
    return False


def _explains(text: str, spans: Sequence[tuple[int, int] | None], slots: Sequence[Any]) -> bool:
    """Whether spans hold what slots state or, where none states anything, whole words."""
    stated = [slot.get("value") for slot in slots]
    if None in spans:
        return False
    parts = [text[slice(*span)] for span in spans if span is not None]
    if all(isinstance(each, str) for each in stated):
        return parts == stated
    return stated.count(None) == len(stated) and not any(
        cut_words(text, *span) for span in spans if span is not None
    )


def _unit(unit: Unit) -> Callable[[str, int, int], tuple[int, int] | None]:
    return lambda text, start, end: in_characters(text, start, end, unit)


def _words(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Offsets that count words between white space."""
    words = text.split()
    if not 0 <= start < end <= len(words):
        return None
    places, at = [], 0
    for word in words:
        at = text.index(word, at)
        places.append((at, at + len(word)))
        at += len(word)
    return places[start][0], places[end - 1][1]


def _last_word(text: str, start: int, end: int) -> tuple[int, int] | None:
    return _words(text, start, end + 1)


def _last_character(text: str, start: int, end: int) -> tuple[int, int] | None:
    return (start, end + 1) if 0 <= start <= end < len(text) else None


_UNITS: dict[str, Callable[[str, int, int], tuple[int, int] | None]] = {
    **{unit: _unit(unit) for unit in get_args(Unit)},
    "characters up to the last one, included": _last_character,
    "words": _words,
    "words up to the last one, included": _last_word,
}
"""What offsets count by mistake, most likely first, and how that becomes characters."""
