"""Back-off n-gram models as arrays: what an ARPA file says, looked up for whole texts at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.vocabulary import BEGIN, Vocabulary


@dataclass(frozen=True)
class NgramOrder:
    """All n-grams of one order, sorted by history, then by word.

    `histories` (m,) int64: where the n-gram less its last word stands in the level below, 0 for
    unigrams. `words` (m,) int32: numbers of the last words. `log_probs` (m,) and `backoffs` (m,),
    float64, base 10; the highest order's back-offs are 0.
    """

    histories: NDArray[np.int64]
    words: NDArray[np.int32]
    log_probs: NDArray[np.float64]
    backoffs: NDArray[np.float64]

    def __len__(self) -> int:
        """How many n-grams."""
        return len(self.words)


Places = list[NDArray[np.int64]]
"""For each order from 1 up, where n-grams stand in its level, -1 for one that is not there."""


class WordScores(NamedTuple):
    """`log_probs` (t,) base 10 of each word given those before; `lengths` (t,) of the n-gram hit.

    Both are 0 where a sentence begins.
    """

    log_probs: NDArray[np.float64]
    lengths: NDArray[np.int8]


@dataclass(frozen=True)
class BackoffModel:
    """An n-gram model of order `len(levels)`; the first level holds every word, by number."""

    vocabulary: Vocabulary
    levels: tuple[NgramOrder, ...]

    @property
    def order(self) -> int:
        return len(self.levels)

    @cached_property
    def _keys(self) -> tuple[NDArray[np.int64], ...]:
        size = len(self.vocabulary)
        return tuple(level.histories * size + level.words for level in self.levels)

    def keys(self, order: int) -> NDArray[np.int64]:
        """(m,) one ascending number an n-gram of an order: its history, then its last word."""
        return self._keys[order - 1]

    def find(self, tokens: NDArray[np.int32]) -> Places:
        """For each order, (t,) where the n-gram that ends at each token stands, or -1.

        None reaches over the begin of a sentence, though a file may list `</s> <s>`.
        """
        begins = tokens == BEGIN
        places = [tokens.astype(np.int64)]
        for order in range(2, self.order + 1):
            histories = np.where(begins, -1, _before(places[-1]))
            places.append(self._continued(order, histories, tokens))
        return places

    def extend(self, histories: Places, words: NDArray[np.int32]) -> Places:
        """As `find`, for words (m,) that each follow what stands at `histories`, by order."""
        places = [words.astype(np.int64)]
        for order, history in zip(range(2, self.order + 1), histories, strict=False):
            places.append(self._continued(order, history, words))
        return places

    def _continued(
        self, order: int, histories: NDArray[np.int64], words: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        wanted = histories * len(self.vocabulary) + words
        return np.where(histories < 0, -1, find_sorted(self.keys(order), wanted))

    def weigh(self, histories: Places, places: Places) -> WordScores:
        """Score words found at `places`, by order, after what stands at `histories`."""
        log_probs = np.zeros(len(places[0]))
        lengths = np.zeros(len(places[0]), np.int8)
        for order, (level, place) in enumerate(zip(self.levels, places, strict=False), start=1):
            hit = place >= 0
            if order > 1:  # a longer n-gram that is missing costs the back-off of its history
                history = histories[order - 2]
                backed_off = ~hit & (history >= 0)
                log_probs[backed_off] += self.levels[order - 2].backoffs[history[backed_off]]
            log_probs[hit] = level.log_probs[place[hit]]
            lengths[hit] = order
        return WordScores(log_probs, lengths)

    def score(self, tokens: NDArray[np.int32]) -> WordScores:
        """Score sentences in a row, as `Vocabulary.encode` gives them."""
        places = self.find(tokens)
        found = self.weigh([_before(place) for place in places], places)
        begins = tokens == BEGIN
        found.log_probs[begins] = 0
        found.lengths[begins] = 0
        return found


def _before(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """(t,) what stood at the token before each, -1 for the first."""
    return np.concatenate((np.full(1, -1, np.int64), places))[:-1]


def find_sorted(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted key stands among ascending `keys`, or -1."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    places = np.searchsorted(keys, wanted)
    places[places == len(keys)] = 0
    return np.where(keys[places] == wanted, places, -1)
