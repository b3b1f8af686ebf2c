"""Coordinates in which vectors are compared: as they are, or whitened."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataselect.models.encoders.base import FRACTION

Vectors = NDArray[np.float32]
"""(n, d) unit vectors whose entries are multiples of 2**-20."""

# A float64 holds whole numbers of 53 bits. The difference of two unit vectors is shorter than 4
# and made of multiples of 2**-20, so its products with weights of 31 bits add up exactly; so do
# squared distances of coordinates of 25 bits. Exact sums do not depend on how a library adds.
_WEIGHT_BITS = 31
_COORDINATE_BITS = 25
_LONGEST = 4.0
_LARGEST = 1e100  # of a saved model; products of such numbers are finite

# Share of the in-domain text in the covariance. With none, directions in which chat lines vary
# most are stretched, and their average precision among general text is 0.004 to 0.014 lower; with
# half, news loses 0.05.
_MOST_IN_DOMAIN = 0.1


def rounded(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """The nearest multiples of a power of two."""
    return np.rint(values / step) * step


def _step(length: float, bits: int) -> float:
    """The power of two of which a vector no longer than `length` is a multiple of `bits` bits."""
    return 2.0 ** (math.frexp(length)[1] - bits)


def as_weights(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns (d, k) rounded so that their products with unit vectors are exact."""
    longest = float(np.sqrt(np.square(columns).sum(axis=0)).max())
    return rounded(columns, _step(longest, _WEIGHT_BITS))


@dataclass(frozen=True)
class Space:
    """Affine coordinates of unit vectors, (vector - origin) @ matrix.

    `origin` (d,) multiples of 2**-20; `matrix` (d, d), or None where nothing is turned or
    stretched; `step`: the power of two of which coordinates are multiples.
    """

    origin: NDArray[np.float64]
    matrix: NDArray[np.float64] | None
    step: float

    def __call__(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n, d) coordinates."""
        moved = vectors.astype(np.float64) - self.origin
        return rounded(moved if self.matrix is None else moved @ self.matrix, self.step)

    @classmethod
    def raw(cls, dimension: int) -> Space:
        """The vectors as they are."""
        return cls(np.zeros(dimension), None, 1 / FRACTION)

    @classmethod
    def whitened(cls, corpus: Vectors, in_domain: Vectors, shrinkage: float) -> Space:
        """Text varies alike in all directions; that of the corpus around the origin, by 1 in each.

        The covariance is that within the corpus and within the in-domain text, pooled.
        `shrinkage`, times the mean variance, is added to the variance of each direction: without,
        directions in which hardly anything varies would count as much as any other.
        """
        origin = rounded(corpus.mean(axis=0, dtype=np.float64), 1 / FRACTION)
        of_corpus = _covariance(corpus)
        if not of_corpus.any():  # the corpus is one point
            return cls(origin, None, 1 / FRACTION)
        share = min(len(in_domain) / (len(in_domain) + len(corpus)), _MOST_IN_DOMAIN)
        covariance = (1 - share) * of_corpus + share * _covariance(in_domain)
        added = shrinkage * float(np.trace(covariance)) / len(origin)
        matrix = _inverse_factor(covariance + added * np.eye(len(origin)))
        mean = float((of_corpus @ matrix * matrix).sum()) / len(origin)
        most_stretched = _LONGEST / math.sqrt(added * mean)
        step = _step(most_stretched, _COORDINATE_BITS)
        return cls(origin, as_weights(matrix / math.sqrt(mean)), step)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What `restore` needs, beside the step."""
        return {"origin": self.origin} | ({} if self.matrix is None else {"matrix": self.matrix})

    @classmethod
    def restore(cls, step: float, arrays: Mapping[str, NDArray[Any]]) -> Space:
        """A space of what `arrays` gave. Raises ValueError for arrays that make no sense."""
        origin, matrix = arrays["origin"], arrays.get("matrix")
        checked("origin", origin, (None,))
        if matrix is not None:
            checked("matrix", matrix, (len(origin), len(origin)))
        if not (isinstance(step, float) and math.isfinite(step) and math.frexp(step)[0] == 0.5):
            raise ValueError(f"its step is {step!r}, not a power of two")
        return cls(origin, matrix, step)


def checked(name: str, values: NDArray[Any], shape: tuple[int | None, ...]) -> NDArray[Any]:
    """The values, float64 up to 1e100 of some shape, where None stands for any length but 0.

    Raises ValueError if they are not.
    """
    fits = len(values.shape) == len(shape) and all(
        wanted == length or (wanted is None and length > 0)
        for length, wanted in zip(values.shape, shape, strict=True)
    )
    if not fits or values.dtype != np.float64 or not (np.abs(values) <= _LARGEST).all():
        raise ValueError(f"its {name} make no sense")
    return values


def _covariance(vectors: Vectors) -> NDArray[np.float64]:
    """(d, d) covariance of vectors (n, d)."""
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    covariance: NDArray[np.float64] = centred.T @ centred / len(vectors)
    return covariance


def _inverse_factor(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d, d) W for which W.T @ covariance @ W is the identity."""
    from scipy.linalg import solve_triangular

    lower = np.linalg.cholesky(covariance)
    inverse: NDArray[np.float64] = solve_triangular(lower, np.eye(len(lower)), lower=True)
    return inverse.T
