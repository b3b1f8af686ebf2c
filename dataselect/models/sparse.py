"""Sparse matrices of counts: rows, sums, inverse document frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def row(matrix: csr_array, place: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The columns and the values of one row, without a copy."""
    own = slice(matrix.indptr[place], matrix.indptr[place + 1])
    return matrix.indices[own], matrix.data[own]


def sums_of_rows(matrix: csr_array, values: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) sums of `values`, one for each entry of the matrix (n, f), in the order of entries."""
    from scipy.sparse import csr_array

    columns = np.zeros(len(values), matrix.indices.dtype)
    entries = csr_array((values, columns, matrix.indptr), shape=(matrix.shape[0], 1))
    sums: NDArray[np.float64] = entries @ np.ones(1)
    return sums


def inverse_document_frequency(counts: csr_array) -> NDArray[np.float64]:
    """(f,) `log((1 + n) / (1 + df)) + 1` of each column, smoothed as scikit-learn does."""
    n, f = counts.shape
    frequency = np.bincount(counts.indices, minlength=f)
    idf: NDArray[np.float64] = np.log((1 + n) / (1 + frequency)) + 1
    return idf
