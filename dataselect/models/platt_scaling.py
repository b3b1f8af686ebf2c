"""Platt scaling: from a score to a probability that means what it says (Platt 1999)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Scores of what was never seen stay off 0 and 1: log-odds are limited to this.
_STEEPEST = 50.0


class PlattScaling(NamedTuple):
    """Probability `1 / (1 + exp(-(slope * score + offset)))`."""

    slope: float = 1.0
    offset: float = 0.0

    @classmethod
    def fit(
        cls,
        scores: NDArray[np.float64],
        targets: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
        *,
        penalty: float = 0.0,
        least_slope: float | None = None,
        start: tuple[float, float] = (1.0, 0.0),
    ) -> PlattScaling:
        """The lowest weighted cross-entropy; of each (n,), `weights` are 1/n each by default.

        `penalty`: of half the squared slope; without one, scores that tell the targets apart
        without a mistake have no best slope.
        """
        if weights is None:
            weights = np.full(len(scores), 1 / len(scores))
        columns = np.stack((scores, np.ones(len(scores))))
        found = _newton(columns, targets, weights, np.zeros(len(scores)), penalty, start)
        if least_slope is None or found[0] >= least_slope:
            return cls(*found.tolist())
        base = least_slope * scores  # the loss is convex: the lowest that is allowed is steepest
        (offset,) = _newton(columns[1:], targets, weights, base, 0.0, start[1:]).tolist()
        return cls(least_slope, offset)

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities, rounded to 9 digits so that they do not depend on a processor's `exp`."""
        odds = np.clip(self.slope * scores + self.offset, -_STEEPEST, _STEEPEST)
        return np.round(1 / (1 + np.exp(-odds)), 9)


_MOST_STEPS = 100
_SHORTEST_STEP = 1e-10
_FLAT = 1e-12  # added to the curvature, which is 0 where scores are all the same


def _newton(
    columns: NDArray[np.float64],
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    base: NDArray[np.float64],
    penalty: float,
    start: tuple[float, ...],
) -> NDArray[np.float64]:
    """(p,) the `x` for which log-odds of `base + x @ columns` have the lowest cross-entropy.

    `columns` (p, n), the others (n,). `penalty`: of half the square of the first of `x`. By
    Newton's method; where a step is too long, it is halved.
    """
    penalties = np.zeros(len(columns))
    penalties[0] = penalty

    def loss(point: NDArray[np.float64]) -> float:
        odds = base + point @ columns
        return float(weights @ (np.logaddexp(0, odds) - targets * odds) + penalties @ point**2 / 2)

    point = np.array(start)
    lowest = loss(point)
    for _ in range(_MOST_STEPS):
        likely = np.exp(-np.logaddexp(0, -base - point @ columns))
        slope = columns @ (weights * (likely - targets)) + penalties * point
        bend = columns * (weights * likely * (1 - likely)) @ columns.T
        step = np.linalg.solve(bend + np.diag(penalties + _FLAT), slope)
        while (reached := loss(point - step)) > lowest and np.abs(step).max() > _SHORTEST_STEP:
            step /= 2
        if reached >= lowest:
            break
        point, lowest = point - step, reached
    return point


def smoothed_targets(positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) what is fitted to: (p + 1) / (p + 2) for p positives, 1 / (q + 2) for q others.

    >>> smoothed_targets(np.array([True, False, False]))
    array([0.66666667, 0.25      , 0.25      ])
    """
    own, others = int(positive.sum()), int((~positive).sum())
    return np.where(positive, (own + 1) / (own + 2), 1 / (others + 2))
