"""Annotated utterances: a text, its intent, and the slots in it, checked as they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, get_args
from unicodedata import normalize

from dataselect.data import records
from dataselect.data.fields import Column
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import REMEDY
from dataselect.data.records import BadRecord
from dataselect.data.text_offsets import Unit, cut_words, in_characters


class Slot(NamedTuple):
    """A part of a text: `value` is `text[start:end]`, in characters."""

    slot: str
    start: int
    end: int
    value: str


class Utterance(NamedTuple):
    """A text with its annotation; slots do not overlap, and stand in order.

    `id` is the record's own, any JSON value.
    """

    text: str
    intent: str | None = None
    slots: tuple[Slot, ...] = ()
    id: Any = None


@dataclass(frozen=True, kw_only=True)
class _Annotation(Column):
    """A column that makes an Utterance of a whole record; `path` is where the text is.

    `remarks`: what a person should know of some slots, and of how many that were read so far.
    """

    intent: Column
    slots: Column
    requires_intent: bool
    remarks: Counter[str] = field(default_factory=Counter, compare=False)

    def get(self, record: dict[str, Any]) -> Utterance:
        text = super().get(record)
        return Utterance(text, self._intent(record), self._slots(record, text), record.get("id"))

    def _intent(self, record: dict[str, Any]) -> str | None:
        known = self.requires_intent or _present(self.intent, record, filled=True)
        return self.intent.get(record) if known else None

    def _slots(self, record: dict[str, Any], text: str) -> tuple[Slot, ...]:
        if not _present(self.slots, record):
            return ()
        found: tuple[Slot, ...] = replace(
            self.slots, check=partial(_slots, text, self.remarks)
        ).get(record)
        return found


def annotation(
    text: str | Column = "text",
    intent_field: str = "intent",
    slots_field: str = "slots",
    *,
    requires_intent: bool = True,
) -> Column:
    """A column of utterances, with their texts where `text` has them.

    A record without slots has none; one without an intent, or a blank one, is bad if
    `requires_intent`.
    """
    if isinstance(text, str):
        text = Column.text(text)
    return _Annotation(
        text.path,
        text.check,
        _never,
        text.option,
        text.instead,
        intent=replace(Column.group(intent_field, "--intent-field"), check=_intent),
        slots=Column(slots_field, list, _never, "--slots-field"),
        requires_intent=requires_intent,
    )


def utterances(
    inputs: Inputs,
    column: Column,
    *,
    stop_at_first: bool = False,
    beside: Mapping[Column, Callable[[list[Any]], None]] | None = None,
) -> Iterator[Utterance | BadRecord]:
    """Every record of an `annotation` column, or a bad record.

    `beside`: other columns, and what is told their values of a block before its utterances come.
    """
    others = beside or {}
    for block in inputs.blocks():
        found = records.read(block, [column, *others], stop_at_first=stop_at_first)
        for tell, own in zip(others.values(), found.columns[1:], strict=True):
            tell(own)
        yield from found.columns[0]
        yield from found.bad


def warnings(*columns: Column) -> list[str]:
    """What a person should know of the slots that `annotation` columns read so far."""
    remarks = Counter[str]()
    for column in columns:
        remarks += column.remarks if isinstance(column, _Annotation) else Counter()
    return [f"{count:,} slots {what}" for what, count in remarks.items() if count]


def read_utterances(inputs: Inputs, column: Column | None = None) -> list[Utterance]:
    """All utterances. Raises InputError at the first bad record."""
    return records.all_good(utterances(inputs, column or annotation(), stop_at_first=True))


def _never(values: list[Any]) -> bool:
    """Annotations are checked record by record."""
    return False


def _present(column: Column, record: dict[str, Any], *, filled: bool = False) -> bool:
    """Whether a record has a field, other than null and, if it is to be `filled`, blanks."""
    try:
        value = column.find(record)
        return value is not None and not (filled and _is_blank(value))
    except (KeyError, TypeError):
        return False


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _intent(value: Any) -> Any:
    if value is None:
        raise ValueError(f"is null, not a label; {REMEDY}")
    if _is_blank(value):
        raise ValueError(f"is empty, not a label; {REMEDY}")
    return Column.group("").check(value)


def slot_spans(value: Any) -> list[tuple[str, int, int]]:
    """Name, start and end of each slot of an array of them. Raises ValueError."""
    if not isinstance(value, list):
        raise ValueError(f"is not an array; {REMEDY}")
    return [_slot_span(each, f"item {number}") for number, each in enumerate(value, start=1)]


def _slot_span(value: Any, item: str) -> tuple[str, int, int]:
    if not isinstance(value, dict):
        raise ValueError(f"{item} is not an object; {REMEDY}")
    for name in ("slot", "start", "end"):
        if name not in value:
            raise ValueError(f"{item} lacks '{name}'; {REMEDY}")
    slot, start, end = value["slot"], value["start"], value["end"]
    try:
        Column.text("slot").check(slot)
    except ValueError as error:
        raise ValueError(f"{item}: 'slot' {error}") from None
    for offset in (start, end):
        if not isinstance(offset, int) or isinstance(offset, bool):
            raise ValueError(f"{item} ('{slot}') has an offset that is no whole number; {REMEDY}")
    return slot, start, end


def _slots(text: str, remarks: Counter[str], value: Any) -> tuple[Slot, ...]:
    found = []
    for number, (name, start, end) in enumerate(slot_spans(value), start=1):
        stated = value[number - 1].get("value")
        slot = Slot(name, start, end, text[max(start, 0) : max(end, 0)])
        _check_span(text, slot, stated, f"item {number}")
        remarks[_CUT] += stated is None and cut_words(text, start, end)
        found.append(slot)
    found.sort(key=lambda slot: slot.start)
    for one, other in pairwise(found):
        if other.start < one.end:
            raise ValueError(f"has overlapping items, {_shown(one)} and {_shown(other)}; {REMEDY}")
    return tuple(found)


def _check_span(text: str, slot: Slot, stated: Any, item: str) -> None:
    """Raise ValueError where a slot is not in the text, or is not what is `stated`."""
    inside = 0 <= slot.start < slot.end <= len(text)
    if inside and (stated in (None, slot.value) or _composes_to(slot.value, stated)):
        return
    shown = f"{item}, {_shown(slot)},"
    if unit := _other_unit(text, slot, stated):
        raise ValueError(f"{shown} counts {unit}; offsets count characters, convert them")
    if slot.start >= slot.end:
        raise ValueError(f"{shown} is empty; {REMEDY}")
    if not inside:
        raise ValueError(f"{shown} is outside the text of {len(text)} characters; {REMEDY}")
    raise ValueError(f"{shown} has the value {stated!r}, but the text {slot.value!r}; {REMEDY}")


def _composes_to(value: str, stated: Any) -> bool:
    """Whether a slot's value is stated in another Unicode form."""
    return isinstance(stated, str) and normalize("NFC", stated) == normalize("NFC", value)


def _other_unit(text: str, slot: Slot, stated: Any) -> str | None:
    """What offsets count that do not count characters: what is `stated`, or whole words."""
    if text.isascii():
        return None
    for unit in get_args(Unit):
        found = in_characters(text, slot.start, slot.end, unit)
        if found is None:
            continue
        if text[slice(*found)] == stated or (stated is None and not cut_words(text, *found)):
            return str(unit)
    return None


_CUT = "without 'value' begin or end inside a word; look whether their offsets count characters"


def _shown(slot: Slot) -> str:
    return f"'{slot.slot}' from {slot.start} to {slot.end}"
