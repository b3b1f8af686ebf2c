"""Pairs of utterances to train a paraphrase detector on, after Cho et al. (2019)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple, TypeVar

import numpy as np

from dataselect.data.annotations import Utterance
from dataselect.models.paraphrase_detector.pairs.annotated_corpus import AnnotatedCorpus
from dataselect.models.paraphrase_detector.pairs.hard_negatives import negatives
from dataselect.models.paraphrase_detector.pairs.templates import (
    Template,
    canonical,
    meaning,
    overlap,
)

_Item = TypeVar("_Item")
_TRIES = 5  # at a negative pair that is new
_PATIENCE = 100  # failures in a row after which an intent has given all
_FEW = 3  # templates of which the least alike is taken first


class TrainingPair(NamedTuple):
    """Two utterances, whether they are paraphrases, and how they were made."""

    one: Utterance
    other: Utterance
    label: int
    kind: str

    def as_record(self, id_: str) -> dict[str, Any]:
        """The pair as `paraphrase train` reads it."""
        one, other = self.one, self.other
        return {
            "id": id_,
            "text1": one.text,
            "text2": other.text,
            "label": self.label,
            "kind": self.kind,
            "intent1": one.intent,
            "intent2": other.intent,
            "slots1": [slot._asdict() for slot in one.slots],
            "slots2": [slot._asdict() for slot in other.slots],
            "id1": one.id,
            "id2": other.id,
        }


def make_pairs(
    corpus: AnnotatedCorpus, size: int, rng: np.random.Generator
) -> Iterator[TrainingPair]:
    """Yield up to `size` distinct pairs, paraphrases and others by turns, evenly over intents.

    An intent that can give no more leaves its share to the others.
    """
    maker = _Maker(corpus, rng)
    intents = [maker.of_intent(intent) for intent in corpus.by_intent]
    return islice(chain.from_iterable(_by_turns(intents)), size)


class _Maker:
    """Makes pairs of a corpus, none twice."""

    def __init__(self, corpus: AnnotatedCorpus, rng: np.random.Generator) -> None:
        self._corpus, self._rng = corpus, rng
        self._known: set[frozenset[str]] = set()

    def of_intent(self, intent: str | None) -> Iterator[tuple[TrainingPair, TrainingPair]]:
        """Yield positive pairs, each with a negative one: of utterances, then of other values."""
        corpus, rng = self._corpus, self._rng
        anchors = corpus.by_intent[intent]
        order = rng.permutation(len(anchors)).tolist()
        # Every utterance gets a first partner, then every one a second, and so on.
        for candidate in _by_turns([_partners(corpus, anchors[place], rng) for place in order]):
            if found := self._counterparts(*candidate):
                yield found
        anchors = [each for each in anchors if each.slots and len(corpus.alike(each)) > 1]
        misses = 0
        while anchors and misses < _PATIENCE:
            anchor = corpus.refilled(anchors[int(rng.integers(len(anchors)))], rng)
            alike = corpus.alike(anchor)
            found = self._counterparts(anchor, alike[int(rng.integers(len(alike)))], "refilled")
            misses = 0 if found else misses + 1
            if found:
                yield found

    def _counterparts(
        self, anchor: Template, partner: Template, kind: str
    ) -> tuple[TrainingPair, TrainingPair] | None:
        """A positive pair of the example of `anchor` and a negative one, or None if one is known.

        `partner`: another template with the same slot types.
        """
        own = anchor.example
        positive = TrainingPair(own, partner.fill_like(own.slots), 1, kind)
        key = _texts(positive)
        if len(key) == 1 or key in self._known:
            return None
        for _ in range(_TRIES):
            for negative_kind, other in negatives(self._corpus, anchor, partner, self._rng):
                negative = TrainingPair(own, other, 0, negative_kind)
                other_key = _texts(negative)
                is_new = len(other_key) > 1 and other_key != key and other_key not in self._known
                if is_new and meaning(own) != meaning(other):
                    self._known |= {key, other_key}
                    return _turned(positive, self._rng), _turned(negative, self._rng)
        return None


def _partners(
    corpus: AnnotatedCorpus, anchor: Template, rng: np.random.Generator
) -> Iterator[tuple[Template, Template, str]]:
    """Yield `anchor`, another template with its slot types, those of twins first, and the kind."""
    if not anchor.slots:
        for template in _far_first(anchor, corpus.alike(anchor), rng):
            yield anchor, template, "slotless"
        return
    twins = corpus.twins(anchor)
    for template in _far_first(anchor, list(twins.values()), rng):
        yield anchor, template, "corpus"
    for template in _far_first(anchor, corpus.alike(anchor), rng):
        if template.key not in twins:
            yield anchor, template, "template"


def _far_first(
    anchor: Template, templates: Sequence[Template], rng: np.random.Generator
) -> Iterator[Template]:
    """Yield templates other than `anchor` in random order, of each few the least alike first."""
    places = _places(len(templates), rng)
    while few := [templates[place] for place in islice(places, _FEW)]:
        for template in sorted(few, key=lambda each: overlap(anchor.words, each.words)):
            if template.key != anchor.key:
                yield template


def _places(size: int, rng: np.random.Generator) -> Iterator[int]:
    """Yield 0 to `size` - 1, each once, in an order that takes no memory as a permutation does."""
    start, step = rng.integers(1, size + 1, 2).tolist()
    while math.gcd(step, size) > 1:
        step += 1
    for number in range(size):
        yield (start + number * step) % size


def _by_turns(sources: Iterable[Iterator[_Item]]) -> Iterator[_Item]:
    """Yield one item of each source, then the next of each, until none has more."""
    waiting = deque(sources)
    while waiting:
        source = waiting.popleft()
        for item in islice(source, 1):
            waiting.append(source)
            yield item


def _texts(pair: TrainingPair) -> frozenset[str]:
    """What tells pairs apart: one text only, where both are the same."""
    return frozenset((canonical(pair.one.text), canonical(pair.other.text)))


def _turned(pair: TrainingPair, rng: np.random.Generator) -> TrainingPair:
    """The pair in either order, so that the order tells nothing."""
    return pair._replace(one=pair.other, other=pair.one) if rng.integers(2) else pair
