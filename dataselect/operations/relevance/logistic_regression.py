"""Many logistic regressions at once on the same rows, each with its own cost of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_MOST_ITERATIONS = 200
_STEPS = 6  # of Newton's method along a line, at most
_FLAT_ENOUGH = 0.1  # of the slope at the start of a line
# Of the gradient's length at the start: some 15 to 20 iterations. With 1e-3, precision on SNIPS
# with five in-domain texts was 0.002 lower.
_TOLERANCE = 3e-4


class Regressions(NamedTuple):
    """k solutions: the weights of column j are `rows.T @ coefficients[:, j]`.

    `margins` (n, k): `rows @ weights`, without the intercept.
    """

    coefficients: NDArray[np.float64]
    margins: NDArray[np.float64]


def fit(rows: csr_array, positive: NDArray[np.bool_], costs: NDArray[np.float64]) -> Regressions:
    """For each column minimise `(|w|² + b²) / 2 + costs · log(1 + exp(∓ (rows @ w + b)))`.

    `rows` (n, f); `positive` (n, k) the side of each row; `costs` (n, k), 0 for a row that takes no
    part. The same problem as liblinear's with an intercept.

    Nonlinear conjugate gradients (Polak & Ribière 1969), with searches along lines, on which
    margins are linear. Weights are not written out: each column is a sum of rows (Kimeldorf & Wahba
    1970), so vectors are as short as there are rows, and an iteration is two sparse products for
    all columns together. In double precision: in single, rounding decided where some columns stop,
    so that scores differed between processors in the third digit; here they are the same in nine.
    """
    rows = rows.astype(np.float64)
    transposed = rows.T.tocsr()
    losses = _Losses(costs.astype(np.float64), positive)
    coefficients, margins, direction, along, steep = np.zeros((5, *costs.shape), np.float64)
    derivatives = losses.derivatives(margins)
    length = np.ones(costs.shape[1], np.float64)
    goal = np.zeros_like(length)
    for iteration in range(_MOST_ITERATIONS):
        residual = derivatives[0] - coefficients  # of the gradient, as a sum of rows
        steep_before, steep = steep, rows @ (transposed @ residual)
        steep += residual.sum(axis=0)
        length_before, length = length, _dot(residual, steep)
        if not iteration:
            goal = _TOLERANCE**2 * length
        active = length > goal
        if not active.any():
            break
        turn = np.where(active, np.maximum(length - _dot(residual, steep_before), 0), 0)
        turn /= np.where(active, length_before, 1)
        direction *= turn
        direction += residual
        along *= turn
        along += steep
        square = _dot(direction, along), _dot(coefficients, along)
        step, derivatives = losses.lowest(margins, derivatives, along, square, active)
        coefficients += step * direction
        margins += step * along
    return Regressions(coefficients, margins - coefficients.sum(axis=0))


_Derivatives: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.float64]]"


class _Losses:
    """The losses of all columns, `costs · log(1 + exp(∓ margins))`."""

    def __init__(self, costs: NDArray[np.float64], positive: NDArray[np.bool_]) -> None:
        self.costs, self.targets = costs, costs * positive

    def derivatives(self, margins: NDArray[np.float64]) -> _Derivatives:
        """By the margins, (n, k): minus the first, and the second."""
        with np.errstate(over="ignore"):  # to infinity, whose inverse is 0
            likely = np.reciprocal(1 + np.exp(-margins))
        first = self.costs * likely
        return self.targets - first, first * (1 - likely)

    def lowest(
        self,
        margins: NDArray[np.float64],
        derivatives: _Derivatives,
        along: NDArray[np.float64],
        square: tuple[NDArray[np.float64], NDArray[np.float64]],
        active: NDArray[np.bool_],
    ) -> tuple[NDArray[np.float64], _Derivatives]:
        """(k,) the step to the lowest point of each line, 0 where it is not `active`.

        Also the derivatives there; `derivatives`: those at the start. `square`: (k,) the squares'
        second derivative along the line, and their first at its start. By Newton's method, between
        bounds.
        """
        bend, slope_at_start = square
        step, low, high = np.zeros_like(bend), np.full_like(bend, -np.inf), bend + np.inf
        errors, seconds = derivatives
        slope = steepest = slope_at_start - _dot(errors, along)
        for _ in range(_STEPS):
            low, high = np.where(slope < 0, step, low), np.where(slope < 0, high, step)
            curvature = bend + _dot(seconds, along * along)
            newton = step - slope / np.where(active, curvature, 1)
            outside = (newton < low) | (newton > high)
            step = np.where(active, np.where(outside, (low + high) / 2, newton), 0)
            errors, seconds = self.derivatives(margins + step * along)
            slope = slope_at_start + step * bend - _dot(errors, along)
            if (np.abs(slope) <= _FLAT_ENOUGH * np.abs(steepest))[active].all():
                break
        return step, (errors, seconds)


def _dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) products of columns; without BLAS, whose threads may change the sums."""
    products: NDArray[np.float64] = np.einsum("nk,nk->k", one, other)
    return products
