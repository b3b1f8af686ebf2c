"""The tokens of all records: which of them are slots, and what stands beside these."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.models.normalization import lowered
from dataselect.models.slot_tagger.segments import edges_of
from dataselect.models.slot_tagger.slot_tokens import Tokenizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.operations.check.checked_record import CheckedRecord

EDGE = 0
"""The word beyond either end of a text."""

LONGEST = 10_000
"""Characters of a text that is looked at word by word; a longer one is no utterance."""

_RECORDS = 4_096  # that are lists at a time


class TokenSpan(NamedTuple):
    """A slot by its tokens: `tokens[first:end]`."""

    slot: str
    first: int
    end: int


class TokenizedRecord(NamedTuple):
    """The words of a text, w numbers, and where each is in it.

    `padded` (w + 2,) has EDGE at both ends; `taken` (w,) tells which words are in a slot.
    """

    padded: list[int]
    starts: list[int]
    ends: list[int]
    slots: list[TokenSpan]
    taken: list[bool]

    def around(self, first: int, end: int) -> tuple[int, ...]:
        """Some of the words, with that before and that after them."""
        return tuple(self.padded[first : end + 2])

    def words(self, first: int, end: int) -> tuple[int, ...]:
        """Some of the words."""
        return tuple(self.padded[first + 1 : end + 1])

    def characters(self, first: int, end: int) -> tuple[int, int]:
        """Where some of the words are in the text."""
        return self.starts[first], self.ends[end - 1]


class CorpusTokens(NamedTuple):
    """Tokens of records, t of them; record i owns `bounds[i]` to `bounds[i + 1]`.

    `forms` are the distinct ones, EDGE first, and `ids` (t,) the place of each token among them;
    `starts` and `ends` (t,) are characters. `slots` (m, 3): number of the slot, first token and the
    one after the last, of the records `slot_bounds[i]` to `slot_bounds[i + 1]`. Tokens end where
    slots do; a text that is too long has none.
    """

    forms: list[str]
    ids: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    bounds: NDArray[np.intp]
    names: list[str]
    slots: NDArray[np.int32]
    slot_bounds: NDArray[np.intp]

    @classmethod
    def of(cls, records: Sequence[CheckedRecord]) -> CorpusTokens:
        tokenizer = Tokenizer()
        names = sorted({slot.slot for record in records for slot in record.slots})
        number = {name: place for place, name in enumerate(names)}
        places: dict[str, int] = {"": EDGE}
        ids, starts, ends, slots = (array("i") for _ in range(4))
        bounds, slot_bounds = array("q", [0]), array("q", [0])
        for record in records:
            if len(record.text) <= LONGEST:
                at = len(ids)
                for form, start, end in tokenizer(record.text, edges_of(record.slots)):
                    ids.append(places.setdefault(form, len(places)))
                    starts.append(start)
                    ends.append(end)
                for slot in record.slots:
                    while at < len(ids) and ends[at] <= slot.start:
                        at += 1
                    first = at
                    while at < len(ids) and starts[at] < slot.end:
                        at += 1
                    slots.extend((number[slot.slot], first, at))
            bounds.append(len(ids))
            slot_bounds.append(len(slots) // 3)
        return cls(
            list(places),
            np.array(ids, np.int32),
            np.array(starts, np.int32),
            np.array(ends, np.int32),
            np.array(bounds, np.intp),
            names,
            np.array(slots, np.int32).reshape(-1, 3),
            np.array(slot_bounds, np.intp),
        )

    @property
    def tags(self) -> NDArray[np.intp]:
        """(t,) 0 for no slot, each slot's first word, each slot's further ones."""
        slot, first, end = self.slots.astype(np.intp).T
        steps = np.zeros(len(self.ids) + 1, np.intp)
        some = end > first
        steps[first[some]] += 1 + len(self.names) + slot[some]
        np.subtract.at(steps, end[some], 1 + len(self.names) + slot[some])
        found: NDArray[np.intp] = np.cumsum(steps)[:-1]
        found[first[some]] = 1 + slot[some]
        return found

    def words(self) -> NDArray[np.int32]:
        """(t,) the tokens in lower case: those that are equal have the same number."""
        places: dict[str, int] = {}
        small = [places.setdefault(lowered(form), len(places)) for form in self.forms]
        return np.array(small, np.int32)[self.ids]

    def records(self) -> Iterator[TokenizedRecord]:
        """Each record in turn."""
        words = self.words()
        for start in range(0, len(self.bounds) - 1, _RECORDS):
            bounds = self.bounds[start : start + _RECORDS + 1].tolist()
            slot_bounds = self.slot_bounds[start : start + _RECORDS + 1].tolist()
            begin = bounds[0]
            own = slice(begin, bounds[-1])
            columns = [each[own].tolist() for each in (words, self.starts, self.ends)]
            slots = self.slots[slot_bounds[0] : slot_bounds[-1]].tolist()
            for (low, high), (one, other) in zip(
                pairwise(bounds), pairwise(slot_bounds), strict=True
            ):
                ids, starts, ends = (each[low - begin : high - begin] for each in columns)
                spans = [
                    TokenSpan(self.names[slot], first - low, end - low)
                    for slot, first, end in slots[one - slot_bounds[0] : other - slot_bounds[0]]
                ]
                taken = [False] * len(ids)
                for _, first, end in spans:
                    taken[first:end] = [True] * (end - first)
                yield TokenizedRecord([EDGE, *ids, EDGE], starts, ends, spans, taken)
