"""Coverage of n-grams: a submodular function with diminishing returns for each n-gram.

The second selector of Cho et al. (2019), who do not say which function; this kind is that of Lin &
Bilmes (2011), "A Class of Submodular Functions for Document Summarization".
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours.blocks import blocks
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.sparse import row
from dataselect.operations.diversity.objectives.objective import (
    NOTHING,
    NearestPick,
    WatchableObjective,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NGRAMS = Ngrams(order=2)
_TEXTS_AT_ONCE = 1 << 15


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
        shares, own = (shares_of(texts, ngrams) for texts in (pool, labelled))
        columns = _renumber(shares, own)
        self._weights = np.sqrt(masses_of(shares) if masses is None else masses[columns])
        self._masses = masses_of(own)
        self._pool = _SharePairs.of(shares)
        self._growth = np.empty(len(self._pool.shares))  # what each pair would add to the sum
        self._update(np.arange(len(columns)))
        self._ones = np.ones(0)
        self._picked = _References()
        for place in range(len(labelled)):
            self._picked.add(*row(own, place))

    def _update(self, columns: NDArray[np.integer[Any]]) -> None:
        """Take note of other masses of some n-grams."""
        pairs = _ranges(self._pool.starts[columns], self._pool.starts[columns + 1])
        own = self._pool.columns[pairs]
        masses = self._masses[own]
        growth = np.sqrt(masses + self._pool.shares[pairs])
        growth -= np.sqrt(masses)
        growth *= self._weights[own]
        self._growth[pairs] = growth

    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        found = np.empty(len(items))
        for block in blocks(len(items), _TEXTS_AT_ONCE):
            found[block] = self._pool.texts[items[block]] @ self._growth
        return found

    def watch(self, items: NDArray[np.intp]) -> Callable[[], NDArray[np.float64]]:
        texts = self._pool.texts[items]
        if len(self._ones) < texts.nnz:
            self._ones = np.ones(texts.nnz)
        texts.data = self._ones[: texts.nnz]  # as sums are, or each product converts its own
        return lambda: texts @ self._growth

    def nearest(self, items: NDArray[np.intp]) -> NearestPick:
        """By what two texts share of the mass of their n-grams."""
        found = [self._picked.nearest(*self._pool.row(item)) for item in items.tolist()]
        similarities, places = zip(*found, strict=True) if found else ((), ())
        return NearestPick(np.array(similarities, np.float64), np.array(places, np.intp))

    def add(self, item: int) -> None:
        columns, shares = self._pool.row(item)
        self._masses[columns] += shares
        self._update(columns)
        self._picked.add(columns, shares)


class _SharePairs(NamedTuple):
    """Shares (n, f) as the pairs of column and share that occur: many texts have the same ones.

    `texts` (n, p): 1 where a text has a pair. A pair is of the n-gram `columns` (p,) and of a
    share, `shares` (p,); those of column j are `starts[j]` to `starts[j + 1]`.
    """

    texts: csr_array
    columns: NDArray[np.int32]
    shares: NDArray[np.float32]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, shares: csr_array) -> _SharePairs:
        """Two transpositions bring entries of the same share and column together."""
        from scipy.sparse import csc_array, csr_array

        values = np.unique(shares.data)
        codes = np.searchsorted(values, shares.data).astype(np.int32)
        columns = csr_array((codes, shares.indices, shares.indptr), shape=shares.shape).tocsc()
        entries = (np.arange(shares.nnz, dtype=np.int32), columns.data, columns.indptr)
        pairs = csr_array(entries, shape=(shares.shape[1], len(values))).tocsc()
        is_first = np.ones(shares.nnz, bool)
        np.not_equal(pairs.indices[1:], pairs.indices[:-1], out=is_first[1:])
        is_first[pairs.indptr[:-1]] = True
        first = np.flatnonzero(is_first)
        order = np.argsort(pairs.indices[first], kind="stable")
        first = first[order]
        places = np.empty(len(order), np.int32)
        places[order] = np.arange(len(order))
        numbers = columns.data  # in its memory
        numbers[pairs.data] = places[np.cumsum(is_first, dtype=np.int32) - 1]
        texts = csc_array((numbers, columns.indices, columns.indptr), shape=shares.shape).tocsr()
        own = pairs.indices[first]
        return cls(
            csr_array(
                (np.ones(shares.nnz, np.int8), texts.data, texts.indptr),
                shape=(shares.shape[0], len(first)),
            ),
            own,
            values[np.searchsorted(pairs.indptr, first, side="right") - 1],
            np.searchsorted(own, np.arange(shares.shape[1] + 1)),
        )

    def row(self, place: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The n-grams of a text, and their shares."""
        pairs, _ = row(self.texts, place)
        return self.columns[pairs], self.shares[pairs]


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
