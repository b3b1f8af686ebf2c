"""Facility location: picks that together are near to the whole pool.

A greedy choice is worth at least 1 - 1/e of the best (Nemhauser, Wolsey & Fisher 1978).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours.blocks import blocks
from dataselect.models.neighbours.exact import MOST_EXACT
from dataselect.models.neighbours.graph import neighbour_cosines
from dataselect.models.sparse import row, sums_of_rows
from dataselect.operations.diversity.objectives.objective import NearestPick, Objective
from dataselect.operations.diversity.quantized_vectors import References

MOST_DENSE = 1 << 14  # items whose cosines are all held, in 1 GiB
NEIGHBOURS = 32
_ROWS = 1024


class FacilityLocation(Objective):
    """A pick is worth what it adds to the sum, over the pool, of the highest cosine to any pick.

    Labelled texts count as picks. Cosines count from 0 up.
    """

    adds_up: ClassVar[bool] = True

    def __init__(self, pool: NDArray[np.float16], labelled: NDArray[np.float16]) -> None:
        """`pool` (n, d) and `labelled` (l, d): vectors made by `coarse`."""
        self.vectors = pool
        self._labelled = len(labelled)
        self._references = References(labelled)
        self._highest = self._references.nearest(pool).similarities.astype(np.float32)

    def nearest(self, items: NDArray[np.intp]) -> NearestPick:
        return self._references.nearest(self.vectors[items])

    def add(self, item: int) -> None:
        """Compare with this one, too, from now on."""
        self._references.add(self.vectors[item])

    def represented(self, counts: NDArray[np.intp]) -> NDArray[np.intp] | None:
        """(k,) how many texts are nearest to each pick; item i stands for `counts[i]` of them.

        1 at least. None where it would take minutes to tell.
        """
        picks = self._references.size - self._labelled
        if self.vectors.size * picks > MOST_EXACT:
            return None
        if not picks:
            return np.empty(0, np.intp)
        nearest = self._references.nearest(self.vectors, self._labelled).places - self._labelled
        return np.maximum(np.bincount(nearest, counts, picks).astype(np.intp), 1)


class Dense(FacilityLocation):
    """Facility location by all n * n cosines."""

    def __init__(self, pool: NDArray[np.float16], labelled: NDArray[np.float16]) -> None:
        super().__init__(pool, labelled)
        vectors = pool.astype(np.float32)
        self._cosines = np.empty((len(pool), len(pool)), np.float32)
        for rows in blocks(len(pool), _ROWS):
            np.matmul(vectors[rows], vectors.T, out=self._cosines[rows])

    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        gains = np.empty(len(items))
        for place, item in enumerate(items.tolist()):
            growth = self._cosines[item] - self._highest
            gains[place] = np.maximum(growth, 0, out=growth).sum(dtype=np.float64)
        return gains

    def add(self, item: int) -> None:
        """Raise the cosines of what the pick is nearer to."""
        super().add(item)
        np.maximum(self._highest, self._cosines[item], out=self._highest)


class Sparse(FacilityLocation):
    """Facility location where an item is near to its neighbours only, and to what has it as one."""

    def __init__(
        self,
        pool: NDArray[np.float16],
        labelled: NDArray[np.float16],
        neighbours: int = NEIGHBOURS,
        advance: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Raise OptionError where approximate search is needed and not installed."""
        super().__init__(pool, labelled)
        self._cosines = neighbour_cosines(pool, neighbours, advance)

    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        rows = self._cosines[items]
        growth = np.maximum(rows.data - self._highest[rows.indices], 0)
        return sums_of_rows(rows, growth)

    def add(self, item: int) -> None:
        """Raise the cosines of what the pick is nearer to."""
        super().add(item)
        places, cosines = row(self._cosines, item)
        self._highest[places] = np.maximum(self._highest[places], cosines)


def facility(
    pool: NDArray[np.float16],
    labelled: NDArray[np.float16],
    advance: Callable[[int], None] = lambda _: None,
) -> FacilityLocation:
    """Dense up to MOST_DENSE items, sparse above."""
    if len(pool) <= MOST_DENSE:
        return Dense(pool, labelled)
    return Sparse(pool, labelled, advance=advance)
