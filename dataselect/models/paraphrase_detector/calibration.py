"""Logits to probabilities that mean what they say, and how far they are from that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dataselect.models.cross_validation import FOLDS, folds_of
from dataselect.models.platt_scaling import PlattScaling, smoothed_targets

_BINS = 10
_PENALTY = 1e-3  # on the slope: pairs that are told apart without a mistake have no best one


def calibrated(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> PlattScaling:
    """What makes logits probabilities; `labels` (n,) hold both 0 and 1."""
    return PlattScaling.fit(logits, smoothed_targets(labels == 1), penalty=_PENALTY)


def at_prior(calibration: PlattScaling, logits: NDArray[np.float64], prior: float) -> PlattScaling:
    """The same slope with the offset by which the mean probability of some pairs is `prior`.

    Where texts are unlike those of training, the offset is what is wrong first: on corpora left
    out, this takes half of the calibration error away.
    """
    from scipy.optimize import brentq

    def excess(offset: float) -> float:
        return float(calibration._replace(offset=offset)(logits).mean()) - prior

    most = float(np.abs(calibration.slope * logits).max()) + _FARTHEST
    return calibration._replace(offset=float(brentq(excess, -most, most)))


_FARTHEST = 40.0  # log-odds: the probability of every pair is then almost 0, or almost 1


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
    fold = folds_of(len(labels), rng)
    found = np.empty(len(labels))
    for each in range(FOLDS):
        rest = fold != each
        found[~rest] = calibrated(logits[rest], labels[rest])(logits[~rest])
    return found
