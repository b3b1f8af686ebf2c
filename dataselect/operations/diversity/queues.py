"""Candidates of greedy selection, by what they may be worth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

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
_NARROWER = 4  # times as many candidates as the next level has, about
_ENOUGH = 4  # a level is left when fewer than this part of the next one's size are above its floor
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


@dataclass(frozen=True, eq=False)
class _Level:
    """Candidates that had the highest gains of the level above, all from `floor` up."""

    places: NDArray[np.intp]
    floor: float
    gains: Callable[[], NDArray[np.float64]]


class WatchedQueue(Queue):
    """Candidates in levels, each with the best of the one above, down to about `size` of them.

    Gains never rise: while the best of a level is worth its floor, no other is worth more, and the
    levels above need not be looked at.
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
        self._is_taken = np.zeros(len(candidates), bool)
        self._sizes = [size]  # of the levels under the first
        while self._sizes[0] * _NARROWER < len(candidates):
            self._sizes.insert(0, self._sizes[0] * _NARROWER)
        everything = np.arange(len(candidates))
        self._levels = [_Level(everything, _TAKEN, lambda: objective.gains(candidates))]

    def best(self, picked: int) -> int | None:
        while True:
            level = self._levels[-1]
            gains = self._per_cost(level.gains(), level.places)
            gains[self._is_taken[level.places]] = _TAKEN
            if len(self._levels) <= len(self._sizes):
                size = self._sizes[len(self._levels) - 1]
                if not self._narrow(level, gains, size):
                    if level.floor == _TAKEN:
                        return None
                    self._levels.pop()
                continue
            first = gains.argmax()
            if gains[first] >= level.floor and gains[first] > _TAKEN:
                place = level.places[first]
                self._is_taken[place] = True
                return int(self._items[place])
            self._levels.pop()

    def _narrow(self, level: _Level, gains: NDArray[np.float64], size: int) -> bool:
        """Add a level of about `size` of the best of this one; whether it has enough of them."""
        floor = max(level.floor, _highest(gains, size))
        places = level.places[(gains >= floor) & (gains > _TAKEN)]
        if not len(places) or (len(places) < size // _ENOUGH and level.floor > _TAKEN):
            return False
        self._levels.append(_Level(places, floor, self._objective.watch(self._items[places])))
        return True
