"""Linear functions of n-gram counts, with weights in fixed point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataselect.models.ngrams.ngrams import Ngrams, crossing

_FRACTION_BITS = 20  # weights are multiples of 2**-20: their sums are exact, in any order
_LARGEST = 2.0 ** (31 - _FRACTION_BITS) - 1


@dataclass(frozen=True)
class NgramWeights:
    """K linear functions of n-gram counts, with a weight for each bucket seen in training.

    `buckets` (f,) ascending; `fixed` (K, f) int32, weights times 2**20. Because the weights are
    whole numbers, a sum is the same on every machine and in every batch.
    """

    ngrams: Ngrams
    buckets: NDArray[np.intp]
    fixed: NDArray[np.int32]

    @classmethod
    def of(
        cls, ngrams: Ngrams, buckets: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> NgramWeights:
        """Round real weights (K, f), for `buckets` ascending, to fixed point."""
        scaled = np.rint(np.clip(weights, -_LARGEST, _LARGEST) * 2.0**_FRACTION_BITS)
        used = (scaled != 0).any(axis=0)
        return cls(ngrams, buckets[used], scaled[:, used].astype(np.int32))

    @cached_property
    def _rows(self) -> NDArray[np.int32]:
        """Bucket to 1 + its column of `fixed`, or 0 where training never saw it."""
        rows = np.zeros(1 << self.ngrams.bits, np.int32)
        rows[self.buckets] = np.arange(1, len(self.buckets) + 1)
        return rows

    @cached_property
    def _single(self) -> NDArray[np.int32]:
        """Bucket to its weight, for one function: saves looking a column up first."""
        weights = np.zeros(1 << self.ngrams.bits, np.int32)
        weights[self.buckets] = self.fixed[0]
        return weights

    @cached_property
    def _padded(self) -> NDArray[np.int32]:
        """`fixed` with a first column of zeros, for buckets that training never saw."""
        return np.pad(self.fixed, ((0, 0), (1, 0)))

    def __getstate__(self) -> dict[str, object]:
        """Leave the derived tables out of pickles: each worker makes its own."""
        return {"ngrams": self.ngrams, "buckets": self.buckets, "fixed": self.fixed}

    def of_buckets(self, buckets: NDArray[np.intp]) -> NDArray[np.float64]:
        """(K, len(buckets)) the weights of some buckets; 0 for those that training never saw."""
        chosen: NDArray[np.float64] = self._padded[:, self._rows[buckets]] / 2.0**_FRACTION_BITS
        return chosen

    @cached_property
    def _sum_type(self) -> type[np.signedinteger[Any]]:
        """What holds a sum of one weight for each n."""
        largest = max(int(self.fixed.max(initial=0)), -int(self.fixed.min(initial=0)))
        return np.int32 if self.ngrams.order * largest < 1 << 31 else np.int64

    def sums(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """(K, n) summed weights of each text's n-grams, and (n,) how many tokens it has."""
        hashes, bounds = self.ngrams.tokens(texts)
        sums = np.zeros((len(self.fixed), len(texts)), np.int64)
        for first in range(0, len(hashes), _AT_ONCE):
            last = min(first + _AT_ONCE, len(hashes))
            begin, end = bounds.searchsorted(first, "right") - 1, bounds.searchsorted(last)
            after = max(end + 1, bounds.searchsorted(last + self.ngrams.order))
            ends = bounds[begin:after] - first
            own = ends[: end + 1 - begin].clip(0, last - first)
            starting = self._starting(hashes[first : last + self.ngrams.order - 1], ends, own[-1])
            for out, weights in zip(sums, starting, strict=True):
                so_far = np.zeros(len(weights) + 1, np.int64)
                np.cumsum(weights, out=so_far[1:])
                out[begin:end] += so_far[own[1:]] - so_far[own[:-1]]
        return sums / 2.0**_FRACTION_BITS, np.diff(bounds)

    def _starting(
        self, hashes: NDArray[np.uint64], ends: NDArray[np.intp], size: int
    ) -> Iterator[NDArray[np.signedinteger[Any]]]:
        """Yield, for each function, what the n-grams weigh that start at each token, (size,).

        `ends` of texts, where n-grams do not go on.
        """
        single = len(self.fixed) == 1
        table = self._single if single else self._rows
        found = []
        for n, buckets in enumerate(self.ngrams.buckets(hashes), start=1):
            # All are in range: "wrap" saves a check and a copy.
            found.append(table.take(buckets[:size], mode="wrap"))
            if n > 1:
                found[-1][crossing(ends, n, len(found[-1]))] = 0
        for padded in self._padded:
            each = found if single else [padded.take(rows, mode="wrap") for rows in found]
            starting = each[0].astype(self._sum_type, copy=False)
            for weights in each[1:]:
                starting[: len(weights)] += weights
            yield starting


_AT_ONCE = 1 << 16  # tokens: a text may have many millions


def divisors(token_counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) square roots of numbers of tokens, at least 1: what summed weights are divided by.

    On CLINC150 and SNIPS that found more than their sum, or their mean; among sibling intents,
    more than to count n-grams, which makes long texts seem irrelevant.
    """
    return np.sqrt(np.maximum(token_counts, 1).astype(np.float64))
