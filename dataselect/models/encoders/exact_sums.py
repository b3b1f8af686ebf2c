"""Sums of rows of whole numbers: the same in any order, at the speed of single precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_EXACT_BELOW = 2.0**24  # float32 holds every whole number up to here, float64 up to 2**53


@dataclass(frozen=True)
class SummableRows:
    """Rows that can be summed: `values` (f, d) whole numbers, `reach` (f,) the largest of each.

    `reach` is of absolute values.
    """

    values: NDArray[np.float32]
    reach: NDArray[np.float32]

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> SummableRows:
        largest = np.maximum(values.max(axis=1, initial=0), -values.min(axis=1, initial=0))
        return cls(values, largest)


def exact_sums(*parts: tuple[csr_array, SummableRows]) -> NDArray[np.float32]:
    """(n, d) sums over all parts of counts times rows, rounded once, to float32."""
    return unrounded_sums(*parts).astype(np.float32, copy=False)


def unrounded_sums(
    *parts: tuple[csr_array, SummableRows],
) -> NDArray[np.float32] | NDArray[np.float64]:
    """(n, d) sums over all parts of counts times rows, whole numbers.

    The counts of a part are (n, f) sparse float32 whole numbers. Partial sums never exceed the
    sum of what the rows reach: where that is below 2**24, single precision is exact. If it is not
    for some row, all are in double precision.
    """
    sums: NDArray[np.float32] = sum(counts @ rows.values for counts, rows in parts)
    reach = sum(counts @ rows.reach for counts, rows in parts)
    far = np.flatnonzero(reach >= _EXACT_BELOW)
    if not far.size:
        return sums
    wide = sums.astype(np.float64)
    wide[far] = sum(_double_precision(counts[far], rows) for counts, rows in parts)
    return wide


def _double_precision(counts: csr_array, rows: SummableRows) -> NDArray[np.float64]:
    used = np.unique(counts.indices)
    sums: NDArray[np.float64] = counts[:, used].astype(np.float64) @ rows.values[used].astype(
        np.float64
    )
    return sums
