"""Multinomial logistic regression on sparse rows, for targets that are probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.models.intent_classifier.conjugate_gradients import minimise

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.models.intent_classifier.conjugate_gradients import Rows
    from dataselect.models.intent_classifier.targets import Targets

_CELLS = 1 << 22  # of weights in double precision at a time: 32 MiB


@dataclass(frozen=True)
class MultinomialWeights:
    """Log-odds of k classes: `weights` (f, k) and `offsets` (k,), float32."""

    weights: NDArray[np.float32]
    offsets: NDArray[np.float32]

    def __call__(self, rows: csr_array) -> NDArray[np.float64]:
        """(n, k) log-odds, each row's by itself."""
        odds = self.product(rows)
        odds += self.offsets
        return odds

    def product(self, rows: csr_array) -> NDArray[np.float64]:
        """(n, k) log-odds but for the offsets."""
        rows = rows.astype(np.float64)
        odds = np.empty((rows.shape[0], len(self.offsets)))
        width = max(1, _CELLS // max(1, len(self.weights)))
        for start in range(0, odds.shape[1], width):
            some = slice(start, start + width)
            odds[:, some] = rows @ self.weights[:, some].astype(np.float64)
        return odds


class FittedRegression(NamedTuple):
    """A regression, and the point where its solver ended, for another fit to start from."""

    linear: MultinomialWeights
    point: NDArray[np.float32]


def log_softmax(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k) log-probabilities of log-odds."""
    found = np.empty_like(odds)
    height = max(1, _CELLS // odds.shape[1])
    for start in range(0, len(odds), height):
        part = odds[start : start + height]
        own = np.subtract(part, part.max(axis=1, keepdims=True), out=found[start : start + height])
        own -= np.log(np.exp(own).sum(axis=1, keepdims=True))
    return found


def fit(
    rows: Rows,
    targets: Targets,
    weights: NDArray[np.float64],
    penalty: float,
    point: NDArray[np.float32] | None = None,
) -> FittedRegression:
    """Minimise the weighted mean cross-entropy plus `penalty` / 2 times the squared weights.

    `rows` (n, f); `targets` of n rows; `weights` (n,) what each row counts. `point` (n + 1, k):
    where to start, at 0 by default; it is moved.
    """
    if point is None:
        point = np.zeros((len(weights) + 1, targets.count), np.float32)
    shares = (weights / weights.sum()).astype(np.float32)
    found = minimise(rows, targets, shares, penalty, point)
    return FittedRegression(MultinomialWeights(found, point[-1]), point)
