"""The texts of a record that are masked, and its slots, with the places of each in the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple
from unicodedata import normalize

import orjson

from dataselect.data.annotations import slot_spans
from dataselect.data.fields import Column
from dataselect.data.json_lines.json_edits import Path
from dataselect.data.json_lines.json_values import RefusedError

MASKED = "masked"


class SlotPlace(NamedTuple):
    """A slot of the text: its name, its offsets, and where it is among the record's slots."""

    name: str
    start: int
    end: int
    path: Path
    has_value: bool


class MaskedFields(NamedTuple):
    """What of a record is masked: texts by path, the first of which has the slots.

    `missing`: the fields that it lacks. `earlier`: what an earlier run said of it, or None.
    """

    texts: dict[Path, str]
    slots: Sequence[SlotPlace]
    missing: tuple[str, ...]
    earlier: Any


@dataclass(frozen=True, kw_only=True)
class MaskedColumn(Column):
    """A column of `MaskedFields`; `path` is where the text is, `others` further texts.

    In these `*` stands for every item of a list.
    """

    others: tuple[str, ...] = ()
    slots_field: str = "slots"

    @classmethod
    def of(cls, text_field: str, others: Sequence[str], slots_field: str) -> MaskedColumn:
        plain = Column.hypothesis(text_field)
        return cls(
            text_field,
            plain.check,
            lambda _: False,
            plain.option,
            others=tuple(others),
            slots_field=slots_field,
        )

    def get(self, record: dict[str, Any]) -> MaskedFields:
        text = super().get(record)
        [(main, _)] = places_of(record, self.path)
        texts = {main: text}
        missing = []
        for field in self.others:
            found = [(path, value) for path, value in places_of(record, field) if value is not None]
            if not found:
                missing.append(field)
            for path, value in found:
                texts[path] = _checked(path, value)
        slots = self._slots(record, text)
        return MaskedFields(texts, slots, tuple(missing), _earlier(record.get(MASKED)))

    def _slots(self, record: dict[str, Any], text: str) -> list[SlotPlace]:
        found = list(places_of(record, self.slots_field))
        if not found or found[0][1] is None:
            return []
        [(path, value)] = found
        column = Column(self.slots_field, slot_spans, lambda _: False, "--slots-field")
        slots = []
        for place, (name, start, end) in enumerate(column.get(record)):
            stated = value[place].get("value")
            if not 0 <= start < end <= len(text) or not _is_same(text[start:end], stated):
                raise RefusedError(
                    f"field '{self.slots_field}' item {place + 1} ('{name}') is not what the text "
                    f"has from {start} to {end}, in characters; correct it or skip it with "
                    "--on-error"
                )
            slots.append(SlotPlace(name, start, end, (*path, place), "value" in value[place]))
        return slots


def _earlier(value: Any) -> Any:
    """What an earlier run said, which is JSON in a cell of a table."""
    if isinstance(value, str):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(value)
    return value


def _checked(path: Path, value: Any) -> str:
    field = ".".join(map(str, path))
    try:
        text: str = Column.hypothesis(field).check(value)
    except ValueError as error:
        raise RefusedError(f"field '{field}' {error}") from None
    return text


def _is_same(value: str, stated: Any) -> bool:
    """Whether a slot's value is what is stated, if anything is, in whatever Unicode form."""
    if stated in (None, value):
        return True
    return isinstance(stated, str) and normalize("NFC", stated) == normalize("NFC", value)


def places_of(record: Any, field: str) -> Iterator[tuple[Path, Any]]:
    """Where a field is in a record, and what is there; nothing where it is not.

    >>> list(places_of({"nbest": [{"text": "hi"}, {"text": "hey"}]}, "nbest.*.text"))
    [(('nbest', 0, 'text'), 'hi'), (('nbest', 1, 'text'), 'hey')]
    """
    if field in record:
        yield (field,), record[field]
    elif "." in field:
        yield from _inside(record, field.split("."), ())


def _inside(value: Any, steps: Sequence[str], path: Path) -> Iterator[tuple[Path, Any]]:
    if not steps:
        yield path, value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        if step in value:
            yield from _inside(value[step], rest, (*path, step))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            if step in ("*", str(place), str(place - len(value))):
                yield from _inside(inner, rest, (*path, place))
