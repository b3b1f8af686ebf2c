"""Multinomial logistic regression on sparse rows, for targets that are probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.models.intent_classifier.conjugate_gradients import minimise

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.models.intent_classifier.targets import Targets

_ITERATIONS = 40  # of L-BFGS; 60 change no error on CLINC150
_REMEMBERED = 6  # pairs of vectors that L-BFGS keeps
_LOSS_TOLERANCE = 1e-5
# Weights that L-BFGS takes; it holds some twenty vectors of so many doubles. 250 intents with three
# texts each have 2 million, 1,000 have 15 million and with a pool of 10,000 texts 28 million.
_MOST_WEIGHTS = 4_000_000
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
    rows: csr_array,
    targets: Targets,
    weights: NDArray[np.float64],
    penalty: float,
    start: NDArray[np.float32] | None = None,
) -> FittedRegression:
    """Minimise the weighted mean cross-entropy plus `penalty` / 2 times the squared weights.

    `rows` (n, f); `targets` of n rows; `weights` (n,) what each row counts. By L-BFGS,
    or by conjugate gradients where its memory would be too large. `start`: the point of an earlier
    fit of the same width; its rows were the first of these.
    """
    from scipy.optimize import minimize

    if rows.shape[1] * targets.count > _MOST_WEIGHTS:
        point = _enlarged(start, rows.shape[0] + 1, targets.count)
        shares = (weights / weights.sum()).astype(np.float32)
        found = minimise(rows.astype(np.float32, copy=False), targets, shares, penalty, point)
        return FittedRegression(MultinomialWeights(found, point[-1]), point)
    point = _enlarged(start, rows.shape[1] + 1, targets.count)
    best = minimize(
        _Problem(rows, targets.dense(), weights, penalty),
        point.astype(np.float64).ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _ITERATIONS, "maxcor": _REMEMBERED, "ftol": _LOSS_TOLERANCE},
    )
    point = best.x.reshape(point.shape).astype(np.float32)
    return FittedRegression(MultinomialWeights(point[:-1], point[-1]), point)


def _enlarged(start: NDArray[np.float32] | None, height: int, width: int) -> NDArray[np.float32]:
    """A point of so many rows, offsets last: zeros where nothing is given to start from."""
    point = np.zeros((height, width), np.float32)
    if start is not None:
        point[: len(start) - 1], point[-1] = start[:-1], start[-1]
    return point


class _Problem:
    """The loss and its gradient; products are in single precision, which halves their time."""

    def __init__(
        self,
        rows: csr_array,
        targets: NDArray[np.float32],
        weights: NDArray[np.float64],
        penalty: float,
    ) -> None:
        self.rows = rows.astype(np.float32, copy=False)
        self.columns = self.rows.T.tocsr()
        self.targets = targets
        self.weights = (weights / weights.sum()).astype(np.float32)[:, None]
        self.penalty = penalty

    def __call__(self, point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        everything = point.reshape(-1, self.targets.shape[1])
        single = everything.astype(np.float32)
        odds = self.rows @ single[:-1] + single[-1]
        odds -= odds.max(axis=1, keepdims=True)
        likely = np.exp(odds)
        total = likely.sum(axis=1, keepdims=True)
        entropy = self.weights * self.targets * (odds - np.log(total))
        error = self.weights * (likely / total - self.targets)
        gradient = np.empty_like(everything)
        gradient[:-1] = self.columns @ error
        gradient[:-1] += self.penalty * everything[:-1]
        gradient[-1] = error.sum(axis=0)
        loss = self.penalty / 2 * float((everything[:-1] ** 2).sum())
        return loss - float(entropy.sum(dtype=np.float64)), gradient.ravel()
