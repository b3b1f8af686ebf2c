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
# Of the gradient's length at the start: some 5 to 12 iterations. With 1e-3, precision on SNIPS
# with five in-domain texts was 0.002 lower.
_TOLERANCE = 3e-4
_HEAVY = 4.0  # cost from which a row of length 1 bends the loss as much as the penalty does
_MOST_HEAVY = 100  # so many are preconditioned one by one


class Regressions(NamedTuple):
    """k solutions, each a sum of `rows` (n, f) with `coefficients` (n, k)."""

    rows: csr_array
    coefficients: NDArray[np.float64]

    @property
    def weights(self) -> NDArray[np.float64]:
        """(f, k) without the intercept."""
        found: NDArray[np.float64] = self.rows.T @ self.coefficients
        return found

    @property
    def margins(self) -> NDArray[np.float64]:
        """(n, k) of each row, without the intercept."""
        found: NDArray[np.float64] = self.rows @ self.weights
        return found


def fit(rows: csr_array, positive: NDArray[np.bool_], costs: NDArray[np.float64]) -> Regressions:
    """For each column minimise `(|w|² + b²) / 2 + costs · log(1 + exp(∓ (rows @ w + b)))`.

    `rows` (n, f); `positive` (n, k) the side of each row; `costs` (n, k), 0 for a row that takes no
    part. The same problem as liblinear's with an intercept.

    Nonlinear conjugate gradients (Polak & Ribière 1969), preconditioned, with searches along lines,
    on which margins are linear. Weights are not written out: each column is a sum of rows
    (Kimeldorf & Wahba 1970), so vectors are as short as there are rows, and an iteration is two
    sparse products for all columns together. In double precision: in single, rounding decided where
    some columns stop, so that scores differed between processors in the third digit; here they are
    the same in nine.
    """
    from scipy.sparse import csr_array

    extended = _with_intercept(rows)
    transposed = csr_array(extended.T)
    losses = _Losses(costs, positive)
    preconditioner = _Preconditioner(extended, _groups(positive, costs))
    coefficients, margins, direction, along, steep = np.zeros((5, *costs.shape), np.float64)
    derivatives = losses.derivatives(margins)
    length = np.ones(costs.shape[1], np.float64)
    goal = np.zeros_like(length)
    for iteration in range(_MOST_ITERATIONS):
        residual = derivatives[0] - coefficients  # of the gradient, as a sum of rows
        gradient = transposed @ residual
        square = _dot(gradient, gradient)
        if not iteration:
            goal = _TOLERANCE**2 * square
        active = square > goal
        if not active.any():
            break
        turned, gradient = preconditioner(residual, gradient, derivatives[1])
        steep_before, steep = steep, extended @ gradient
        length_before, length = length, _dot(residual, steep)
        turn = np.where(active, np.maximum(length - _dot(residual, steep_before), 0), 0)
        turn /= np.where(active, length_before, 1)
        direction *= turn
        direction += turned
        along *= turn
        along += steep
        squares = _dot(direction, along), _dot(coefficients, along)
        step, derivatives = losses.lowest(margins, derivatives, along, squares, active)
        coefficients += step * direction
        margins += step * along
    coefficients[costs == 0] = 0  # preconditioning leaves a trace there
    return Regressions(rows, coefficients)


def _with_intercept(rows: csr_array) -> csr_array:
    """Rows (n, f) with a column of ones behind; scipy's `hstack` sorts all entries for that."""
    from scipy.sparse import csr_array

    n, f = rows.shape
    ends, one = rows.indptr[1:], rows.indices.dtype.type(1)
    entries = np.insert(rows.data, ends, 1.0), np.insert(rows.indices, ends, f)
    return csr_array((*entries, rows.indptr + np.arange(n + 1) * one), shape=(n, f + 1))


def _groups(positive: NDArray[np.bool_], costs: NDArray[np.float64]) -> NDArray[np.intp]:
    """(n,) the group of each row: its set or the others; a heavy row is alone where they are few.

    `positive`, `costs`: see `fit`.
    """
    groups = np.where(positive.any(axis=1), positive.argmax(axis=1), -1)
    heavy = np.flatnonzero(costs.max(axis=1) > _HEAVY)
    if len(heavy) <= _MOST_HEAVY:
        groups[heavy] = positive.shape[1] + np.arange(len(heavy))
    return np.unique(groups, return_inverse=True)[1]


class _Preconditioner:
    """The inverse of the second derivative, as it were if all rows of a group were their mean.

    By the identity of Woodbury: equations in as many unknowns as there are groups, q.
    """

    def __init__(self, rows: csr_array, groups: NDArray[np.intp]) -> None:
        """`rows` (n, f) and the group, 0 to q - 1, of each."""
        from scipy.sparse import csr_array

        self._sizes = np.bincount(groups)
        shares = 1 / self._sizes[groups]
        self._average = csr_array((shares, (groups, np.arange(len(groups)))))
        self._means = self._average @ rows
        self._products = (self._means @ self._means.T).toarray()

    def __call__(
        self,
        residual: NDArray[np.float64],
        gradient: NDArray[np.float64],
        seconds: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The gradient (f, k) times the inverse, before that as a sum of rows, `residual` (n, k).

        `seconds` (n, k): second derivatives of the losses.
        """
        bends = np.sqrt((self._average @ seconds) * self._sizes[:, None]).T  # (k, q)
        system = np.eye(len(self._sizes)) + bends[:, :, None] * bends[:, None] * self._products
        given = bends * (self._means @ gradient).T
        taken = (bends * np.linalg.solve(system, given[:, :, None])[:, :, 0]).T
        turned, lower = self._average.T @ taken, self._means.T @ taken
        return np.subtract(residual, turned, out=turned), np.subtract(gradient, lower, out=lower)


_Derivatives: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.float64]]"


class _Losses:
    """The losses of all columns, `costs · log(1 + exp(∓ margins))`."""

    def __init__(self, costs: NDArray[np.float64], positive: NDArray[np.bool_]) -> None:
        self.costs, self.targets = costs, costs * positive

    def derivatives(self, margins: NDArray[np.float64]) -> _Derivatives:
        """By the margins, (n, k): minus the first, and the second."""
        likely = np.negative(margins)  # from here on in place: new arrays cost more than sums
        with np.errstate(over="ignore"):  # to infinity, whose inverse is 0
            np.exp(likely, out=likely)
        likely += 1
        np.reciprocal(likely, out=likely)
        first = self.costs * likely
        np.subtract(1, likely, out=likely)
        likely *= first
        return np.subtract(self.targets, first, out=first), likely

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
            ahead = step * along
            ahead += margins
            errors, seconds = self.derivatives(ahead)
            slope = slope_at_start + step * bend - _dot(errors, along)
            if (np.abs(slope) <= _FLAT_ENOUGH * np.abs(steepest))[active].all():
                break
        return step, (errors, seconds)


def _dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) products of columns; without BLAS, whose threads may change the sums."""
    products: NDArray[np.float64] = np.einsum("nk,nk->k", one, other)
    return products
