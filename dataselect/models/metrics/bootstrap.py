"""Bootstrap resampling of segments: how far a metric's value is due to the choice of test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataselect.models.metrics.base import Metric

SAMPLES = 1000
CONFIDENCE = 0.95
Statistics = Any
"""(n, d) float64, an array or sparse."""

_CELLS = 1 << 22  # counts held at a time: 32 MiB


@dataclass(frozen=True)
class Interval:
    """A value and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedBootstrap:
    """A system against a baseline on the same segments; `difference` is system - baseline.

    `low` and `high` bound the 95 % interval of the difference. `p_value` is two-sided. `wins` is
    the share of samples in which the system is better than the baseline (Koehn 2004).
    """

    baseline: float
    system: float
    difference: float
    low: float
    high: float
    p_value: float
    wins: float
    samples: int


def interval(
    metric: Metric,
    statistics: Statistics,
    rng: np.random.Generator,
    samples: int = SAMPLES,
) -> Interval:
    """The value of (n, d) statistics, n > 0, with its 95 % percentile interval."""
    value = float(metric.value(statistics.sum(axis=0)))
    (values,) = resampled(metric, [statistics], rng, samples)
    return Interval(value, *bounds(values))


def paired_bootstrap(
    metric: Metric,
    baseline: Statistics,
    system: Statistics,
    rng: np.random.Generator,
    samples: int = SAMPLES,
) -> PairedBootstrap:
    """Compare two systems on the same draws of segments (Koehn 2004).

    `baseline` and `system` are (n, d) statistics of the same n > 0 segments. The p-value is how
    often the difference strays from its mean by at least what was observed, the observation
    itself counted as one sample (Riezler & Maxwell 2005). Raises ValueError for unequal shapes.
    """
    if baseline.shape != system.shape:
        raise ValueError(f"statistics of shapes {baseline.shape} and {system.shape} do not pair")
    before = float(metric.value(baseline.sum(axis=0)))
    after = float(metric.value(system.sum(axis=0)))
    baseline_values, system_values = resampled(metric, [baseline, system], rng, samples)
    differences = system_values - baseline_values
    low, high = bounds(differences)
    better = differences > 0 if metric.higher_is_better else differences < 0
    return PairedBootstrap(
        baseline=before,
        system=after,
        difference=after - before,
        low=low,
        high=high,
        p_value=p_value(differences, after - before),
        wins=float(better.mean()),
        samples=samples,
    )


def p_value(differences: NDArray[np.float64], observed: float) -> float:
    """Two-sided p-value of an observed difference, given those of the samples, (samples,)."""
    as_far = np.abs(differences - differences.mean()) >= abs(observed)
    return (int(as_far.sum()) + 1) / (len(differences) + 1)


def resampled(
    metric: Metric, statistics: Sequence[Statistics], rng: np.random.Generator, samples: int
) -> list[NDArray[np.float64]]:
    """(samples,) values for n rows drawn with replacement, for each of some (n, d) statistics.

    All of them get the same draws. Memory does not grow with `samples`, but for the result, and
    not by n times d where statistics are sparse.
    """
    n, width = statistics[0].shape
    values = [np.empty(samples) for _ in statistics]
    at_a_time = max(1, _CELLS // max(n, width))
    for start in range(0, samples, at_a_time):
        drawn = min(at_a_time, samples - start)
        counts = draw_counts(n, drawn, rng)
        for own, each in zip(values, statistics, strict=True):
            own[start : start + drawn] = metric.value(counts @ each)
    return values


def draw_counts(n: int, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(samples, n) how often each of n rows is among n draws.

    The distribution is multinomial; counting draws is several times faster than
    `rng.multinomial`.
    """
    rows = rng.integers(n, size=(samples, n)) + n * np.arange(samples)[:, np.newaxis]
    counts = np.bincount(rows.ravel(), minlength=samples * n).reshape(samples, n)
    return counts.astype(np.float64)


def bounds(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle 95 % of some values."""
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [outside, 1 - outside])
    return float(low), float(high)
