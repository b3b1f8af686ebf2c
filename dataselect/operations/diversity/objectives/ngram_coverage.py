"""Coverage of n-grams: a submodular function with diminishing returns for each n-gram.

The second selector of Cho et al. (2019), who do not say which function; this kind is that of Lin &
Bilmes (2011), "A Class of Submodular Functions for Document Summarization".
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours.blocks import blocks
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.sparse import row, sums_of_rows
from dataselect.operations.diversity.objectives.objective import (
    NOTHING,
    NearestPick,
    WatchableObjective,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NGRAMS = Ngrams(order=2)
_TEXTS_AT_ONCE = 1 << 15
_TINY = 1e-30
_ABOVE_ROUNDING = 1 + 1e-4  # of float32


class NgramCoverage(WatchableObjective):
    """The sum over n-grams of sqrt(p * q): p is their mass in the pool, q that in the picks.

    The n-grams of a text share a mass of 1, so the sum is highest for picks in which they have the
    shares that they have in the pool: divided by the sizes, it is the Bhattacharyya coefficient of
    the two distributions. Labelled texts count as picks.
    """

    adds_up: ClassVar[bool] = True

    def __init__(
        self,
        pool: Sequence[str],
        labelled: Sequence[str],
        ngrams: Ngrams = NGRAMS,
        masses: NDArray[np.float64] | None = None,
    ) -> None:
        """`masses` (2**bits,): of the n-grams of a pool that `pool` is a part of."""
        self._pool, own = (shares_of(texts, ngrams) for texts in (pool, labelled))
        masses = masses_of(self._pool) if masses is None else masses
        known = masses_of(own)
        columns = _renumber(self._pool, own)
        self._weights = np.sqrt(masses[columns])
        self._masses = known[columns]
        self._roots = np.sqrt(self._masses)
        counts = np.bincount(self._pool.indices, minlength=len(columns))
        self._usual = masses_of(self._pool) / counts.clip(1)  # shares
        self._slopes, self._intercepts = np.zeros((2, len(columns)), np.float32)
        self._update(np.arange(len(columns)))
        self._picked: list[NDArray[np.int32]] = []  # the n-grams of each pick
        self._references = _References()
        for place in range(len(labelled)):
            self._references.add(*row(own, place))

    def _update(self, columns: NDArray[np.integer[Any]]) -> None:
        """Take note of other masses of some n-grams.

        What one adds is concave in its share, so the tangent at a usual share is a bound.
        """
        masses, weights, usual = (
            each[columns] for each in (self._masses, self._weights, self._usual)
        )
        roots, after = np.sqrt(masses), np.sqrt(masses + usual)
        slopes = weights / (2 * after).clip(_TINY)
        self._roots[columns] = roots
        self._slopes[columns] = slopes
        self._intercepts[columns] = weights * (after - roots) - slopes * usual

    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        rows = self._pool[items]
        return sums_of_rows(rows, self._growth(rows.indices, rows.data))

    def _growth(
        self, columns: NDArray[np.int32], shares: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """What each of some n-grams would add if a text with such a share of it were picked."""
        growth: NDArray[np.float64] = np.sqrt(self._masses[columns] + shares)
        growth -= self._roots[columns]
        growth *= self._weights[columns]
        return growth

    def bounds(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        found = np.empty(len(items))
        for block in blocks(len(items), _TEXTS_AT_ONCE):
            rows = self._pool[items[block]]
            found[block] = rows @ self._slopes
            rows.data.fill(1)
            found[block] += rows @ self._intercepts
        found *= _ABOVE_ROUNDING
        return found

    def watch(self, items: NDArray[np.intp]) -> Callable[[], NDArray[np.float64]]:
        rows = self._pool[items]
        order = np.argsort(rows.indices, kind="stable")
        columns, shares = rows.indices[order], rows.data[order]
        growth = self._growth(rows.indices, rows.data)
        seen = len(self._picked)

        def gains() -> NDArray[np.float64]:
            """Computes again what the n-grams of the latest picks add."""
            nonlocal seen
            if seen < len(self._picked):
                changed = np.unique(np.concatenate(self._picked[seen:]))
                seen = len(self._picked)
                starts = np.searchsorted(columns, changed)
                ends = np.searchsorted(columns, changed, side="right")
                entries = _ranges(starts, ends)
                growth[order[entries]] = self._growth(columns[entries], shares[entries])
            return sums_of_rows(rows, growth)

        return gains

    def nearest(self, items: NDArray[np.intp]) -> NearestPick:
        """By what two texts share of the mass of their n-grams."""
        found = [self._references.nearest(*row(self._pool, item)) for item in items.tolist()]
        similarities, places = zip(*found, strict=True) if found else ((), ())
        return NearestPick(np.array(similarities, np.float64), np.array(places, np.intp))

    def add(self, item: int) -> None:
        columns, shares = row(self._pool, item)
        self._masses[columns] += shares
        self._update(columns)
        self._picked.append(columns)
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


def _ranges(starts: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """The integers of all ranges from a start to the end beside it."""
    lengths = ends - starts
    shifts = np.repeat(ends - np.cumsum(lengths), lengths)
    return np.arange(len(shifts)) + shifts


def _renumber(*matrices: csr_array) -> NDArray[np.intp]:
    """Leave only the columns that matrices have entries in; return which these are."""
    size = matrices[0].shape[1]
    is_used = np.zeros(size, bool)
    for each in matrices:
        is_used[each.indices] = True
    columns = np.flatnonzero(is_used)
    numbers = np.cumsum(is_used, dtype=np.int32) - 1
    for each in matrices:
        each.indices = numbers[each.indices]
        each.resize(each.shape[0], len(columns))
    return columns


def masses_of(shares: csr_array) -> NDArray[np.float64]:
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
