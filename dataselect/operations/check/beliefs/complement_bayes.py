"""Naive Bayes against the complement of each class, and what views of a record count together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.intent_classifier.soft_regression import log_softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_SMOOTHING = 0.1  # occurrences; 0.03 to 0.3 are within noise of each other


class ComplementBayes:
    """Log-odds of classes by the features that items have (Rennie et al. 2003), and by priors.

    `present` (n, f): 1 where an item has a feature. Sums over features are divided by the root of
    their number: they are no independent evidence.
    """

    def __init__(self, present: csr_array, codes: NDArray[np.intp], classes: int) -> None:
        self.present: csr_array = present.astype(np.float32)
        self.lengths = np.sqrt(np.maximum(self.present.sum(axis=1), 1))
        self.codes, self.classes = codes, classes

    def learn(self, rows: NDArray[np.intp]) -> csr_array:
        """Learn from some of the items. Returns (r, k), 1 for the class of each."""
        from scipy.sparse import csr_array

        places = np.arange(len(rows) + 1)
        shape = len(rows), self.classes
        given = csr_array((np.ones(len(rows), np.float32), self.codes[rows], places), shape=shape)
        own = (given.T @ self.present[rows]).toarray() + np.float32(_SMOOTHING)
        rest = own.sum(axis=0) - own + np.float32(_SMOOTHING)
        weights = np.log(own / own.sum(axis=1, keepdims=True))
        weights -= np.log(rest / rest.sum(axis=1, keepdims=True))
        self.weights = np.ascontiguousarray(weights.T)
        self.priors = np.log(np.bincount(self.codes[rows], minlength=self.classes) + 1)
        return given

    def odds(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(r, k) log-odds of some of the items."""
        found: NDArray[np.float64] = self.present[rows] @ self.weights + self.priors
        found /= self.lengths[rows, None]
        return found


def weights_of_views(odds: NDArray[np.float64], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """(2,) what the log-odds of each view, (2, n, k), count, to make the given intents probable."""
    from scipy.optimize import minimize

    each = np.arange(len(codes))

    def loss(shares: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logarithms = log_softmax(np.tensordot(shares, odds, 1))
        error = np.exp(logarithms)
        error[each, codes] -= 1
        slope = np.tensordot(odds, error, ([1, 2], [0, 1]))
        return -float(logarithms[each, codes].mean()), slope / len(codes)

    start = 1 / np.maximum(odds.std(axis=(1, 2)), 1e-9)
    bounds = [(0, None)] * len(odds)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)
