"""Values as an encoder sees them, by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dataselect.models.encoders.base import portions
from dataselect.models.neighbours.blocks import blocks

if TYPE_CHECKING:
    from dataselect.models.encoders.base import Encoder

_ROWS = 4_096
_DECIMALS = 6


def encoded_values(
    values: Sequence[str], encoder: Encoder, advance: Callable[[int], None]
) -> NDArray[np.float32]:
    """(n, d) unit vectors."""
    none = np.empty((0, encoder.dimension), np.float32)
    return np.concatenate([none, *portions(encoder, values, advance)])


def vector_cosines(vectors: NDArray[np.float32], pairs: NDArray[np.intp]) -> NDArray[np.float64]:
    """(p,) cosines of pairs of unit vectors; sums of float64 are exact."""
    found = np.zeros(len(pairs))
    for rows in blocks(len(pairs), _ROWS):
        one, other = (vectors[pairs[rows, side]].astype(np.float64) for side in (0, 1))
        found[rows] = np.einsum("ij,ij->i", one, other)
    return found


def mean_cosine(vectors: NDArray[np.float32]) -> float:
    """Of all pairs of unit vectors, rounded to what is the same on every machine."""
    total, pairs = vectors.sum(axis=0, dtype=np.float64), len(vectors) * (len(vectors) - 1)
    return round(float(total @ total - len(vectors)) / max(pairs, 1), _DECIMALS)
