"""Coverage of n-grams: a submodular function with diminishing returns for each n-gram.

The second selector of Cho et al. (2019), who do not say which function; this kind is that of Lin &
Bilmes (2011), "A Class of Submodular Functions for Document Summarization".
"""

from __future__ import annotations

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
_TEXTS_AT_ONCE, _ENTRIES_AT_ONCE = 1 << 15, 1 << 20


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
        sizes = (np.bincount(each.indices, minlength=len(columns)) for each in (shares, own))
        self._picked = _References(sum(sizes, np.zeros(len(columns), np.intp)))
        for place in range(len(labelled)):
            self._picked.add(*row(own, place))

    def _update(self, columns: NDArray[np.integer[Any]]) -> None:
        """Take note of other masses of some n-grams."""
        places = _ranges(self._pool.starts[columns], self._pool.starts[columns + 1])
        pairs = self._pool.by_column[places]
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
    share, `shares` (p,); those of column j are `by_column[starts[j]:starts[j + 1]]`.
    """

    texts: csr_array
    columns: NDArray[np.int32]
    shares: NDArray[np.float32]
    by_column: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, shares: csr_array) -> _SharePairs:
        """A column with fewer entries than there are shares has a pair for each of them."""
        from scipy.sparse import csr_array

        values, width = np.unique(shares.data), shares.shape[1]
        is_wide = np.bincount(shares.indices, minlength=width) >= len(values)
        tables, number = np.flatnonzero(is_wide).astype(np.int32), np.cumsum(is_wide) - 1
        size = len(tables) * len(values)
        slots = np.empty(shares.nnz, np.int32)
        narrow, own = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
        for block in blocks(shares.nnz, _ENTRIES_AT_ONCE):
            columns, entries = shares.indices[block], shares.data[block]
            slots[block] = number[columns] * len(values) + np.searchsorted(values, entries)
            alone = np.flatnonzero(~is_wide[columns])
            slots[block][alone] = size + np.arange(len(alone))
            size += len(alone)
            narrow.append(columns[alone])
            own.append(entries[alone])
        is_used = np.zeros(size, bool)
        is_used[slots] = True
        numbers = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
        for block in blocks(len(slots), _ENTRIES_AT_ONCE):
            slots[block] = numbers[slots[block]]
        table, place = np.divmod(
            np.flatnonzero(is_used[: len(tables) * len(values)]), max(len(values), 1)
        )
        columns = np.concatenate([tables[table], *narrow])
        order = np.argsort(columns, kind="stable")
        return cls(
            csr_array(
                (np.ones(shares.nnz, np.int8), slots, shares.indptr),
                shape=(shares.shape[0], len(columns)),
            ),
            columns,
            np.concatenate([values[place], *own]),
            order,
            np.searchsorted(columns[order], np.arange(width + 1)),
        )

    def row(self, place: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The n-grams of a text, and their shares."""
        pairs, _ = row(self.texts, place)
        return self.columns[pairs], self.shares[pairs]


class _References:
    """Texts that others are compared with.

    Those that have n-gram j are in `_places` from `_starts[j]` to `_ends[j]`, with shares beside.
    """

    def __init__(self, room: NDArray[np.intp]) -> None:
        """`room` (f,): how many texts at most have each n-gram."""
        self._count = 0
        self._starts = np.append(0, np.cumsum(room))[:-1]
        self._ends = self._starts.copy()
        self._places = np.empty(room.sum(), np.int32)  # memory is taken as far as it is filled
        self._shares = np.empty(len(self._places), np.float32)

    def add(self, columns: NDArray[np.int32], shares: NDArray[np.float32]) -> None:
        """Append a text."""
        ends = self._ends[columns]
        self._places[ends], self._shares[ends] = self._count, shares
        self._ends[columns] += 1
        self._count += 1

    def nearest(self, columns: NDArray[np.int32], shares: NDArray[np.float32]) -> tuple[float, int]:
        """Shared mass and place of the nearest text, of equal ones the first."""
        if not self._count:
            return 0.0, NOTHING
        starts, ends = self._starts[columns], self._ends[columns]
        entries = _ranges(starts, ends)
        common = np.minimum(self._shares[entries], np.repeat(shares, ends - starts))
        shared = np.bincount(self._places[entries], common, self._count)
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
    found = np.zeros(shares.shape[1])
    for block in blocks(shares.nnz, _ENTRIES_AT_ONCE):
        found += np.bincount(shares.indices[block], shares.data[block], len(found))
    return found


def shares_of(texts: Sequence[str], ngrams: Ngrams) -> csr_array:
    """(n, 2**bits) float32: how often a text has each n-gram, among all that it has."""
    from scipy.sparse import csr_array, vstack

    parts = [csr_array((0, 1 << ngrams.bits), dtype=np.float32)]
    for rows in blocks(len(texts), _TEXTS_AT_ONCE):
        found = ngrams.matrix(texts[rows]).astype(np.float32)
        found.data /= np.repeat(found.sum(axis=1), np.diff(found.indptr))
        parts.append(found)
    return vstack(parts, format="csr")
