"""What becomes of each text of a pool: picked, or why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataselect.models.near_duplicates import first_places
from dataselect.operations.diversity.greedy import NOTHING, Limits, NearestPick, Objective, greedy

Report = Callable[[str, int], Callable[[int], None]]
"""Progress callback: `report(label, total)` returns `advance(n)`."""


def unreported(_label: str, _total: int) -> Callable[[int], None]:
    """A progress callback that does nothing."""
    return lambda _: None


PICKED, NOT_PICKED, COPY_OF_LABELLED, COPY, OUTSIDE_BAND = range(5)


@dataclass(frozen=True)
class Decisions:
    """What was decided on each of n texts, (n,) each.

    `codes`: PICKED, or why not. `order`: 0 for the first pick, 1 for the next, NOTHING for the
    rest. `novelty`: of picks at the time of picking, else 0. `nearest`: what a pick or a copy is
    closest to, labelled texts counted first and then the pool, or NOTHING.
    """

    codes: NDArray[np.uint8]
    order: NDArray[np.intp]
    novelty: NDArray[np.float64]
    nearest: NDArray[np.intp]

    def count(self, code: int) -> int:
        """How many texts were decided upon so."""
        return int((self.codes == code).sum())

    @property
    def picked(self) -> NDArray[np.intp]:
        """(k,) which texts were picked, in the order of picking."""
        chosen = np.flatnonzero(self.codes == PICKED)
        return chosen[np.argsort(self.order[chosen])]


def decide(
    pool: Sequence[str],
    labelled: Sequence[str],
    objective: Callable[[NDArray[np.intp]], Objective],
    limits: Limits,
    *,
    band: tuple[float, float] | None = None,
    costs: NDArray[np.float64] | None = None,
    groups: NDArray[np.intp] | None = None,
    report: Report = unreported,
) -> Decisions:
    """Pick from the texts of a pool that are no copies, as `greedy` does.

    `objective` is given which texts of the pool these are, and returns what picks among them are
    worth. `band`: the lowest and the highest novelty to what is labelled.
    """
    decided = _without_copies(pool, labelled)
    distinct = np.flatnonzero(decided.codes == NOT_PICKED)
    if not len(distinct):
        return decided
    worth = objective(distinct)
    candidates = np.arange(len(distinct))
    if band is not None:
        novelty = 1 - worth.nearest(candidates).similarities
        within = (band[0] <= novelty) & (novelty <= band[1])
        decided.codes[distinct[~within]] = OUTSIDE_BAND
        candidates = candidates[within]
    picks = greedy(
        worth,
        candidates,
        limits,
        costs=None if costs is None else costs[distinct],
        groups=None if groups is None else groups[distinct],
        advance=report("picking", limits.size or len(candidates)),
    )
    _enter(decided, distinct[picks.items], picks.nearest, len(labelled))
    return decided


def _without_copies(pool: Sequence[str], labelled: Sequence[str]) -> Decisions:
    """What is decided before picking: on copies."""
    places = np.arange(len(labelled), len(labelled) + len(pool))
    first = first_places([*labelled, *pool])[len(labelled) :]
    codes = np.where(first < places, COPY, NOT_PICKED).astype(np.uint8)
    codes[first < len(labelled)] = COPY_OF_LABELLED
    nearest = np.where(first < places, first, NOTHING)
    return Decisions(codes, np.full(len(pool), NOTHING), np.zeros(len(pool)), nearest)


def _enter(
    decided: Decisions, picked: NDArray[np.intp], nearest: NearestPick, labelled: int
) -> None:
    """Take note of picks; a place of their nearest counts labelled texts first, and then picks."""
    decided.codes[picked] = PICKED
    decided.order[picked] = np.arange(len(picked))
    decided.novelty[picked] = 1 - nearest.similarities
    earlier = labelled + picked[np.maximum(nearest.places - labelled, 0)]
    decided.nearest[picked] = np.where(nearest.places < labelled, nearest.places, earlier)
