"""The texts of a large set that are nearest to one text, by the words and word pairs they share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.sparse import sums_of_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NGRAMS = Ngrams(order=2, bits=18)  # two arrays of 2 MiB, however many texts there are


class TextSimilarity:
    """Cosines of one text to many: of counts of 1- and 2-grams, times the logarithm of rarity.

    Two passes over the many: all are counted first, then compared, in constant memory. The weight
    of an n-gram is log((1 + n) / (1 + df)) + 1 for n texts, df of which have it.

    >>> similarity = TextSimilarity("play some jazz")
    >>> others = ["play some rock", "is it raining", "play some jazz"]
    >>> similarity.count(others)
    >>> similarity.cosines(others).round(2).tolist()
    [0.46, 0.0, 1.0]
    """

    def __init__(self, text: str, ngrams: Ngrams = NGRAMS) -> None:
        self._text, self._ngrams = text, ngrams
        self._texts = 0
        self._having = np.zeros(1 << ngrams.bits, np.int64)

    def count(self, texts: Sequence[str]) -> None:
        """Count the n-grams of some more texts."""
        self._texts += len(texts)
        columns = self._ngrams.matrix(texts).indices
        self._having += np.bincount(columns, minlength=len(self._having))

    def cosines(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n,) how near each text is, from 0 to 1; once all are counted."""
        rows = self._weighted(texts)
        products = sums_of_rows(rows, rows.data * self._direction[rows.indices])
        lengths = np.sqrt(sums_of_rows(rows, rows.data**2))
        return np.minimum(products / np.where(lengths == 0, 1, lengths), 1)

    def shared(self, text: str) -> list[str]:
        """The n-grams that a text shares with the one, the rarest first; once all are counted."""
        own = {ngram: bucket for bucket, ngram in self._ngrams.strings(self._text)}
        other = {ngram for _, ngram in self._ngrams.strings(text)}
        return sorted(own.keys() & other, key=lambda ngram: (self._having[own[ngram]], ngram))

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """(f,) of each bucket."""
        weights: NDArray[np.float64] = np.log((1 + self._texts) / (1 + self._having)) + 1
        return weights

    @cached_property
    def _direction(self) -> NDArray[np.float64]:
        """(f,) the vector of the one text, of length 1."""
        row = self._weighted([self._text])
        vector = np.zeros(len(self._having))
        vector[row.indices] = row.data
        return vector / (np.sqrt((vector**2).sum()) or 1)

    def _weighted(self, texts: Sequence[str]) -> csr_array:
        rows = self._ngrams.matrix(texts)
        rows.data *= self._weights[rows.indices]
        return rows
