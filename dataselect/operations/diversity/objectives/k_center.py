"""Farthest-first traversal (Gonzalez 1985): each pick is as far as can be from all before it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours.blocks import blocks
from dataselect.operations.diversity.objectives.objective import NOTHING, NearestPick, Objective
from dataselect.operations.diversity.quantized_vectors import References, centrality

_ITEMS_AT_ONCE = 256  # that have seen about as much


class FarthestFirst(Objective):
    """A pick is worth its novelty: 1 - its highest similarity to what is labelled or picked.

    An item is compared with each of these once, and only when it is looked at. With nothing to
    compare, the most central item comes first. A vector of zeros says nothing, and comes last.
    """

    adds_up: ClassVar[bool] = False

    def __init__(self, pool: NDArray[np.float16], labelled: NDArray[np.float16]) -> None:
        """`pool` (n, d) and `labelled` (l, d): vectors made by `coarse`."""
        self._pool = pool
        self._references = References(labelled)
        self._found = NearestPick(np.zeros(len(pool)), np.full(len(pool), NOTHING, np.intp))
        self._seen = np.zeros(len(pool), np.intp)  # with how many an item was compared

    @abstractmethod
    def _compare(self, items: NDArray[np.intp], start: int) -> NearestPick:
        """What items are closest to among the references from place `start` on."""

    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        """Novelty; while there is nothing to compare, 1 and how central an item is."""
        if not self._references.size:
            return 1 + centrality(self._pool, items)
        novelty = 1 - self.nearest(items).similarities
        return np.where(self._pool[items].any(axis=1), novelty, 0)

    def nearest(self, items: NDArray[np.intp]) -> NearestPick:
        late = items[self._seen[items] < self._references.size]
        late = late[np.argsort(self._seen[late])]
        for block in blocks(len(late), _ITEMS_AT_ONCE):
            self._catch_up(late[block])
        return NearestPick(self._found.similarities[items], self._found.places[items])

    def _catch_up(self, items: NDArray[np.intp]) -> None:
        """Compare some items, the first for longest not, with all that came since."""
        similarities, places = self._found
        fresh = self._compare(items, int(self._seen[items[0]]))
        closer = (fresh.similarities > similarities[items]) | (places[items] == NOTHING)
        similarities[items[closer]] = fresh.similarities[closer]
        places[items[closer]] = fresh.places[closer]
        self._seen[items] = self._references.size

    def add(self, item: int) -> None:
        """Compare with this one, too, from now on."""
        self._references.add(self._pool[item])


class KCenter(FarthestFirst):
    """Farthest-first by the cosines of vectors."""

    def _compare(self, items: NDArray[np.intp], start: int) -> NearestPick:
        return self._references.nearest(self._pool[items], start)
