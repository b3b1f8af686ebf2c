"""Sparse matrices of counts: rows, sums, inverse document frequency, singular vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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


class SingularVectors(NamedTuple):
    """Of the largest singular values, descending: `left` (n, d), `values` (d,), `right` (d, f)."""

    left: NDArray[Any]
    values: NDArray[Any]
    right: NDArray[Any]


def singular_vectors(
    matrix: csr_array, most: int, iterations: int, rng: np.random.Generator
) -> SingularVectors:
    """Of a matrix (n, f), at most so many, by a randomised decomposition (Halko et al. 2011).

    In double precision: what libraries round on other processors is then lost where their callers
    round to fewer digits.
    """
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums come out the same however many cores there are
        found = randomized_svd(
            matrix.astype(np.float64),
            min(most, *matrix.shape),
            n_iter=iterations,
            random_state=int(rng.integers(2**32)),
        )
    return SingularVectors(*found)
