"""The vectors of one side of a corpus, and cosines that are the same however they are computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Side:
    """One side of n sentence pairs: unit vectors of its u distinct texts, and which each pair has.

    `vectors`: (u, d) as the encoders make them, float32 or float16, in memory or mapped from disk.
    `index`: (n,) places in `vectors`. Copies of a stock phrase are one text, so that they do not
    crowd out all other neighbours.
    """

    vectors: NDArray[np.floating[Any]]
    index: NDArray[np.intp]


def blocks(size: int, most: int) -> Iterator[slice]:
    """Slices of `most` or fewer that together are `size`."""
    for start in range(0, size, most):
        yield slice(start, min(start + most, size))


def cosines(
    ours: NDArray[np.floating[Any]], theirs: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """(m, c) cosines of unit vectors, (m, d) with (m, c, d).

    Entries are multiples of 2**-20 or have no more than eleven bits, so float64 holds the sums of
    their products exactly, in whatever order they are added.
    """
    found: NDArray[np.float64] = np.einsum(
        "id,icd->ic", ours.astype(np.float64), theirs.astype(np.float64)
    )
    return found
