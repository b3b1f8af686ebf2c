"""The values of each slot, where they stand, and in what contexts."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import compress

import numpy as np

from dataselect.data.annotations import Utterance
from dataselect.models.ngrams.speakers import Speakers, count_by_speaker
from dataselect.models.normalization import Normalization
from dataselect.models.paraphrase_detector.pairs.templates import Template, canonical
from dataselect.models.paraphrase_detector.words.tokenization import spaced

VALUE = "_"
"""What stands for the value in a context."""
_BEGIN, _END = "<s>", "</s>"
_SHOWN = 2  # words on either side of a value in the contexts that people see
_WORDS = Normalization(lowercase=True, punctuation="remove")


@dataclass
class ValuesOfSlot:
    """The distinct values of a slot, numbered in the order of their first occurrence.

    `spellings`: of each value, what is the same but for case, white space and composition.
    Occurrence k is of value `values[k]`, in utterance `utterances[k]` and context `contexts[k]`,
    and whether people may see it there is `shown[k]`. Context c is spelled `names[c]`, and has the
    features `features[c]`, numbers that slots share.
    """

    spellings: list[Counter[str]] = field(default_factory=list)
    values: array[int] = field(default_factory=lambda: array("q"))
    utterances: array[int] = field(default_factory=lambda: array("q"))
    contexts: array[int] = field(default_factory=lambda: array("q"))
    shown: array[int] = field(default_factory=lambda: array("b"))
    names: list[str] = field(default_factory=list)
    features: list[tuple[int, ...]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _context_numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.spellings)

    def number_of(self, value: str) -> int | None:
        """The number of a value, if it is one of them."""
        return self._numbers.get(canonical(value))

    def add(self, value: str, utterance: int, context: str, features: tuple[int, ...]) -> None:
        """One occurrence."""
        number = self._numbers.setdefault(canonical(value), len(self.spellings))
        if number == len(self.spellings):
            self.spellings.append(Counter())
        self.spellings[number][value] += 1
        place = self._context_numbers.setdefault(features, len(self.names))
        if place == len(self.names):
            self.names.append(context)
            self.features.append(features)
        self.values.append(number)
        self.utterances.append(utterance)
        self.contexts.append(place)
        self.shown.append(True)

    def said_by_enough(self, speakers: Speakers) -> ValuesOfSlot:
        """Those of its values that enough of the speakers of all utterances said.

        A context in which fewer said a value counts, but is not `shown`.
        """
        values, contexts = np.array(self.values, np.int64), np.array(self.contexts, np.int64)
        who = speakers.of_texts[np.array(self.utterances, np.int64)]
        kept = count_by_speaker(values, who, len(self)).speakers >= speakers.least
        pairs, numbers = np.unique(values * len(self.names) + contexts, return_inverse=True)
        named = count_by_speaker(numbers, who, len(pairs)).speakers >= speakers.least
        renumbered, own = np.cumsum(kept) - 1, kept[values]
        return ValuesOfSlot(
            list(compress(self.spellings, kept.tolist())),
            array("q", renumbered[values[own]].tolist()),
            array("q", compress(self.utterances, own.tolist())),
            array("q", contexts[own].tolist()),
            array("b", named[numbers[own]].tolist()),
            self.names,
            self.features,
            {each: int(renumbered[n]) for each, n in self._numbers.items() if kept[n]},
            self._context_numbers,
        )

    def spelled(self) -> list[str]:
        """Each value as it is mostly written; of equals, as it was first."""
        return [spellings.most_common(1)[0][0] for spellings in self.spellings]

    def counts(self) -> list[int]:
        """How often each value occurs."""
        return [spellings.total() for spellings in self.spellings]


@dataclass
class AnnotatedValues:
    """The values of all slots; `words` counts the words outside of slots, `in_values` the others.

    `intents`: how many utterances each has; `slots_of`: in how many of them each slot is.
    """

    slots: dict[str, ValuesOfSlot] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)
    in_values: Counter[str] = field(default_factory=Counter)
    intents: Counter[str | None] = field(default_factory=Counter)
    slots_of: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, utterances: Iterable[Utterance]) -> AnnotatedValues:
        """Those of some utterances."""
        found, features = cls(), dict[tuple[str, ...], int]()
        for number, utterance in enumerate(utterances):
            found.intents[utterance.intent] += 1
            found._add(Template.of(utterance), number, features)
        return found

    def said_by_enough(self, speakers: Speakers) -> AnnotatedValues:
        """The same with the values that enough of the speakers of all utterances said.

        Raises InputError where these are too few.
        """
        if utterances := self.intents.total():
            speakers.check(utterances)
            said = {name: own.said_by_enough(speakers) for name, own in self.slots.items()}
            return replace(self, slots={name: own for name, own in said.items() if len(own)})
        return self

    def _add(self, template: Template, number: int, known: dict[tuple[str, ...], int]) -> None:
        pieces = [words_of(literal) for literal in template.literals]
        for piece in pieces:
            self.words.update(piece)
        for slot in set(template.slots):
            self.slots_of[template.intent, slot] += 1
        for place, (slot, value) in enumerate(zip(template.slots, template.values, strict=True)):
            left = _towards(template.slots, pieces, place, -1)
            right = _towards(template.slots, pieces, place, 1)
            own = tuple(known.setdefault(each, len(known)) for each in _features(left, right))
            shown = [*reversed(left[:_SHOWN]), VALUE, *right[:_SHOWN]]
            context = " ".join(each for each in shown if each not in (_BEGIN, _END))
            of_slot = self.slots.setdefault(slot, ValuesOfSlot())
            of_slot.add(value, number, context, own)
            self.in_values.update(words_of(value))

    @cached_property
    def seen(self) -> Counter[str]:
        """How often each word occurs, in slots or outside."""
        return self.words + self.in_values

    def with_slot(self) -> Mapping[str, int]:
        """In how many utterances each slot is."""
        found = Counter[str]()
        for (_, slot), count in self.slots_of.items():
            found[slot] += count
        return found


@lru_cache(maxsize=1 << 16)
def words_of(text: str) -> tuple[str, ...]:
    """Words in lower case without punctuation; characters, in scripts without spaces."""
    return tuple(_WORDS(spaced(text)).split())


def _towards(
    slots: tuple[str, ...], pieces: list[tuple[str, ...]], place: int, step: int
) -> list[str]:
    """The nearest words on one side of a slot, nearest first; other slots stand as {name}."""
    found: list[str] = []
    while len(found) < _SHOWN:
        piece = pieces[place + 1] if step > 0 else pieces[place][::-1]
        found += piece
        place += step
        if not 0 <= place < len(slots):
            found.append(_END if step > 0 else _BEGIN)
            break
        found.append(f"{{{slots[place]}}}")
    return found


def _features(left: list[str], right: list[str]) -> list[tuple[str, ...]]:
    """The n-grams around a value: a word or two on either side, and one on both."""
    return [
        ("l", *left[:1]),
        ("r", *right[:1]),
        ("l", *left[:2]),
        ("r", *right[:2]),
        ("b", *left[:1], *right[:1]),
    ]
