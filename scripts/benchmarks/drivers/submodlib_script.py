"""Facility location by submodlib's lazy greedy optimiser, on a dense matrix; see picking.py."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from picking import main, similarities
from submodlib import FacilityLocationFunction


def pick(vectors: NDArray[np.float32], size: int) -> Iterable[int]:
    """Positions, in the order of picking."""
    matrix = similarities(vectors)
    function = FacilityLocationFunction(
        n=len(vectors), mode="dense", sijs=matrix, separate_rep=False
    )
    chosen = function.maximize(
        budget=size, optimizer="LazyGreedy", verbose=False, show_progress=False
    )
    return [position for position, _ in chosen]


main(pick)
