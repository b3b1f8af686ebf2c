"""Context distributions of values, as positive pointwise mutual information."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from dataselect.operations.values.annotated_values import ValuesOfSlot

_SMOOTHING = 0.75  # of context counts, as Levy et al. (2015): rare contexts weigh less


def context_rows(values: ValuesOfSlot) -> csr_array:
    """(n, f) PPMI of each value and the n-grams around it, unit rows; a row may be empty."""
    sizes = np.array([len(each) for each in values.features], np.intp)
    flat = np.array([each for own in values.features for each in own], np.intp)
    starts = np.cumsum(sizes) - sizes
    contexts = np.asarray(values.contexts, np.intp)
    each = sizes[contexts]
    owners = np.repeat(np.asarray(values.values, np.intp), each)
    offsets = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    columns = flat[np.repeat(starts[contexts], each) + offsets]
    distinct, places = np.unique(columns, return_inverse=True)
    counts = csr_array((np.ones(len(places)), (owners, places)), shape=(len(values), len(distinct)))
    counts.sum_duplicates()
    return unit_rows(_ppmi(counts))


def _ppmi(counts: csr_array) -> csr_array:
    """Of smoothed context counts."""
    total = counts.sum()
    smooth = np.asarray(counts.sum(axis=0)) ** _SMOOTHING
    chances = smooth / smooth.sum()
    own = np.repeat(np.asarray(counts.sum(axis=1)), np.diff(counts.indptr))
    found = counts.copy()
    found.data = np.maximum(np.log(counts.data / own / chances[counts.indices]), 0)
    found.eliminate_zeros()
    return found if total else counts


def unit_rows(rows: csr_array) -> csr_array:
    """The rows divided by their lengths; empty ones stay."""
    own = np.repeat(np.sqrt(np.asarray((rows * rows).sum(axis=1))), np.diff(rows.indptr))
    found = rows.copy()
    found.data = rows.data / own
    return found


def cosines(rows: csr_array, pairs: NDArray[np.intp]) -> NDArray[np.float64]:
    """(p,) cosines of the rows that each pair names."""
    found: NDArray[np.float64] = np.asarray(
        rows[pairs[:, 0]].multiply(rows[pairs[:, 1]]).sum(axis=1)
    )
    return found
