"""Conjugate gradients for multinomial regression, in few copies of what it learns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.models.intent_classifier.targets import Targets

_ITERATIONS = 60
_LOSS_TOLERANCE = 1e-5
_STEPS = 6  # of Newton's method along a line, at most
_FLAT_ENOUGH = 0.1  # of the slope at the start of a line
_CELLS = 1 << 20  # of a matrix looked at in one go


def minimise(
    rows: Rows,
    targets: Targets,
    weights: NDArray[np.float32],
    penalty: float,
    point: NDArray[np.float32],
) -> NDArray[np.float32]:
    """(f, k) weights of the lowest loss of `regression.fit`, as sums of rows.

    `point` (n + 1, k) is moved there: the coefficients of these sums (Kimeldorf & Wahba 1970) and
    offsets below. `rows` (n, f), `targets` of n rows and `weights` (n,), which add up to 1.

    Nonlinear conjugate gradients (Polak & Ribière 1969) of the weights, with exact searches along
    lines, on which log-odds are linear. Holds five arrays like `point`. With 45 intents of CLINC150
    and 3,300 texts of a pool it takes a third of the time of L-BFGS, which holds some twenty arrays
    like the weights; over 32 fits, in six settings, the errors differ by 0.0 points.
    """
    problem = _Problem(rows, targets, weights, penalty, point)
    before = np.inf
    for _ in range(_ITERATIONS):
        loss = problem.loss()
        if before - loss <= _LOSS_TOLERANCE * max(abs(before), abs(loss), 1.0) < np.inf:
            break
        before = loss
        slope = problem.turn()
        if not slope:
            break
        problem.go(problem.line(slope))
    return problem.feature_weights()


class Rows:
    """Rows (n, f), a dense matrix where it has the columns that half of them have.

    Such are the vectors of texts: products with these take a tenth of the time. The others stand
    in the order of their frequency, so that most of what a product reads is in the cache. What they
    are made of may be large, and is not held.
    """

    def __init__(self, rows: csr_array) -> None:
        rows = rows.astype(np.float32, copy=False)
        height, self.width = rows.shape
        frequency = np.bincount(rows.indices, minlength=self.width)
        order = np.argsort(-frequency, kind="stable")
        self.dense, self.sparse = np.split(order, [int((2 * frequency >= height).sum())])
        self.vectors = rows[:, self.dense].toarray()
        self.counts = rows[:, self.sparse]
        self.columns = self.counts.T.tocsr()

    def sums(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """(f, k) sums of rows; each counts as `matrix` (n, k) has it."""
        matrix = np.ascontiguousarray(matrix)
        found = np.empty((self.width, matrix.shape[1]), np.float32)
        found[self.sparse] = self.columns @ matrix
        found[self.dense] = self.vectors.T @ matrix
        return found

    def odds(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, k) log-odds by these sums as weights."""
        matrix = np.ascontiguousarray(matrix)
        found: NDArray[np.float32] = self.counts @ (self.columns @ matrix)
        found += self.vectors @ (self.vectors.T @ matrix)
        return found


