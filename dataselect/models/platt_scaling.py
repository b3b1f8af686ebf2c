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
        from scipy.optimize import minimize

        if weights is None:
            weights = np.full(len(scores), 1 / len(scores))

        def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            slope, offset = parameters
            odds = slope * scores + offset
            error = weights * (1 / (1 + np.exp(-odds)) - targets)
            entropy = weights * (np.logaddexp(0, odds) - targets * odds)
            gradient = np.array([error @ scores + penalty * slope, error.sum()])
            return float(entropy.sum() + penalty * slope**2 / 2), gradient

        bounds = [(least_slope, None), (None, None)]
        slope, offset = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(float(slope), float(offset))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities, rounded to 9 digits so that they do not depend on a processor's `exp`."""
        odds = np.clip(self.slope * scores + self.offset, -_STEEPEST, _STEEPEST)
        return np.round(1 / (1 + np.exp(-odds)), 9)


def smoothed_targets(positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) what is fitted to: (p + 1) / (p + 2) for p positives, 1 / (q + 2) for q others.

    >>> smoothed_targets(np.array([True, False, False]))
    array([0.66666667, 0.25      , 0.25      ])
    """
    own, others = int(positive.sum()), int((~positive).sum())
    return np.where(positive, (own + 1) / (own + 2), 1 / (others + 2))
