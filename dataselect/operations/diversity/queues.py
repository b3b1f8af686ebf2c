"""Candidates of greedy selection, by what they may be worth."""

from __future__ import annotations

from abc import ABC, abstractmethod

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
_NEAR = 16  # times as many as are watched are looked at to find these, or this part of the pool
_TAKEN = float(-np.inf)
_LEAST_COST = 1e-200  # what is free comes first, and of that the highest gain


class Queue(ABC):
    """Candidates by a bound: their gain when it was last computed, per cost where there are costs.

    Only the head of the queue, all whose bound is at least `_floor`, is looked at for a pick.
    """

    def __init__(
        self,
        objective: Objective,
        candidates: NDArray[np.intp],
        costs: NDArray[np.float64] | None,
    ) -> None:
        self._objective, self._items = objective, candidates
        self._costs = None if costs is None else np.maximum(costs, _LEAST_COST)
        self._bounds = np.full(len(candidates), np.inf)
        self._computed = np.full(len(candidates), NOTHING)  # after how many picks
        self._head, self._floor = candidates[:0], _TAKEN
        self._find_head(0)

    def best(self, picked: int) -> int | None:
        """Take out the candidate of the highest gain after so many picks; None if none is left."""
        while len(self._head):
            self._refresh(picked)
            bounds = self._bounds[self._head]
            first = bounds.argmax()
            if bounds[first] >= self._floor and bounds[first] > _TAKEN:
                place = self._head[first]
                self._bounds[place] = _TAKEN
                return int(self._items[place])
            self._find_head(picked)
        return None

    @abstractmethod
    def _find_head(self, picked: int) -> None:
        """Set `_head` and `_floor` for the picks to come."""

    @abstractmethod
    def _refresh(self, picked: int) -> None:
        """Make the highest bound in the head the highest gain in it."""

    def _highest(self, places: NDArray[np.intp], count: int) -> tuple[NDArray[np.intp], float]:
        """Of some places those of the `count` highest bounds, of equal ones all; and the lowest."""
        bounds, rank = self._bounds[places], len(places) - count
        if rank <= 0:
            return places, _TAKEN
        floor = float(np.partition(bounds, rank)[rank])
        return places[bounds >= floor], floor

    def _left(self) -> NDArray[np.intp]:
        return np.flatnonzero(self._bounds > _TAKEN)

    def _compute(self, places: NDArray[np.intp], picked: int) -> None:
        for block in blocks(len(places), _LARGEST_BLOCK):
            items = self._items[places[block]]
            self._set(places[block], self._objective.gains(items))
        self._computed[places] = picked

    def _set(self, places: NDArray[np.intp], gains: NDArray[np.float64]) -> None:
        costs = self._costs
        self._bounds[places] = gains if costs is None else gains / costs[self._items[places]]


class LazyQueue(Queue):
    """Gains are computed again as far as their bounds may be the highest."""

    def _find_head(self, picked: int) -> None:
        self._head, self._floor = self._highest(self._left(), _HEAD)

    def _refresh(self, picked: int) -> None:
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


class WatchedQueue(Queue):
    """The objective keeps the gains in the head up to date: of about `size` candidates.

    Heads are found among those that are `_near`, all whose bound is at least `_outside`.
    """

    _objective: WatchableObjective

    def __init__(
        self,
        objective: WatchableObjective,
        candidates: NDArray[np.intp],
        costs: NDArray[np.float64] | None,
        size: int,
    ) -> None:
        self._size = size
        self._near, self._outside = np.empty(0, np.intp), np.inf
        super().__init__(objective, candidates, costs)

    def _find_head(self, picked: int) -> None:
        self._near = self._near[self._bounds[self._near] > _TAKEN]
        self._lower(self._near)
        size = max(_NEAR * self._size, len(self._items) // _NEAR)
        while not self._found_near(picked):
            left = self._left()
            self._lower(left)
            self._near, self._outside = self._highest(left, size)
            size *= 4
        self._watch = self._objective.watch(self._items[self._head])

    def _found_near(self, picked: int) -> bool:
        """Set head and floor; whether the head is large enough."""
        near = self._near[np.argsort(-self._bounds[self._near], kind="stable")]
        self._floor, looked_at = self._outside, near[:0]
        for block in blocks(len(near), self._size):
            if self._bounds[near[block.start]] < self._floor:
                break
            self._compute(near[block], picked)
            looked_at, floor = self._highest(near[: block.stop], self._size)
            self._floor = max(floor, self._outside)
        self._head = np.sort(looked_at[self._bounds[looked_at] >= self._floor])
        return len(self._head) >= self._size // 4 or self._outside == _TAKEN

    def _lower(self, places: NDArray[np.intp]) -> None:
        """Lower the bounds of some, as far as the objective quickly knows lower ones."""
        before = self._bounds[places]
        self._set(places, self._objective.bounds(self._items[places]))
        self._bounds[places] = np.minimum(before, self._bounds[places])

    def _refresh(self, picked: int) -> None:
        taken = self._head[self._bounds[self._head] == _TAKEN]
        self._set(self._head, self._watch())
        self._bounds[taken] = _TAKEN
        self._computed[self._head] = picked
