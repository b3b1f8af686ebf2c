"""Conjugate gradients for regression with so many weights that only a few copies fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_ITERATIONS = 60
_LOSS_TOLERANCE = 1e-5
_STEPS = 6  # of Newton's method along a line, at most
_FLAT_ENOUGH = 0.1  # of the slope at the start of a line
_CELLS = 1 << 20  # of a matrix looked at in one go


def minimise(
    rows: csr_array,
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    penalty: float,
    point: NDArray[np.float32],
) -> None:
    """Move `point` (f + 1, k), weights and offsets below, to the lowest loss of `regression.fit`.

    Nonlinear conjugate gradients (Polak & Ribière 1969) with exact searches along lines, on which
    log-odds are linear. `rows` (n, f), `targets` (n, k) and `weights` (n, 1), which add up to 1.
    Holds three arrays like `point` and three like `targets` at once; L-BFGS takes some twenty.
    """
    problem = _Problem(rows, targets, weights, penalty)
    odds = problem.odds(point)
    gradient, direction = np.zeros_like(point), np.zeros_like(point)
    before, length = np.inf, 0.0
    for _ in range(_ITERATIONS):
        error, loss = problem.error(odds)
        loss += penalty / 2 * _dot(point[:-1], point[:-1])
        if before - loss <= _LOSS_TOLERANCE * max(abs(before), abs(loss), 1.0) < np.inf:
            break
        before = loss
        own, shared = problem.update(gradient, error, point)
        del error
        direction *= max(own - shared, 0.0) / length if length else 0.0
        direction -= gradient
        length = own
        slope = _dot(gradient, direction)
        if slope >= 0:
            np.negative(gradient, out=direction)
            slope = -own
        if not slope:
            break
        change = problem.odds(direction)
        step = problem.line(odds, change, point, direction, slope)
        for part in _parts(point):
            point[part] += np.float32(step) * direction[part]
        for part in _parts(odds):
            odds[part] += np.float32(step) * change[part]
        del change


class _Problem:
    def __init__(
        self,
        rows: csr_array,
        targets: NDArray[np.float32],
        weights: NDArray[np.float32],
        penalty: float,
    ) -> None:
        self.rows, self.columns = rows, rows.T.tocsr()
        self.targets, self.weights, self.penalty = targets, weights, penalty

    def odds(self, point: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self.rows @ point[:-1]
        found += point[-1]
        return found

    def error(self, odds: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """(n, k) derivatives of the cross-entropy by the log-odds, and the cross-entropy."""
        error, entropy = np.empty_like(odds), 0.0
        for part in _parts(odds):
            likely, logarithms = _softmax(odds[part])
            targets, weights = self.targets[part], self.weights[part]
            entropy -= float((weights * targets * logarithms).sum(dtype=np.float64))
            likely -= targets
            error[part] = weights * likely
        return error, entropy

    def update(
        self, gradient: NDArray[np.float32], error: NDArray[np.float32], point: NDArray[np.float32]
    ) -> tuple[float, float]:
        """Replace the gradient, class by class; its square, and its product with the old one."""
        own = shared = 0.0
        width = max(1, _CELLS // len(point))
        for start in range(0, point.shape[1], width):
            some = slice(start, start + width)
            part = np.empty_like(gradient[:, some])
            part[:-1] = self.columns @ np.ascontiguousarray(error[:, some])
            part[:-1] += np.float32(self.penalty) * point[:-1, some]
            part[-1] = error[:, some].sum(axis=0)
            own += float((part * part).sum(dtype=np.float64))
            shared += float((part * gradient[:, some]).sum(dtype=np.float64))
            gradient[:, some] = part
        return own, shared

    def line(
        self,
        odds: NDArray[np.float32],
        change: NDArray[np.float32],
        point: NDArray[np.float32],
        direction: NDArray[np.float32],
        slope: float,
    ) -> float:
        """How far to go along a line, on which the loss is convex."""
        inner = self.penalty * _dot(point[:-1], direction[:-1])
        square = self.penalty * _dot(direction[:-1], direction[:-1])
        lowest, highest, step = 0.0, np.inf, 0.0
        given = sum(
            float(
                self.weights[part, 0]
                @ (self.targets[part] * change[part]).sum(axis=1, dtype=np.float64)
            )
            for part in _parts(odds)
        )
        for _ in range(_STEPS):
            first, second = self._derivatives(odds, change, step)
            first, second = first - given + inner + step * square, second + square
            if step and abs(first) <= _FLAT_ENOUGH * abs(slope):
                break
            lowest, highest = (step, highest) if first < 0 else (lowest, step)
            step -= first / second if second > 0 else 0.0
            if not lowest < step < highest:
                step = (lowest + highest) / 2 if highest < np.inf else 2 * lowest + 1
        return step

    def _derivatives(
        self, odds: NDArray[np.float32], change: NDArray[np.float32], step: float
    ) -> tuple[float, float]:
        """First derivative of the logarithms of totals by the step, and the second."""
        first = second = 0.0
        for part in _parts(odds):
            own, weights = change[part], self.weights[part, 0].astype(np.float64)
            likely = np.float32(step) * own
            likely += odds[part]
            likely -= likely.max(axis=1, keepdims=True)
            np.exp(likely, out=likely)
            total = likely.sum(axis=1, dtype=np.float64)
            likely *= own
            mean = likely.sum(axis=1, dtype=np.float64) / total
            likely *= own
            square = likely.sum(axis=1, dtype=np.float64) / total
            first += float(weights @ mean)
            second += float(weights @ (square - mean**2))
        return first, second


def _softmax(odds: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities, and their logarithms."""
    logarithms = odds - odds.max(axis=1, keepdims=True)
    likely = np.exp(logarithms)
    total = likely.sum(axis=1, keepdims=True)
    logarithms -= np.log(total)
    likely /= total
    return likely, logarithms


def _dot(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Sum of products, in double precision."""
    return sum(float((one[part] * other[part]).sum(dtype=np.float64)) for part in _parts(one))


def _parts(matrix: NDArray[np.float32]) -> Iterator[slice]:
    """Yield slices of rows that hold a few megabytes each."""
    height = max(1, _CELLS // matrix.shape[1])
    for start in range(0, len(matrix), height):
        yield slice(start, start + height)
