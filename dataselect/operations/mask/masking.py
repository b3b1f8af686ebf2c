"""Masking of one record: which parts of its texts, what stands there instead, and its slots."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias
from unicodedata import normalize

from dataselect.data.json_lines.json_edits import Edits, Path
from dataselect.data.json_lines.json_values import encoded
from dataselect.operations.mask.masked_fields import MaskedFields, SlotPlace
from dataselect.operations.mask.patterns import KINDS, Span, find, merged, occurrences
from dataselect.operations.mask.text_edits import Moves, TextEdit, apply_edits

Names: TypeAlias = Mapping[Path, Sequence[Span]]
EMPTY: Names = {}
PLACEHOLDER = re.compile(r"<([^<>\s]+)_([1-9]\d{0,7})>")
ALL_SLOTS = "*"


class SlotCut(NamedTuple):
    """A slot that began or ended inside of what was masked: where in it, in characters."""

    slot: int
    start: int | None
    end: int | None


class MaskedRecord(NamedTuple):
    """A record after masking: the edits of its line, and what takes it back.

    `found`: how many parts of each kind were masked; `values`: what each placeholder stands for.
    """

    edits: Edits
    found: Counter[str]
    values: Mapping[str, str]
    cuts: tuple[SlotCut, ...]


@dataclass(frozen=True)
class Masking:
    """Which data are masked: of the `kinds`, and the values of slots of some names, or of all."""

    kinds: Collection[str] = KINDS
    slots: Collection[str] = ()

    def record(self, fields: MaskedFields, names: Names = EMPTY) -> MaskedRecord:
        """Mask the texts of a record: the same value has the same placeholder in all of them.

        `names`: where a model found some; each is masked wherever it stands.
        """
        placeholders = Placeholders.besides(fields.texts.values())
        [main, *_] = fields.texts
        slots = [slot for slot in fields.slots if self._is_named(slot)]
        values = {
            fields.texts[path][each.start : each.end]: each.kind
            for path, own in names.items()
            for each in own
        }
        values |= {
            normalize(form, fields.texts[main][slot.start : slot.end]): slot_kind(slot)
            for slot in slots
            for form in ("NFC", "NFD")
        }
        found: Counter[str] = Counter()
        edits: dict[Path, bytes] = {}
        cuts: tuple[SlotCut, ...] = ()
        for path, text in fields.texts.items():
            known = [Span(slot.start, slot.end, slot_kind(slot)) for slot in slots]
            own = [*names.get(path, ()), *(known if path == main else ())]
            spans = list(self._spans(text, own, values))
            if not spans:
                continue
            found.update(span.kind for span in spans)
            replaced = [
                TextEdit(start, end, placeholders.of(kind, text[start:end]))
                for start, end, kind in spans
            ]
            masked = apply_edits(text, replaced)
            edits[path] = encoded(masked)
            if path == main:
                moved_slots = _moved_slots(fields.slots, replaced, masked)
                edits |= moved_slots.edits
                cuts = moved_slots.cuts
        return MaskedRecord(edits, found, placeholders.values, cuts)

    def _is_named(self, slot: SlotPlace) -> bool:
        return slot.name in self.slots or ALL_SLOTS in self.slots

    def _spans(self, text: str, known: Iterable[Span], values: Mapping[str, str]) -> Iterator[Span]:
        """What is masked of a text, in order; nothing inside of a placeholder."""
        spans = [*known, *occurrences(text, values), *find(text, self.kinds)]
        there = [match.span() for match in PLACEHOLDER.finditer(text)]
        begins = [start for start, _ in there]
        for span in merged(spans):
            place = bisect_right(begins, span.start) - 1
            if place < 0 or span.end > there[place][1]:
                yield span


def slot_kind(slot: SlotPlace) -> str:
    """The name of a slot as it stands in placeholders."""
    return re.sub(r"[<>\s]+", "_", slot.name)


class _MovedSlots(NamedTuple):
    edits: dict[Path, bytes]
    cuts: tuple[SlotCut, ...]


def _moved_slots(slots: Iterable[SlotPlace], replaced: list[TextEdit], masked: str) -> _MovedSlots:
    """The edits that move slots along, and those slots that cut what was replaced."""
    edits: dict[Path, bytes] = {}
    cuts, moves = [], Moves(replaced)
    for slot in slots:
        span = moves.moved(slot.start, slot.end)
        edits |= slot_edits(slot, span.start, span.end, masked)
        if (span.cut_start, span.cut_end) != (None, None):
            cuts.append(SlotCut(int(slot.path[-1]), span.cut_start, span.cut_end))
    return _MovedSlots(edits, tuple(cuts))


def slot_edits(slot: SlotPlace, start: int, end: int, text: str) -> dict[Path, bytes]:
    """What changes of a slot that is elsewhere in a text, or has another value."""
    found = {
        (*slot.path, "start"): encoded(start),
        (*slot.path, "end"): encoded(end),
    }
    return {**found, (*slot.path, "value"): encoded(text[start:end])} if slot.has_value else found


@dataclass
class Placeholders:
    """The placeholders of a record: each value has its own, numbered by kind from 1.

    Those that the record's texts have already, `taken`, stand for nothing else.
    """

    taken: Collection[str]
    values: dict[str, str] = field(default_factory=dict)
    _names: dict[tuple[str, str], str] = field(default_factory=dict)
    _last: Counter[str] = field(default_factory=Counter)

    @classmethod
    def besides(cls, texts: Iterable[str]) -> Placeholders:
        return cls({match[0] for text in texts for match in PLACEHOLDER.finditer(text)})

    def of(self, kind: str, value: str) -> str:
        """The placeholder of a value."""
        known = self._names.get((kind, value))
        while known is None or known in self.taken:
            self._last[kind] += 1
            known = f"<{kind}_{self._last[kind]}>"
        self._names[kind, value] = known
        self.values[known] = value
        return known
