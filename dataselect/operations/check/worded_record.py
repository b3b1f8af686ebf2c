"""Records as words: which of them are slots, and what stands beside these."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dataselect.models.normalization import lowered
from dataselect.models.slot_tagger.slot_tokens import Tokenizer

if TYPE_CHECKING:
    from dataselect.operations.check.checked_record import CheckedRecord

EDGE = ""
"""The word beyond either end of a text."""


LONGEST = 10_000
"""Characters of a text that is looked at word by word; a longer one is no utterance."""


class WordSpan(NamedTuple):
    """A slot by its words: `words[first:end]`."""

    slot: str
    first: int
    end: int


class WordedRecord(NamedTuple):
    """The words of a text, (w,) in lower case, and where each is in it.

    `padded` (w + 2,) has EDGE at both ends; `taken` (w,) tells which words are in a slot.
    """

    padded: list[str]
    places: list[tuple[int, int]]
    slots: list[WordSpan]
    taken: list[bool]

    @classmethod
    def of(cls, record: CheckedRecord) -> WordedRecord:
        """Words end where slots do; a text that is too long has none."""
        if len(record.text) > LONGEST:
            return cls([EDGE, EDGE], [], [], [])
        edges = [edge for slot in record.slots for edge in (slot.start, slot.end)]
        tokens = _TOKENIZER(record.text, edges)
        taken = [False] * len(tokens)
        slots, at = [], 0
        for slot in record.slots:
            while at < len(tokens) and tokens[at].end <= slot.start:
                at += 1
            first = at
            while at < len(tokens) and tokens[at].start < slot.end:
                taken[at] = True
                at += 1
            slots.append(WordSpan(slot.slot, first, at))
        words = [lowered(token.form) for token in tokens]
        places = [(token.start, token.end) for token in tokens]
        return cls([EDGE, *words, EDGE], places, slots, taken)

    def around(self, first: int, end: int) -> tuple[str, ...]:
        """Some of the words, with that before and that after them."""
        return tuple(self.padded[first : end + 2])

    def words(self, first: int, end: int) -> tuple[str, ...]:
        """Some of the words."""
        return tuple(self.padded[first + 1 : end + 1])

    def characters(self, first: int, end: int) -> tuple[int, int]:
        """Where some of the words are in the text."""
        return self.places[first][0], self.places[end - 1][1]


_TOKENIZER = Tokenizer()
