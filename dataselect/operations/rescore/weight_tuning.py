"""Weights of a log-linear model, tuned on n-best lists with references, and kept if that helps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dataselect.models.cross_validation import folds_of
from dataselect.models.metrics import Metric
from dataselect.models.metrics.bootstrap import paired_bootstrap
from dataselect.operations.rescore.lists import Floats, Lists
from dataselect.operations.rescore.minimum_risk import minimum_risk

_RANDOM_STARTS = 2
_ENOUGH = 0.95  # of bootstrap samples in which tuned weights win: less may be chance


@dataclass(frozen=True)
class WeightTuning:
    """Weights (f,), and values of the metric on the lists they were tuned on.

    `before` with the weights at the start, `after` with the tuned ones; `held_out` with weights
    tuned on other folds. `wins`: in which share of bootstrap samples of the lists `held_out` is
    better than `before` (Koehn 2004). `kept` tells whether that is enough: else `weights` are the
    start.
    """

    weights: Floats
    lists: int
    before: float
    after: float
    held_out: float
    wins: float
    kept: bool

    def describe(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "weights"}

    def warnings(self, metric: Metric) -> list[str]:
        """That tuning was in vain, if it was."""
        if self.kept:
            return []
        in_vain = (
            f"tuning on {self.lists} lists is no use: {metric.title} {self.held_out:.2f} on lists "
            f"held out, {self.before:.2f} without, and better in {self.wins:.0%} of bootstrap "
            f"samples, not in {_ENOUGH:.0%}; weights stay as they were"
        )
        return [in_vain]


def tune(lists: Lists, metric: Metric, start: Floats, rng: np.random.Generator) -> WeightTuning:
    """Find weights for n > 1 lists, unless they hardly beat `start` (f,) on lists held out.

    Maximises the expected metric from `start`, which must not be all 0, and from random points,
    with features in standard deviations.
    """
    spread = lists.spread()
    scaled = Lists(lists.features / spread, lists.statistics, lists.real)
    starts = _starts(start * spread, _RANDOM_STARTS, rng)
    held_out = np.empty((len(lists), lists.statistics.shape[-1]))
    folds = folds_of(len(lists), rng)
    for fold in range(int(folds.max()) + 1):
        own = scaled[folds == fold]
        others = minimum_risk(scaled[folds != fold], metric, starts)
        held_out[folds == fold] = own.chosen(own.winners(others))
    weights = minimum_risk(scaled, metric, starts) / spread
    before = lists.chosen(lists.winners(start))
    compared = paired_bootstrap(metric, before, held_out, rng)
    kept = compared.wins >= _ENOUGH
    return WeightTuning(
        weights if kept else start,
        len(lists),
        before=compared.baseline,
        after=float(metric.value(lists.sums(weights))),
        held_out=compared.system,
        wins=compared.wins,
        kept=kept,
    )


def _starts(first: Floats, others: int, rng: np.random.Generator) -> list[Floats]:
    """Points of length 1 to start from."""
    points = [first, *rng.normal(size=(others, len(first)))]
    return [point / np.linalg.norm(point) for point in points]