class _Problem:
    """Where the search is, and where it goes.

    `odds` (n, k) are log-odds; `along` (n, k) is how they change along the line. The line is
    `direction` (n + 1, k), coefficients and offsets as in `point`; `steep` (n, k) is how log-odds
    change by the coefficients of the gradient, and `slopes` (k,) is the gradient by the offsets.
    """

    def __init__(
        self,
        rows: Rows,
        targets: Targets,
        weights: NDArray[np.float32],
        penalty: float,
        point: NDArray[np.float32],
    ) -> None:
        self.rows = rows
        self.targets, self.weights, self.penalty = targets, weights, penalty
        self.point, self.direction = point, np.zeros_like(point)
        self.odds, self.along, self.steep = (np.zeros_like(point[:-1]) for _ in range(3))
        if point[:-1].any():
            for some in self._classes():
                self.odds[:, some] = self.rows.odds(point[:-1, some])
        self.odds += point[-1]
        self.totals = np.zeros(len(self.odds), np.float32)
        self.slopes = np.zeros_like(point[-1])
        self.length = 0.0  # of the gradient, squared

    def loss(self) -> float:
        """The loss; finds `totals`, too."""
        self.totals = _log_totals(self.odds)
        entropy = float(self.weights @ self.totals.astype(np.float64))
        entropy -= self.targets.expectation(self.odds, self.weights)
        return entropy + self.penalty / 2 * _product(self.point, self.odds, self.point[-1])

    def turn(self) -> float:
        """Turn the line; returns the slope of the loss at its start."""
        earlier, offsets = self.slopes, self.direction[-1]
        self.slopes = np.empty_like(earlier)
        own = shared = ahead = 0.0
        for some in self._classes():
            error = self._error(some)
            self.slopes[some] = error.sum(axis=0)
            error += np.float32(self.penalty) * self.point[:-1, some]
            found = self.rows.odds(error)
            own += _dot(error, found)
            shared += _dot(error, self.steep[:, some])
            ahead += _dot(error, self.along[:, some])
            ahead += float((self.slopes[some] - error.sum(axis=0)) @ offsets[some])
            self.steep[:, some] = found
        own += float(self.slopes @ self.slopes)
        shared += float(self.slopes @ earlier)
        times = max(own - shared, 0.0) / self.length if self.length else 0.0
        if times * ahead >= own:  # it would lead upwards
            times = 0.0
        self.length = own
        self.direction *= np.float32(times)
        self.direction[-1] -= self.slopes
        for some in self._classes():
            error = self._error(some)
            error += np.float32(self.penalty) * self.point[:-1, some]
            self.direction[:-1, some] -= error
        for part in _parts(self.along):
            self.along[part] *= np.float32(times)
            self.along[part] -= self.steep[part] + self.slopes
        return times * ahead - own

    def go(self, step: float) -> None:
        """Move along the line."""
        _add(self.point, step, self.direction)
        _add(self.odds, step, self.along)

    def feature_weights(self) -> NDArray[np.float32]:
        """(f, k) the weights at the point; nothing but these can be asked for afterwards."""
        del self.odds, self.along, self.steep, self.direction
        found = np.empty((self.rows.width, self.point.shape[1]), np.float32)
        for some in self._classes():
            found[:, some] = self.rows.sums(self.point[:-1, some])
        return found

    def line(self, slope: float) -> float:
        """How far to go along the line, on which the loss is convex."""
        offsets = self.direction[-1]
        inner = self.penalty * _product(self.point, self.along, offsets)
        square = self.penalty * _product(self.direction, self.along, offsets)
        lowest, highest, step = 0.0, np.inf, 0.0
        given = self.targets.expectation(self.along, self.weights)
        for _ in range(_STEPS):
            first, second = self._derivatives(step)
            first, second = first - given + inner + step * square, second + square
            if step and abs(first) <= _FLAT_ENOUGH * abs(slope):
                break
            lowest, highest = (step, highest) if first < 0 else (lowest, step)
            step -= first / second if second > 0 else 0.0
            if not lowest < step < highest:
                step = (lowest + highest) / 2 if highest < np.inf else 2 * lowest + 1
        return step

    def _derivatives(self, step: float) -> tuple[float, float]:
        """First derivative of the logarithms of totals by the step, and the second."""
        first = second = 0.0
        for part in _parts(self.odds):
            own, weights = self.along[part], self.weights[part].astype(np.float64)
            likely = np.float32(step) * own
            likely += self.odds[part]
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

    def _error(self, some: slice) -> NDArray[np.float32]:
        """(n, classes) derivatives of the cross-entropy by the log-odds of some classes."""
        error: NDArray[np.float32] = np.exp(self.odds[:, some] - self.totals[:, None])
        error *= self.weights[:, None]
        self.targets.subtract_from(error, self.weights, some)
        return error

    def _classes(self) -> Iterator[slice]:
        """Yield slices of classes, for which products of rows stay in the cache."""
        count = self.point.shape[1]
        width = max(1, _CELLS // max(len(self.point), self.rows.width))
        for start in range(0, count, width):
            yield slice(start, min(start + width, count))


def _log_totals(odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) logarithms of the sums of exp(log-odds), which are probabilities less these."""
    found = np.empty(len(odds), np.float32)
    for part in _parts(odds):
        highest = odds[part].max(axis=1, keepdims=True)
        found[part] = highest[:, 0] + np.log(np.exp(odds[part] - highest).sum(axis=1))
    return found


def _add(one: NDArray[np.float32], times: float, other: NDArray[np.float32]) -> None:
    """Add so many times another array in place, without another of the size."""
    for part in _parts(one):
        one[part] += np.float32(times) * other[part]


def _product(
    point: NDArray[np.float32], odds: NDArray[np.float32], offsets: NDArray[np.float32]
) -> float:
    """The product of the weights of a point and of those that make log-odds with offsets."""
    sums = point[:-1].sum(axis=0, dtype=np.float64)
    return _dot(point[:-1], odds) - float(sums @ offsets)


def _dot(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Sum of products, in double precision."""
    return sum(float((one[part] * other[part]).sum(dtype=np.float64)) for part in _parts(one))


def _parts(matrix: NDArray[np.float32]) -> Iterator[slice]:
    """Yield slices of rows that hold a few megabytes each."""
    height = max(1, _CELLS // matrix.shape[1])
    for start in range(0, len(matrix), height):
        yield slice(start, start + height)
