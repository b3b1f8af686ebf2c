"""Background texts that are nearly in-domain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.sparse import sums_of_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_NEAR_COPY = 0.8  # Jaccard overlap of n-grams from which a background text is a near-copy
_PAIRS_AT_ONCE = 10_000_000  # compared in one matrix product: 120 MB where every pair overlaps


def near_copies(copies: csr_array, originals: csr_array) -> NDArray[np.bool_]:
    """(n,) whether each row of `copies` shares 80 % of its distinct columns with an original.

    Jaccard index of the columns that are not zero; both (·, f) sparse counts.
    """
    found = np.zeros(copies.shape[0], bool)
    known = np.bincount(originals.indices, minlength=originals.shape[1]) > 0
    overlap = sums_of_rows(copies, known[copies.indices])  # with all originals together
    likely = np.flatnonzero(overlap >= _NEAR_COPY * np.diff(copies.indptr))
    sizes = np.diff(originals.indptr)
    right = originals.sign().T.tocsc()
    rows = max(1, _PAIRS_AT_ONCE // max(1, originals.shape[0]))
    for start in range(0, len(likely), rows):
        some = likely[start : start + rows]
        left = copies[some].sign()
        shared = (left @ right).tocoo()
        union = np.diff(left.indptr)[shared.row] + sizes[shared.col] - shared.data
        found[some[shared.row[shared.data >= _NEAR_COPY * union]]] = True
    return found
