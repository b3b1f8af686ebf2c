"""Logits to probabilities that mean what they say, and how far they are from that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.cross_validation import FOLDS

_BINS = 10
_PENALTY = 1e-3  # on the slope: pairs that are told apart without a mistake have no best one


class Platt(NamedTuple):
    """Probability `1 / (1 + exp(-(slope * logit + shift)))` (Platt 1999)."""

    slope: float = 1.0
    shift: float = 0.0

    @classmethod
    def fit(cls, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Platt:
        """The slope and shift of the highest likelihood; `labels` (n,) hold both 0 and 1.

        Labels count as Platt's targets, a little inside 0 and 1.
        """
        from scipy.optimize import minimize

        positive, negative = int(labels.sum()), int(len(labels) - labels.sum())
        targets = np.where(labels, (positive + 1) / (positive + 2), 1 / (negative + 2))

        def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            slope, shift = parameters
            raised = slope * logits + shift
            errors = _logistic(raised) - targets
            value = np.mean(np.logaddexp(0, raised) - targets * raised) + _PENALTY * slope**2 / 2
            return float(value), np.array(
                [np.mean(errors * logits) + _PENALTY * slope, np.mean(errors)]
            )

        slope, shift = minimize(loss, [1.0, 0.0], jac=True, method="L-BFGS-B").x
        return cls(float(slope), float(shift))

    def __call__(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) probabilities."""
        return _logistic(self.slope * logits + self.shift)


def _logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    probabilities: NDArray[np.float64] = expit(logits)
    return probabilities


def expected_calibration_error(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> float:
    """Mean distance of probabilities from the share of ones, in 10 bins of equal width.

    Naeini et al. (2015). Bins count by how many they hold.
    """
    bins = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, probabilities - labels, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def held_out(
    logits: NDArray[np.float64], labels: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(n,) probability of each pair by a calibration that has not seen it."""
    fold = rng.permutation(len(labels)) % FOLDS
    found = np.empty(len(labels))
    for each in range(FOLDS):
        rest = fold != each
        found[~rest] = Platt.fit(logits[rest], labels[rest])(logits[~rest])
    return found
