"""Multinomial logistic regression on sparse rows, for targets that are probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.intent_classifier.conjugate_gradients import minimise

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

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
        rows = rows.astype(np.float64)
        odds = np.empty((rows.shape[0], len(self.offsets)))
        width = max(1, _CELLS // max(1, len(self.weights)))
        for start in range(0, odds.shape[1], width):
            some = slice(start, start + width)
            odds[:, some] = rows @ self.weights[:, some].astype(np.float64)
        odds += self.offsets
        return odds

    def joined(self) -> NDArray[np.float32]:
        """(f + 1, k) weights and offsets; the array that both are parts of, if there is one."""
        whole = self.weights.base
        if (
            whole is not None
            and whole is self.offsets.base
            and whole.shape[1:] == (len(self.offsets),)
            and len(whole) == len(self.weights) + 1
        ):
            return whole
        return np.vstack([self.weights, self.offsets])


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
    targets: NDArray[np.float32] | NDArray[np.float64],
    weights: NDArray[np.float64],
    penalty: float,
    start: MultinomialWeights | None = None,
) -> MultinomialWeights:
    """Minimise the weighted mean cross-entropy plus `penalty` / 2 times the squared weights.

    `rows` (n, f); `targets` (n, k) probabilities; `weights` (n,) what each row counts. By L-BFGS,
    or by conjugate gradients where its memory would be too large, which may use `start` up.
    """
    from scipy.optimize import minimize

    shape = rows.shape[1] + 1, targets.shape[1]  # the last row are the offsets
    if math.prod(shape) > _MOST_WEIGHTS:
        point = np.zeros(shape, np.float32) if start is None else start.joined()
        shares = (weights / weights.sum()).astype(np.float32)[:, None]
        minimise(
            rows.astype(np.float32), targets.astype(np.float32, copy=False), shares, penalty, point
        )
        return MultinomialWeights(point[:-1], point[-1])
    problem = _Problem(rows, targets, weights, penalty)
    first = np.zeros(shape)
    if start is not None:
        first[:-1], first[-1] = start.weights, start.offsets
    found = minimize(
        problem,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _ITERATIONS, "maxcor": _REMEMBERED, "ftol": _LOSS_TOLERANCE},
    )
    best = found.x.reshape(shape).astype(np.float32)
    return MultinomialWeights(best[:-1], best[-1])


class _Problem:
    """The loss and its gradient; products are in single precision, which halves their time."""

    def __init__(
        self,
        rows: csr_array,
        targets: NDArray[np.float32] | NDArray[np.float64],
        weights: NDArray[np.float64],
        penalty: float,
    ) -> None:
        self.rows = rows.astype(np.float32)
        self.columns = self.rows.T.tocsr()
        self.targets = targets.astype(np.float32)
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
