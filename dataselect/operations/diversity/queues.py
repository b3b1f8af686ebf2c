"""Candidates of greedy selection, by what they may be worth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours.blocks import blocks
from dataselect.operations.diversity.objectives.objective import (
    NOTHING,
    Objective,
    WatchableObjective,
)

_SMALLEST_BLOCK, _LARGEST_BLOCK = 16, 4096
_HEAD = 1 << 14  # candidates that are looked at, of a pool of any size
_ENOUGH = 4  # a floor is lowered while less than this part of the head's size is above it
_DEPTH, _LEAST_DEPTH = 1 / 16, 1e-9  # of the floor under the best at first, and ever
_FARTHER = 8  # times as deep are those that are looked through for the next heads, too
_TAKEN = float(-np.inf)
_LEAST_COST = 1e-200  # what is free comes first, and of that the highest gain


class Queue(ABC):
    """Candidates by their gains, or gains per cost where there are costs."""

    def __init__(
        self,
        objective: Objective,
        candidates: NDArray[np.intp],
        costs: NDArray[np.float64] | None,
    ) -> None:
        self._objective, self._items = objective, candidates
        self._costs = None if costs is None else np.maximum(costs[candidates], _LEAST_COST)

    @abstractmethod
    def best(self, picked: int) -> int | None:
        """Take out the candidate of the highest gain after so many picks; None if none is left."""

    def _per_cost(
        self, gains: NDArray[np.float64], places: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        return gains if self._costs is None else gains / self._costs[places]


def _highest(values: NDArray[np.float64], count: int) -> float:
    """The lowest of the `count` highest values; with fewer, what is under all."""
    rank = len(values) - count
    return _TAKEN if rank <= 0 else float(np.partition(values, rank)[rank])


class LazyQueue(Queue):
    """Candidates by a bound, their gain when it was last computed; the highest are computed again.

    Only the head of the queue, all whose bound is at least `_floor`, is looked at for a pick.
    """

    def __init__(
        self,
        objective: Objective,
        candidates: NDArray[np.intp],
        costs: NDArray[np.float64] | None,
    ) -> None:
        super().__init__(objective, candidates, costs)
        self._bounds = np.full(len(candidates), np.inf)
        self._computed = np.full(len(candidates), NOTHING)  # after how many picks
        self._find_head()

    def best(self, picked: int) -> int | None:
        while len(self._head):
            self._refresh(picked)
            bounds = self._bounds[self._head]
            first = bounds.argmax()
            if bounds[first] >= self._floor and bounds[first] > _TAKEN:
                place = self._head[first]
                self._bounds[place] = _TAKEN
                return int(self._items[place])
            self._find_head()
        return None

    def _find_head(self) -> None:
        left = np.flatnonzero(self._bounds > _TAKEN)
        self._floor = _highest(self._bounds[left], _HEAD)
        self._head = left[self._bounds[left] >= self._floor]

    def _refresh(self, picked: int) -> None:
        """Make the highest bound in the head the highest gain in it."""
        highest, size = _TAKEN, _SMALLEST_BLOCK
        while True:
            bounds, is_stale = self._bounds[self._head], self._computed[self._head] < picked
            highest = bounds[~is_stale].max(initial=highest)
            stale = self._head[is_stale & (bounds >= highest) & (bounds > _TAKEN)]
            if not len(stale):
                return
            if len(stale) > size:
                stale = stale[np.argpartition(-self._bounds[stale], size)[:size]]
            self._compute(stale, picked)
            size = min(2 * size, _LARGEST_BLOCK)

    def _compute(self, places: NDArray[np.intp], picked: int) -> None:
        for block in blocks(len(places), _LARGEST_BLOCK):
            own = places[block]
            self._bounds[own] = self._per_cost(self._objective.gains(self._items[own]), own)
        self._computed[places] = picked


class WatchedQueue(Queue):
    """Candidates by a bound, of which the highest, the head, are brought up to date for each pick.

    Gains are 0 or more and never rise: while the best of the head is worth `_floor`, no other is
    worth more, for their bounds are lower.
    """

    _objective: WatchableObjective

    def __init__(
        self,
        objective: WatchableObjective,
        candidates: NDArray[np.intp],
        costs: NDArray[np.float64] | None,
        size: int,
    ) -> None:
        super().__init__(objective, candidates, costs)
        self._size = size
        self._bounds = self._computed(np.arange(len(candidates)))
        self._near, self._reach = np.empty(0, np.intp), np.inf  # all whose bound is at least that
        self._head, self._floor = np.empty(0, np.intp), np.inf
        self._gains: Callable[[], NDArray[np.float64]] = lambda: np.empty(0)
        self._depth = _DEPTH  # of the floor under the best, as a part of that

    def best(self, picked: int) -> int | None:
        while True:
            gains = self._per_cost(self._gains(), self._head)
            gains[self._bounds[self._head] == _TAKEN] = _TAKEN
            highest = gains.max(initial=_TAKEN)
            if highest >= self._floor:
                place = self._head[gains.argmax()]
                self._bounds[place] = _TAKEN
                return int(self._items[place])
            if not self._floor:
                return None
            self._bounds[self._head] = gains
            self._find_head(self._bounds.max(initial=0) if highest == _TAKEN else highest)

    def _find_head(self, best: float) -> None:
        """Compute again what may be worth nearly as much as the best of the head."""
        while True:
            self._floor = best * max(1 - self._depth, 0.0)
            above = self._above(self._floor)
            self._bounds[above] = self._computed(above)
            self._head = above[self._bounds[above] >= self._floor]
            if len(self._head) >= self._size // _ENOUGH or not self._floor:
                break
            self._depth *= 2
        if len(self._head) > self._size and best > 0:
            self._floor = _highest(self._bounds[self._head], self._size)
            self._head = self._head[self._bounds[self._head] >= self._floor]
            self._depth = max(1 - self._floor / best, _LEAST_DEPTH)
        self._gains = self._objective.watch(self._items[self._head])

    def _above(self, floor: float) -> NDArray[np.intp]:
        """Candidates whose bound is at least `floor`, ascending."""
        if floor < self._reach:
            self._reach = floor * max(1 - _FARTHER * self._depth, 0.0)
            self._near = np.flatnonzero(self._bounds >= self._reach)
        return self._near[self._bounds[self._near] >= floor]

    def _computed(self, places: NDArray[np.intp]) -> NDArray[np.float64]:
        return self._per_cost(self._objective.gains(self._items[places]), places)
