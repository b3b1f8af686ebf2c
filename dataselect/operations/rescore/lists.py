"""n-best lists as rectangles of features and of a metric's statistics, for tuning and oracles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dataselect.models.metrics import Metric

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lists:
    """n lists: `features` (n, k, f) and `statistics` (n, k, d) of each hypothesis.

    A list shorter than k is filled up with its first hypothesis, which changes no maximum; `real`
    (n, k) tells the others.
    """

    features: Floats
    statistics: Floats
    real: NDArray[np.bool_]

    @classmethod
    def of(cls, features: Floats, statistics: Floats, sizes: NDArray[np.int64]) -> Lists:
        """From (h, f) and (h, d) rows of all hypotheses, list after list of (n,) `sizes` > 0."""
        first = np.cumsum(sizes) - sizes
        place = np.arange(int(sizes.max(initial=0)))
        real = place < sizes[:, np.newaxis]
        rows = first[:, np.newaxis] + np.where(real, place, 0)
        return cls(features[rows], statistics[rows], real)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, lists: NDArray[np.integer] | NDArray[np.bool_]) -> Lists:
        return Lists(self.features[lists], self.statistics[lists], self.real[lists])

    def cut(self, first: int) -> Lists:
        """The `first` hypotheses of each list."""
        return Lists(self.features[:, :first], self.statistics[:, :first], self.real[:, :first])

    def winners(self, weights: Floats) -> NDArray[np.intp]:
        """(n,) the place of the highest weighted sum; of equal ones the first."""
        places: NDArray[np.intp] = (self.features @ weights).argmax(axis=1)
        return places

    def chosen(self, places: NDArray[np.integer]) -> Floats:
        """(n, d) the statistics of one hypothesis of each list."""
        rows: Floats = self.statistics[np.arange(len(self)), places]
        return rows

    def sums(self, weights: Floats) -> Floats:
        """(d,) the summed statistics of the winners."""
        total: Floats = self.chosen(self.winners(weights)).sum(axis=0)
        return total

    def spread(self) -> Floats:
        """(f,) standard deviation of each feature around the mean of its list; 1 where it is 0."""
        count = self.real.sum(axis=1)[:, np.newaxis]
        real = self.real[:, :, np.newaxis]
        mean = (self.features * real).sum(axis=1) / count
        centred = (self.features - mean[:, np.newaxis]) * real
        deviation = np.sqrt((centred**2).sum(axis=(0, 1)) / max(int(count.sum()), 1))
        return np.where(deviation > 0, deviation, 1.0)


def oracle(lists: Lists, metric: Metric) -> NDArray[np.intp]:
    """(n,) the places that are best for a metric of the whole set, by coordinate ascent.

    Starts at the first of each list, then looks at the lists in turn, the others as they are,
    until nothing changes: exact where the lists' best choices do not hang on each other, as with
    error rates; else a lower bound.
    """
    places = np.zeros(len(lists), np.intp)
    total = lists.chosen(places).sum(axis=0)
    changed = True
    while changed:
        changed = False
        for i, own in enumerate(lists.statistics):
            rest = total - own[places[i]]
            gains = metric.gain(rest + own)
            best = int(gains.argmax())
            if gains[best] > gains[places[i]]:
                places[i], total, changed = best, rest + own[best], True
    return places
