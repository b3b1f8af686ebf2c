"""Coverage of n-grams: a submodular function with diminishing returns for each n-gram.

The second selector of Cho et al. (2019), who do not say which function; this kind is that of Lin &
Bilmes (2011), "A Class of Submodular Functions for Document Summarization".
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours.blocks import blocks
from dataselect.models.ngrams import Ngrams
from dataselect.models.sparse import row, sums_of_rows
from dataselect.operations.diversity.greedy import NOTHING, NearestPick, Objective

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NGRAMS = Ngrams(order=2)
_TEXTS_AT_ONCE = 1 << 15


class NgramCoverage(Objective):
    """The sum over n-grams of sqrt(p * q): p is their mass in the pool, q that in the picks.

    The n-grams of a text share a mass of 1, so the sum is highest for picks in which they have the
    shares that they have in the pool: divided by the sizes, it is the Bhattacharyya coefficient of
    the two distributions. Labelled texts count as picks.
    """

    adds_up: ClassVar[bool] = True

    def __init__(
        self, pool: Sequence[str], labelled: Sequence[str], ngrams: Ngrams = NGRAMS
    ) -> None:
        self._pool, own = (shares_of(texts, ngrams) for texts in (pool, labelled))
        self._weights = np.sqrt(_masses(self._pool))
        self._masses = _masses(own)
        self._references = _References()
        for place in range(len(labelled)):
            self._references.add(*row(own, place))

    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        rows = self._pool[items]
        before = self._masses[rows.indices]
        growth = self._weights[rows.indices] * (np.sqrt(before + rows.data) - np.sqrt(before))
        return sums_of_rows(rows, growth)

    def nearest(self, items: NDArray[np.intp]) -> NearestPick:
        """By what two texts share of the mass of their n-grams."""
        found = [self._references.nearest(*row(self._pool, item)) for item in items.tolist()]
        similarities, places = zip(*found, strict=True) if found else ((), ())
        return NearestPick(np.array(similarities, np.float64), np.array(places, np.intp))

    def add(self, item: int) -> None:
        columns, shares = row(self._pool, item)
        self._masses[columns] += shares
        self._references.add(columns, shares)


class _References:
    """Texts that others are compared with, by n-gram."""

    def __init__(self) -> None:
        self._count = 0
        self._having: dict[int, tuple[array[int], array[float]]] = {}

    def add(self, columns: NDArray[np.int32], shares: NDArray[np.float32]) -> None:
        """Append a text."""
        for column, share in zip(columns.tolist(), shares.tolist(), strict=True):
            places, own = self._having.setdefault(column, (array("l"), array("f")))
            places.append(self._count)
            own.append(share)
        self._count += 1

    def nearest(self, columns: NDArray[np.int32], shares: NDArray[np.float32]) -> tuple[float, int]:
        """Shared mass and place of the nearest text, of equal ones the first."""
        if not self._count:
            return 0.0, NOTHING
        shared = np.zeros(self._count)
        for column, share in zip(columns.tolist(), shares.tolist(), strict=True):
            if column in self._having:
                places, others = map(np.asarray, self._having[column])
                shared[places] += np.minimum(others, share)
        best = int(shared.argmax())
        return min(float(shared[best]), 1.0), best


def _masses(shares: csr_array) -> NDArray[np.float64]:
    """(f,) the sum of each column."""
    found = np.bincount(shares.indices, shares.data, minlength=shares.shape[1])
    return found.astype(np.float64, copy=False)


def shares_of(texts: Sequence[str], ngrams: Ngrams) -> csr_array:
    """(n, 2**bits) float32: how often a text has each n-gram, among all that it has."""
    from scipy.sparse import csr_array, vstack

    parts = [csr_array((0, 1 << ngrams.bits), dtype=np.float32)]
    for rows in blocks(len(texts), _TEXTS_AT_ONCE):
        found = ngrams.matrix(texts[rows]).astype(np.float32)
        found.data /= np.repeat(found.sum(axis=1), np.diff(found.indptr))
        parts.append(found)
    return vstack(parts, format="csr")
