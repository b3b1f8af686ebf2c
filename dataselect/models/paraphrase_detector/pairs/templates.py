"""Templates: utterances whose slot values are replaced by slot types, to be filled again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dataselect.data.annotations import Slot, Utterance
from dataselect.models.normalization import composed

Meaning = tuple[str | None, tuple[tuple[str, str], ...]]
"""An intent, and its slots with their values, sorted."""

Key = tuple[tuple[str, ...], tuple[str, ...]]
"""Literals in canonical form, and slot types."""

Frame = tuple[str | None, tuple[str, ...]]
"""An intent, and slot types, sorted."""


class Template(NamedTuple):
    """What is left of an utterance without its values: one literal more than there are slots.

    `slots`: the types, in the order of the text; `values`: those of the example. `key` tells
    templates apart, whatever their intent; `words` are those of the literals.

    >>> Template.of(Utterance("play Adele now", "play", (Slot("who", 5, 10, "Adele"),))).literals
    ('play ', ' now')
    """

    example: Utterance
    literals: tuple[str, ...]
    slots: tuple[str, ...]
    values: tuple[str, ...]
    key: Key
    words: frozenset[str]

    @classmethod
    def of(cls, utterance: Utterance) -> Template:
        text, found = utterance.text, utterance.slots
        starts = [0, *(slot.end for slot in found)]
        ends = [*(slot.start for slot in found), len(text)]
        literals = tuple(text[start:end] for start, end in zip(starts, ends, strict=True))
        slots = tuple(slot.slot for slot in found)
        values = tuple(slot.value for slot in found)
        plain = tuple(map(canonical, literals))
        words = frozenset(word for literal in plain for word in literal.split())
        return cls(utterance, literals, slots, values, (plain, slots), words)

    @property
    def intent(self) -> str | None:
        """The intent of every utterance that is made from it."""
        return self.example.intent

    @property
    def frame(self) -> Frame:
        """Intent and slot types: templates that share it can be filled with the same values."""
        return self.example.intent, tuple(sorted(self.slots))

    def fill(self, values: Sequence[str]) -> Utterance:
        """The utterance with other values, one for each slot in the order of the text."""
        text = self.literals[0]
        slots = []
        for slot, value, literal in zip(self.slots, values, self.literals[1:], strict=True):
            slots.append(Slot(slot, len(text), len(text) + len(value), value))
            text += value + literal
        return Utterance(text, self.intent, tuple(slots), self.example.id)

    def fill_like(self, slots: Iterable[Slot]) -> Utterance:
        """The utterance with the values of other slots of the same types.

        Where a type stands twice, the first of them gets the first value. A slot without a
        namesake keeps the value of the example.
        """
        given: dict[str, list[str]] = {}
        for slot in slots:
            given.setdefault(slot.slot, []).append(slot.value)
        return self.fill(
            [
                given[slot].pop(0) if given.get(slot) else own
                for slot, own in zip(self.slots, self.values, strict=True)
            ]
        )


def canonical(text: str) -> str:
    """A text without what makes no difference here: case, white space, Unicode composition."""
    return " ".join(composed(composed(text).casefold()).split())


def meaning(utterance: Utterance) -> Meaning:
    """What two utterances must have in common to be paraphrases."""
    values = sorted((slot.slot, canonical(slot.value)) for slot in utterance.slots)
    return utterance.intent, tuple(values)


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Cosine of two sets of words; 0 where one is empty."""
    return len(one & other) / math.sqrt(len(one) * len(other) or 1)
