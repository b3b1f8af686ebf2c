"""Facility location by apricot's lazy greedy optimiser; see picking.py."""

from collections.abc import Iterable

import numpy as np
from apricot import FacilityLocationSelection
from numpy.typing import NDArray
from picking import main, similarities


def pick(vectors: NDArray[np.float32], size: int) -> Iterable[int]:
    """Positions, in the order of picking."""
    chosen: list[int] = _fitted(similarities(vectors).astype(np.float64), size).ranking.tolist()
    return chosen


def _fitted(matrix: NDArray[np.float64], size: int) -> FacilityLocationSelection:
    return FacilityLocationSelection(size, metric="precomputed", optimizer="lazy").fit(matrix)


_fitted(np.eye(8), 4)  # compiled at its first use, and not timed
main(pick)
