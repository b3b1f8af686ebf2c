"""Fitted distances: linear functions of one vector each, exactly the same in any batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""(n, d) unit vectors whose entries are multiples of 2**-20."""

_KIND = "linear"
# A float64 holds whole numbers of 53 bits. The difference of two unit vectors is shorter than 4
# and made of multiples of 2**-20, so its products with weights of 31 bits add up exactly. Exact
# sums do not depend on how a library adds.
_WEIGHT_BITS = 31
_LARGEST = 1e100  # of a saved model; products of such numbers are finite


def step(length: float, bits: int) -> float:
    """The power of two of which a vector no longer than `length` is a multiple of `bits` bits."""
    return 2.0 ** (math.frexp(length)[1] - bits)


def rounded(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """The nearest multiples of a power of two."""
    return np.rint(values / step) * step


def as_weights(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns (d, k) rounded so that their products with unit vectors are exact."""
    longest = float(np.sqrt(np.square(columns).sum(axis=0)).max())
    return rounded(columns, step(longest, _WEIGHT_BITS))


@dataclass(frozen=True)
class Distance:
    """Maps unit vectors to distances, low for near ones.

    `weights` (d, 1), as `as_weights` makes them; `offsets` (1,).
    """

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def __call__(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n,) distances of (n, d) vectors."""
        weights = np.ascontiguousarray(self.weights[:, 0])
        # Not by BLAS: its threads wait for each other longer than this takes.
        values: NDArray[np.float64] = np.einsum("nd,d->n", vectors.astype(np.float64), weights)
        return values + self.offsets

    def about(self) -> dict[str, Any]:
        return {"kind": _KIND}

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"weights": self.weights, "offsets": self.offsets}

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Distance:
        """The distance of a saved model. Raises ValueError, KeyError or TypeError if it is not."""
        if about["kind"] != _KIND:
            raise ValueError(f"its distance is of the unknown kind {about['kind']!r:.80}")
        weights, offsets = arrays["weights"], arrays["offsets"]
        return cls(checked("weights", weights, (None, 1)), checked("offsets", offsets, (1,)))


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
