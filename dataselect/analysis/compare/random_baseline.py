"""Random selections of equal size, and how a selection stands among them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataselect.analysis.compare.measures import MEASURES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.analysis.compare.measures import MeasuredValues
    from dataselect.analysis.compare.selected_texts import Collection

_ENOUGH = 5  # draws


class Spread(NamedTuple):
    """Mean and sample standard deviation of some draws; of a single one, no deviation."""

    mean: float
    deviation: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread | None:
        """Of the values that there are, None for none."""
        known = [value for value in values if value is not None]
        if not known:
            return None
        return cls(statistics.fmean(known), statistics.stdev(known) if known[1:] else None)


class RandomRank(NamedTuple):
    """How a selection stands among random ones by one measure.

    It is better than `beaten` of `draws`. `deviations`: how much better than their mean, in their
    standard deviations; None for fewer than five draws, whose deviation is a guess, and where
    draws do not differ.
    """

    beaten: int
    draws: int
    deviations: float | None


def standing(name: str, value: float | None, drawn: Sequence[float | None]) -> RandomRank | None:
    """By a measure of that name; None where it has no good side, or no value."""
    good = MEASURES[name].good
    known = [each for each in drawn if each is not None]
    if good is None or value is None or not known:
        return None
    sign = 1 if good == "high" else -1
    gain = sign * (value - statistics.fmean(known))
    deviation = statistics.stdev(known) if len(known) >= _ENOUGH else 0
    return RandomRank(
        sum(sign * value > sign * each for each in known),
        len(known),
        gain / deviation if deviation else None,
    )


def random_figures(
    pool: Collection,
    selections: Mapping[str, Collection],
    draws: int,
    rng: np.random.Generator,
    figures: Callable[[Collection], MeasuredValues],
) -> dict[str, list[MeasuredValues]]:
    """For each selection the figures of `draws` random ones of its size.

    Each draw puts the pool into random order, and every selection is compared with the first
    records of that order: as many as it has itself or, where records have costs, so many that
    their total is nearest to its own. So selections of one size share their draws, and what is
    drawn does not depend on the other selections.
    """
    found: dict[str, list[MeasuredValues]] = {name: [] for name in selections}
    for _ in range(draws):
        order = rng.permutation(len(pool))
        known: dict[int, MeasuredValues] = {}
        for name, selection in selections.items():
            count = _count(selection, pool, order)
            if count not in known:
                known[count] = figures(pool.part(_mask(order, count)))
            found[name].append(known[count])
    return found


def _count(selection: Collection, pool: Collection, order: NDArray[np.intp]) -> int:
    """How many records of a pool in some order are as much as a selection."""
    import numpy as np

    if pool.costs is None or selection.costs is None or not len(selection):
        return min(len(selection), len(pool))
    totals = np.cumsum(pool.costs[order])
    return int(np.abs(totals - selection.costs.sum()).argmin()) + 1 if len(totals) else 0


def _mask(order: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    import numpy as np

    mask = np.zeros(len(order), bool)
    mask[order[:count]] = True
    return mask
