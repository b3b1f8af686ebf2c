"""The texts of a large set that are nearest to one text, by the words and word pairs they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.ngrams.tokens import word_spans
from dataselect.models.sparse import sums_of_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NGRAMS = Ngrams(order=2, bits=18)  # two arrays of 2 MiB, however many texts there are
MOST_SHARED = 1_000
_WORDS_AT_ONCE = 1 << 18


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

    def shared(self, text: str, most: int = MOST_SHARED) -> list[str]:
        """The n-grams that a text shares with the one, the rarest first; once all are counted.

        No more than `most`, those that come first in the text where some are equally rare: only
        these are spelt.
        """
        hashes, own = self._keys.tokens([text]).hashes, self._own_keys
        found = np.empty((0, 4), np.int64)  # how many texts have it, first word, n, key
        for first in range(0, len(hashes) if len(own) else 0, _WORDS_AT_ONCE):
            words = hashes[first : first + _WORDS_AT_ONCE + self._keys.order - 1]
            for n, keys in enumerate(self._keys.buckets(words), start=1):
                is_own = own.take(own.searchsorted(keys), mode="clip") == keys
                places = np.flatnonzero(is_own[:_WORDS_AT_ONCE])
                buckets = keys[places].view(np.uint64) >> np.uint64(64 - self._ngrams.bits)
                columns = self._having[buckets], places + first, np.full_like(places, n)
                found = np.concatenate((found, np.column_stack((*columns, keys[places]))))
                found = found[np.sort(np.unique(found[:, 3], return_index=True)[1])]
                found = found[np.lexsort((found[:, 2], found[:, 1], found[:, 0]))[:most]]
        spans = word_spans([text], self._ngrams.lowercase)
        having, starts, sizes, _ = found.T
        spelt = [
            " ".join(spans.spellings(np.arange(start, start + size)))
            for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)
        ]
        return [ngram for _, ngram in sorted(zip(having.tolist(), spelt, strict=True))]

    @property
    def _keys(self) -> Ngrams:
        """N-grams with a bucket for each, of which the top bits are the bucket of `_ngrams`."""
        return replace(self._ngrams, bits=64)

    @cached_property
    def _own_keys(self) -> NDArray[np.int64]:
        """Those of the one text, ascending."""
        hashes = self._keys.tokens([self._text]).hashes
        found = np.concatenate([np.empty(0, np.int64), *self._keys.buckets(hashes)])
        found.sort()
        return found

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
