"""What becomes of each text of a pool: picked, or why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.models.near_duplicates import first_places
from dataselect.operations.diversity.greedy import Limits, Picks, greedy
from dataselect.operations.diversity.objectives.facility_location import FacilityLocation
from dataselect.operations.diversity.objectives.objective import NOTHING, Objective

PICKED, NOT_PICKED, COPY_OF_LABELLED, COPY, OUTSIDE_BAND = range(5)


@dataclass(frozen=True)
class Decisions:
    """What was decided on each of n texts.

    `codes` (n,): PICKED, or why not. `first` (n,): the first text that each is a copy of, labelled
    texts counted before the pool, or NOTHING. `picks`: places in the pool. `weights` (k,): how many
    texts of the pool are nearest to each pick, itself and copies among them; None where that is
    not known.
    """

    codes: NDArray[np.uint8]
    first: NDArray[np.intp]
    picks: Picks
    weights: NDArray[np.intp] | None = None


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

    `objective` is given which texts of the pool these are, and returns the value of picks among
    them. `band`: the lowest and the highest novelty to what is labelled.
    """
    places = np.arange(len(labelled), len(labelled) + len(pool))
    first = first_places([*labelled, *pool])[len(labelled) :]
    codes = np.where(first < places, COPY, NOT_PICKED).astype(np.uint8)
    codes[first < len(labelled)] = COPY_OF_LABELLED
    first = np.where(first < places, first, NOTHING)
    distinct = np.flatnonzero(codes == NOT_PICKED)
    if not len(distinct):
        return Decisions(codes, first, Picks.none())
    value = objective(distinct)
    candidates = np.arange(len(distinct))
    if band is not None:
        novelty = 1 - value.nearest(candidates).similarities
        within = (band[0] <= novelty) & (novelty <= band[1])
        codes[distinct[~within]] = OUTSIDE_BAND
        candidates = candidates[within]
    picks = greedy(
        value,
        candidates,
        limits,
        costs=None if costs is None else costs[distinct],
        groups=None if groups is None else groups[distinct],
        advance=report("picking", limits.size or len(candidates)),
    )
    weights = None
    if isinstance(value, FacilityLocation):
        copied = first[codes == COPY] - len(labelled)
        weights = value.represented(1 + np.bincount(copied, minlength=len(pool))[distinct])
    picks = picks._replace(items=distinct[picks.items])
    codes[picks.items] = PICKED
    return Decisions(codes, first, picks, weights)
