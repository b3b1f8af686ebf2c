"""What an utterance does not mean, made to look as if it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from dataselect.data.annotations import Utterance
from dataselect.models.paraphrase_detector.pairs.annotated_corpus import AnnotatedCorpus
from dataselect.models.paraphrase_detector.pairs.templates import Template, canonical, overlap

_CANDIDATES = 8  # drawn where the one with the most words in common is taken
_SEVERAL = 2


class _Given(NamedTuple):
    """What a negative is made of, in the words of `negatives`."""

    corpus: AnnotatedCorpus
    anchor: Template
    partner: Template
    rng: np.random.Generator


def negatives(
    corpus: AnnotatedCorpus, anchor: Template, partner: Template, rng: np.random.Generator
) -> Iterator[tuple[str, Utterance]]:
    """Yield kind and utterance of what the example of `anchor` does not mean, one of each kind.

    `partner`: another template that means the same with the same values. Kinds come in random
    order, by their weights; those that the example does not allow are left out.
    """
    given = _Given(corpus, anchor, partner, rng)
    waits = rng.standard_exponential(len(_KINDS))  # the shortest is of each by its weight
    for place in np.argsort(waits / _WEIGHTS).tolist():
        kind, _, make = _KINDS[place]
        other = make(given)
        if other is not None:
            yield kind, other


def _values(given: _Given) -> Utterance | None:
    """The same template with several values exchanged, or all."""
    slots = len(given.anchor.slots)
    if slots < _SEVERAL:
        return None
    return _exchanged(given, given.anchor, int(given.rng.integers(_SEVERAL, slots + 1)))


def _value(given: _Given) -> Utterance | None:
    """The same template with one value exchanged."""
    return _exchanged(given, given.anchor, 1)


def _template_and_value(given: _Given) -> Utterance | None:
    """Another template with one value exchanged."""
    return _exchanged(given, given.partner, 1)


def _swap(given: _Given) -> Utterance | None:
    """Two values in each other's slots, where both have been seen in both; either template."""
    corpus, anchor, partner, rng = given
    slots = anchor.example.slots
    places = [
        (i, j)
        for (i, one), (j, other) in combinations(enumerate(slots), 2)
        if one.slot != other.slot
        and other.value in corpus.values(one.slot)
        and one.value in corpus.values(other.slot)
    ]
    if not places:
        return None
    i, j = places[rng.integers(len(places))]
    swapped = list(slots)
    swapped[i] = slots[i]._replace(value=slots[j].value)
    swapped[j] = slots[j]._replace(value=slots[i].value)
    return (anchor, partner)[rng.integers(2)].fill_like(swapped)


def _slots(given: _Given) -> Utterance | None:
    """The same intent with other slots; those in common have the same values."""
    corpus, anchor, _, rng = given
    others = _drawn([corpus.by_intent[anchor.intent]], rng)
    return _nearest(anchor, [each for each in others if each.frame != anchor.frame])


def _intent(given: _Given) -> Utterance | None:
    """Another intent: one with a slot for a value of the example, or any if there is none."""
    corpus, anchor, _, rng = given
    slots = list(dict.fromkeys(anchor.slots))
    for place in rng.permutation(len(slots)).tolist():
        if others := corpus.elsewhere(anchor, slots[place]):
            return _nearest(anchor, _drawn(others, rng))
    others = [found for intent, found in corpus.by_intent.items() if intent != anchor.intent]
    return _nearest(anchor, _drawn(others, rng))


def _exchanged(given: _Given, template: Template, number: int) -> Utterance | None:
    """A template with the values of `anchor` but for `number`, or None if fewer have others."""
    corpus, anchor, _, rng = given
    slots = list(anchor.example.slots)
    changed = 0
    for place in rng.permutation(len(slots)).tolist():
        slot = slots[place]
        value = corpus.values(slot.slot).other(slot.value, rng)
        if value is not None:
            slots[place] = slot._replace(value=value)
            changed += 1
        if changed == number:
            return template.fill_like(slots)
    return None


def _drawn(groups: Sequence[Sequence[Template]], rng: np.random.Generator) -> list[Template]:
    """Some templates, each of a group that is drawn first."""
    if not groups:
        return []
    found = []
    for of_groups, of_group in rng.random((_CANDIDATES, 2)).tolist():
        group = groups[int(of_groups * len(groups))]
        found.append(group[int(of_group * len(group))])
    return found


def _nearest(anchor: Template, others: Sequence[Template]) -> Utterance | None:
    """Of templates filled with the values of `anchor`, the one with most words in common."""
    words = _words(anchor.example)
    filled = [other.fill_like(anchor.example.slots) for other in others]
    return max(filled, key=lambda other: overlap(words, _words(other)), default=None)


def _words(utterance: Utterance) -> frozenset[str]:
    return frozenset(canonical(utterance.text).split())


_KINDS: tuple[tuple[str, float, Callable[[_Given], Utterance | None]], ...] = (
    ("values", 0.1, _values),
    ("value", 0.2, _value),
    ("template+value", 0.25, _template_and_value),
    ("swap", 0.1, _swap),
    ("slots", 0.1, _slots),
    ("intent", 0.25, _intent),
)
"""Each kind, its weight, and what makes it.

With these weights, the cosine of two bags of words hardly tells paraphrases from the others better
than chance does: its AUC is 0.60 on SNIPS and 0.49 on ATIS. Few differ in slots alone: whether "my"
is the value of one is often a habit of those who annotated, not what was said.
"""
_WEIGHTS = np.array([weight for _, weight, _ in _KINDS])
