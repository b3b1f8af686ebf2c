"""How varied texts are: distinct n-grams, likeness of two texts, duplicates, spread of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.corpus import TokenizedCorpus

_COMPARED = (1, 2)  # n-grams whose counts are a text's vector


def distinct(corpus: TokenizedCorpus, n: int) -> float | None:
    """Distinct n-grams over all (Li et al. 2016, distinct-n); None without any.

    Falls as the corpus grows: compare corpora of equal size.
    """
    ngrams = corpus.ngrams(n)
    return _count_distinct(ngrams) / len(ngrams) if len(ngrams) else None


def duplicates(corpus: TokenizedCorpus) -> float | None:
    """The share of texts whose words an earlier text has, in the same order; None without any."""
    total = len(corpus)
    return 1 - _count_distinct(corpus.keys()) / total if total else None


def _count_distinct(values: NDArray[np.integer[Any]]) -> int:
    """How many different values there are, one or more: sorting is faster than NumPy's hashing."""
    ordered = np.sort(values)
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))


def self_similarity(corpus: TokenizedCorpus) -> float | None:
    """Mean cosine of the 1- and 2-gram counts of two different texts; None for fewer than two.

    Exact without a look at each pair: with unit vectors u, it is (|sum of u|^2 - n) / (n (n - 1)).
    A text without words does not count.
    """
    orders = [_Order.of(corpus, n) for n in _COMPARED]
    norms = np.sqrt(sum(order.squares(len(corpus)) for order in orders))
    count = int(np.count_nonzero(norms))
    if count < 2:
        return None
    length = sum(order.squared_sum(norms) for order in orders)
    return float((length - count) / (count * (count - 1)))


class _Order:
    """The n-grams of one order: `numbers` (m,) from 0 to `kinds` - 1, and the text of each."""

    def __init__(self, numbers: NDArray[np.intp], owners: NDArray[np.intp], kinds: int) -> None:
        self._numbers, self._owners, self._kinds = numbers, owners, kinds

    @classmethod
    def of(cls, corpus: TokenizedCorpus, n: int) -> _Order:
        if n == 1:
            numbers = corpus.word_numbers()
            return cls(numbers, corpus.text_numbers(1), int(numbers.max(initial=-1)) + 1)
        kinds, numbers = np.unique(corpus.ngrams(n), return_inverse=True)
        return cls(numbers, corpus.text_numbers(n), len(kinds))

    def squares(self, texts: int) -> NDArray[np.float64]:
        """(texts,) sum of the squared counts of each text's n-grams."""
        pairs, counts = np.unique(self._owners * self._kinds + self._numbers, return_counts=True)
        owners = pairs // max(self._kinds, 1)
        return np.bincount(owners, counts.astype(np.float64) ** 2, texts).astype(np.float64)

    def squared_sum(self, norms: NDArray[np.float64]) -> float:
        """The squared length of the sum of all texts' counts, each over its norm."""
        total = np.bincount(self._numbers, 1 / norms[self._owners], self._kinds)
        return float(total @ total)


def entropy(counts: Sequence[int]) -> float:
    """Of labels that occur so often, in bits."""
    shares = np.array([count for count in counts if count], np.float64) / max(sum(counts), 1)
    return abs(float(shares @ np.log2(shares)))
