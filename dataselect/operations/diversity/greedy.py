"""Lazy greedy selection (Minoux 1978): pick the best, and look again only at what may be better.

What a pick is worth never rises as more is picked, so a gain that was computed earlier is an upper
bound, and only records whose bound is at the top need to be looked at again. The picks are those
that looking at all records each time would make.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours.blocks import blocks

_SMALLEST_BLOCK, _LARGEST_BLOCK = 16, 4096
_HEAD = 1 << 14  # candidates that are looked at, of a pool of any size
_TAKEN = -np.inf
_LEAST_COST = 1e-200  # what is free comes first, and of that the highest gain
NOTHING = -1


class NearestPick(NamedTuple):
    """What each of some items is closest to: `similarities` (n,) from 0 to 1, and `places` (n,).

    A place counts labelled texts first, then picks in their order; NOTHING with similarity 0 where
    there is nothing to be like.
    """

    similarities: NDArray[np.float64]
    places: NDArray[np.intp]


class Objective(ABC):
    """What picks among n items are worth, given what is labelled and was picked so far.

    `adds_up`: gains are parts of a whole, so that with a budget gain per cost is what counts.
    """

    adds_up: ClassVar[bool]

    @abstractmethod
    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        """(len(items),) what picking each of some items would be worth now."""

    @abstractmethod
    def nearest(self, items: NDArray[np.intp]) -> NearestPick:
        """What items are closest to, among what is labelled or picked."""

    @abstractmethod
    def add(self, item: int) -> None:
        """Take note of a pick."""


@dataclass(frozen=True)
class Limits:
    """When to stop: after `size` picks, when `budget` is spent, under a novelty of `min_novelty`.

    `max_per`: no more picks than that of one group.
    """

    size: int | None = None
    budget: float | None = None
    min_novelty: float = 0.0
    max_per: int | None = None


class Picks(NamedTuple):
    """Items in the order of picking, (k,), and what each was closest to at that time."""

    items: NDArray[np.intp]
    nearest: NearestPick

    @classmethod
    def none(cls) -> Picks:
        """No pick at all."""
        nothing = np.empty(0, np.intp)
        return cls(nothing, NearestPick(np.empty(0), nothing))


def greedy(
    objective: Objective,
    candidates: NDArray[np.intp],
    limits: Limits,
    *,
    costs: NDArray[np.float64] | None = None,
    groups: NDArray[np.intp] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Picks:
    """Pick among candidates, ascending, the one of the highest gain until a limit is reached.

    costs (n,): what an item takes of the budget, 0 or more; 1 each by default. groups (n,): codes
    of groups that take turns: the next pick is of the group with the fewest picks, of several the
    one with the lowest code, until it has no candidate left. Of equal gains the first item wins.
    `advance` is told of each pick.
    """
    queues = [
        _Queue(objective, own, costs if objective.adds_up else None)
        for own in _by_group(candidates, groups)
    ]
    turns = [(0, code) for code in range(len(queues))]  # a heap of picks and group
    left = np.inf if limits.budget is None else limits.budget
    items: list[int] = []
    similarities: list[float] = []
    places: list[int] = []
    while turns and (limits.size is None or len(items) < limits.size):
        taken, code = turns[0]
        item = None if taken == limits.max_per else queues[code].best(len(items))
        if item is None:
            heapq.heappop(turns)
            continue
        cost = 1.0 if costs is None else float(costs[item])
        if cost > left:
            continue
        closest = objective.nearest(np.array([item]))
        if 1 - closest.similarities[0] < limits.min_novelty:
            continue
        heapq.heapreplace(turns, (taken + 1, code))
        left -= cost
        items.append(item)
        similarities.append(float(closest.similarities[0]))
        places.append(int(closest.places[0]))
        objective.add(item)
        advance(1)
    nearest = NearestPick(np.array(similarities), np.array(places, np.intp))
    return Picks(np.array(items, np.intp), nearest)


def _by_group(
    candidates: NDArray[np.intp], groups: NDArray[np.intp] | None
) -> Sequence[NDArray[np.intp]]:
    if groups is None:
        return [candidates]
    own = groups[candidates]
    return [candidates[own == code] for code in np.unique(own)]


class _Queue:
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
        self._bounds = np.empty(len(candidates))
        self._computed = np.zeros(len(candidates), np.intp)  # after how many picks
        for block in blocks(len(candidates), _LARGEST_BLOCK):
            self._compute(np.arange(block.start, block.stop), 0)
        self._find_head()

    def best(self, picked: int) -> int | None:
        """Take out the candidate of the highest gain after so many picks; None if none is left."""
        while len(self._head):
            gain = self._highest(picked)
            if gain >= self._floor and gain > _TAKEN:
                place = self._head[self._bounds[self._head].argmax()]
                self._bounds[place] = _TAKEN
                return int(self._items[place])
            self._find_head()
        return None

    def _find_head(self) -> None:
        """Of all that are not taken, those of the highest bounds; of equal bounds all or none."""
        left = np.flatnonzero(self._bounds > _TAKEN)
        bounds, rank = self._bounds[left], len(left) - _HEAD
        self._floor = np.partition(bounds, rank)[rank] if rank > 0 else _TAKEN
        self._head = left[bounds >= self._floor]

    def _highest(self, picked: int) -> float:
        """The highest gain in the head now; bounds that might be higher are computed anew."""
        highest, size = _TAKEN, _SMALLEST_BLOCK
        while True:
            bounds, is_stale = self._bounds[self._head], self._computed[self._head] < picked
            highest = bounds[~is_stale].max(initial=highest)
            stale = self._head[is_stale & (bounds >= highest) & (bounds > _TAKEN)]
            if not len(stale):
                return float(highest)
            if len(stale) > size:
                stale = stale[np.argpartition(-self._bounds[stale], size)[:size]]
            self._compute(stale, picked)
            size = min(2 * size, _LARGEST_BLOCK)

    def _compute(self, places: NDArray[np.intp], picked: int) -> None:
        items = self._items[places]
        gains = self._objective.gains(items)
        self._bounds[places] = gains if self._costs is None else gains / self._costs[items]
        self._computed[places] = picked
