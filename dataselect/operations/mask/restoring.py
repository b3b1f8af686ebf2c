"""Masking taken back with its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dataselect.data.fields import Column
from dataselect.data.json_lines.json_edits import Path
from dataselect.data.json_lines.json_values import RefusedError, encoded
from dataselect.execution.scorer import Scorer, Scores
from dataselect.operations.mask.key_file import Key, KeyLine
from dataselect.operations.mask.masked_fields import (
    MASKED,
    MaskedColumn,
    MaskedFields,
    SlotPlace,
)
from dataselect.operations.mask.masking import PLACEHOLDER, slot_edits
from dataselect.operations.mask.text_edits import Moves, TextEdit, apply_edits

_UNTOUCHED = "were masked without a key, or not at all, and stay as they are"


@dataclass(frozen=True, kw_only=True)
class _KeyedColumn(MaskedColumn):
    """Records that the key is of, or that nothing was masked of."""

    key: Key

    def get(self, record: dict[str, Any]) -> MaskedFields:
        fields = super().get(record)
        earlier = fields.earlier if isinstance(fields.earlier, dict) else {}
        if "key" not in earlier:
            return fields._replace(earlier=None)
        if earlier["key"] != self.key.header.id:
            raise RefusedError(f"field '{MASKED}': another key than this one; give it with --key")
        place = earlier.get("record")
        line = self.key.lines.get(place) if isinstance(place, int) else None
        if line is None:
            raise RefusedError(
                f"field '{MASKED}': no such record in the key; look whether it was changed"
            )
        return fields._replace(earlier=line)


@dataclass(frozen=True)
class RestoreScorer(Scorer):
    """Puts what a key has for the placeholders of a record back, and moves slots along."""

    noun: ClassVar[str] = "mask"
    may_add: ClassVar[tuple[str, ...]] = (MASKED,)
    adds: ClassVar[tuple[str, ...]] = ()  # type: ignore[misc]  # of all its options
    removes: ClassVar[tuple[str, ...]] = (MASKED,)  # type: ignore[misc]  # as above

    key: Key

    @property
    def text_field(self) -> str:  # type: ignore[override]  # as the key says
        """Where the text was that was masked."""
        return self.key.header.text_field

    @property
    def columns(self) -> Sequence[Column]:
        header = self.key.header
        plain = MaskedColumn.of(header.text_field, header.fields, header.slots_field)
        return [_KeyedColumn(**vars(plain), key=self.key)]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        edits = [restored_edits(fields) for fields in columns[0]]
        untouched = sum(fields.earlier is None for fields in columns[0])
        counts = np.array([len(own) for own in edits], np.float64)
        remarks = ((_UNTOUCHED, untouched),) if untouched else ()
        return Scores(counts, {}, remarks=remarks, edits=edits)

    def describe(self) -> dict[str, Any]:
        """Which key."""
        return {"signature": {"restored": self.key.header.id}}


def restored_edits(fields: MaskedFields) -> Mapping[Path, bytes]:
    """The edits that take masking back; none for a record without a line in the key."""
    line: KeyLine | None = fields.earlier
    edits: dict[Path, bytes] = {}
    if line is None:
        return edits
    [main, *_] = fields.texts
    for path, text in fields.texts.items():
        replaced = [
            TextEdit(*match.span(), line.values[match[0]])
            for match in PLACEHOLDER.finditer(text)
            if match[0] in line.values
        ]
        if replaced:
            restored = apply_edits(text, replaced)
            edits[path] = encoded(restored)
            if path == main:
                uncut = _Uncut(replaced, line)
                for slot in fields.slots:
                    edits |= slot_edits(slot, *uncut.place(slot), restored)
    return edits


class _Uncut:
    """Where slots were; one that cut what was masked begins or ends inside of that again."""

    def __init__(self, replaced: Sequence[TextEdit], line: KeyLine) -> None:
        self._moves = Moves(replaced)
        self._from = {each.start: each for each in replaced}
        self._to = {each.end: each for each in replaced}
        self._cuts = {each.slot: each for each in line.cuts}

    def place(self, slot: SlotPlace) -> tuple[int, int]:
        start, end, *_ = self._moves.moved(slot.start, slot.end)
        cut = self._cuts.get(int(slot.path[-1]))
        if cut is None:
            return start, end
        first, last = self._from.get(slot.start), self._to.get(slot.end)
        if first is not None and cut.start is not None:
            start += min(cut.start, len(first.new) - 1)
        if last is not None and cut.end is not None:
            end -= len(last.new) - min(max(cut.end, 1), len(last.new))
        return start, end
