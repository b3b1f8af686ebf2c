"""Lazy greedy selection (Minoux 1978): pick the best, and look again only at what may be better.

What a pick is worth never rises as more is picked, so a gain that was computed earlier is an upper
bound, and only records whose bound is at the top need to be looked at again. Where an objective
can compute the same gains again at little cost, those at the top are kept up to date instead. The
picks are those that looking at all records each time would make.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.operations.diversity.objectives.objective import (
    NearestPick,
    Objective,
    WatchableObjective,
)
from dataselect.operations.diversity.queues import LazyQueue, Queue, WatchedQueue

_WATCHED = 1 << 9  # candidates, of all groups together, that each pick brings up to date


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
    parts = _by_group(candidates, groups)
    own_costs = costs if objective.adds_up else None
    queues: list[Queue]
    if isinstance(objective, WatchableObjective):
        size = max(_WATCHED // max(len(parts), 1), 1)
        queues = [WatchedQueue(objective, part, own_costs, size) for part in parts]
    else:
        queues = [LazyQueue(objective, part, own_costs) for part in parts]
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
