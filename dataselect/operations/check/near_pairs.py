"""Pairs of texts that are nearly the same: all whose cosine is high, without comparing all pairs.

By prefix filtering (Bayardo et al. 2007): two unit rows whose cosine is t share one of the
rarest features of each that make up 1 - t² of its length; only texts that do are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.models.neighbours.blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_PAIRS = 1 << 16  # of which cosines are computed at a time
_ROWS = 2_048
_ROUNDING = 1e-6  # of squares in single precision


class NearPairs(NamedTuple):
    """Pairs of places, (p,) each, the first before the second, and their cosines."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    cosines: NDArray[np.float64]


def near_pairs(rows: csr_array, least: float) -> NearPairs:
    """All pairs of unit rows whose cosine is at least that."""
    found = [np.empty((2, 0), np.intp)]
    cosines = [np.empty(0)]
    for first, second in _candidates(_prefixes(rows, least)):
        for start in range(0, len(first), _PAIRS):
            one, other = first[start : start + _PAIRS], second[start : start + _PAIRS]
            values = rows[one].multiply(rows[other]).sum(axis=1)
            near = values >= least
            found.append(np.stack([one[near], other[near]]))
            cosines.append(values[near])
    first, second = np.concatenate(found, axis=1)
    return NearPairs(first, second, np.concatenate(cosines))


def _prefixes(rows: csr_array, least: float) -> csr_array:
    """(n, f) 1 for the rarest features of each row, that make up more than 1 - least² of it."""
    from scipy.sparse import vstack

    rarity = np.bincount(rows.indices, minlength=rows.shape[1])
    parts = [_rarest(rows[part], rarity, 1 - least**2) for part in blocks(rows.shape[0], _ROWS)]
    return vstack(parts, format="csr")


def _rarest(rows: csr_array, rarity: NDArray[np.intp], share: float) -> csr_array:
    """(r, f) 1 for the features of some rows that make up that share, the rarest first."""
    from scipy.sparse import csr_array

    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    order = np.lexsort((rows.indices, rarity[rows.indices], row))
    squares = rows.data[order].astype(np.float64) ** 2
    before = np.cumsum(squares) - squares
    first = np.minimum(rows.indptr[:-1], max(len(before) - 1, 0))
    before -= np.repeat(
        before[first] if len(before) else np.zeros(len(first)), np.diff(rows.indptr)
    )
    chosen = order[before <= share + _ROUNDING]
    ones = np.ones(len(chosen), np.float32)
    return csr_array((ones, (row[chosen], rows.indices[chosen])), shape=rows.shape)


def _candidates(prefixes: csr_array) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Pairs of rows that share a feature."""
    columns = prefixes.T.tocsr()
    for start in range(0, prefixes.shape[0], _ROWS):
        shared = (prefixes[start : start + _ROWS] @ columns).tocoo()
        first, second = shared.row + start, shared.col
        ahead = first < second
        yield first[ahead].astype(np.intp), second[ahead].astype(np.intp)
