"""Naive Bayes against the complement of each class, and what views of a record count together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.intent_classifier.soft_regression import log_softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_SMOOTHING = 0.1  # occurrences; 0.03 to 0.3 are within noise of each other
_DENSE = 1 << 24  # weights that are held one by one: 64 MiB, and products are faster


class ComplementBayes:
    """Log-odds of classes by the features of items (Rennie et al. 2003), and by priors.

    Sums over features are divided by the root of their number: they are no independent evidence.
    `items` (n, u) tells what items consist of, and `features` (u, f) the features of that; without
    it they are the same. `codes` (n,): the class of each. What is learnt is learnt from all folds
    but one, by what is counted of each once.
    """

    def __init__(
        self,
        items: csr_array,
        features: csr_array | None,
        codes: NDArray[np.intp],
        classes: int,
        fold: NDArray[np.intp],
    ) -> None:
        self.items, self.features = items, features
        size = np.ones(items.shape[1]) if features is None else features.sum(axis=1)
        self.sizes: NDArray[np.float64] = items @ size
        self._priors = np.zeros((int(fold.max()) + 1, classes))
        self._counts = []
        for number in range(len(self._priors)):
            rows = np.flatnonzero(fold == number)
            counts = items[rows].T @ one_hot(codes[rows], classes)
            self._counts.append((counts if features is None else features.T @ counts).tocsr())
            self._priors[number] = np.bincount(codes[rows], minlength=classes)
        self._total = sum(self._counts[1:], self._counts[0])

    def learn(self, held_out: int) -> None:
        """Learn from all folds but that.

        Where a class never has a feature, its weight is the feature's own and the same for all such
        classes, so that it tells nothing: the other weights are what they have above it.
        """
        from scipy.sparse import csr_array

        own: csr_array = self._total - self._counts[held_out]
        own.eliminate_zeros()
        features, classes = own.shape
        of_feature, of_class = own.sum(axis=1), own.sum(axis=0)
        rest = of_feature + classes * _SMOOTHING
        rest_of_row = np.repeat(rest, np.diff(own.indptr))
        weights = np.log1p(own.data / _SMOOTHING) - np.log1p(-own.data / rest_of_row)
        above = csr_array((weights.astype(np.float32), own.indices, own.indptr), shape=own.shape)
        smoothed = features * _SMOOTHING
        self.offsets = np.log((rest.sum() - of_class) / (of_class + smoothed))
        known = above if self.features is None else self.features @ above
        is_small = known.shape[0] * classes <= _DENSE
        self.weights = known.toarray() if is_small else known.tocsr()
        self.priors = np.log(self._priors.sum(axis=0) - self._priors[held_out] + 1)

    def odds(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(r, k) log-odds of some of the items."""
        sums = self.items[rows] @ self.weights
        sizes = self.sizes[rows, None]
        found: NDArray[np.float64] = sizes * self.offsets + self.priors
        found += sums if isinstance(sums, np.ndarray) else sums.toarray()
        found /= np.sqrt(np.maximum(sizes, 1))
        return found


def one_hot(codes: NDArray[np.intp], classes: int) -> csr_array:
    """(n, k) 1 for the class of each item."""
    from scipy.sparse import csr_array

    ones = np.ones(len(codes), np.float32)
    return csr_array((ones, codes, np.arange(len(codes) + 1)), shape=(len(codes), classes))


def weights_of_views(odds: NDArray[np.float64], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """(v,) what the log-odds of each view, (v, n, k), count, to make the given classes probable."""
    from scipy.optimize import minimize

    each = np.arange(len(codes))

    def loss(shares: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logarithms = log_softmax(np.tensordot(shares, odds, 1))
        error = np.exp(logarithms)
        error[each, codes] -= 1
        slope = np.tensordot(odds, error, ([1, 2], [0, 1]))
        return -float(logarithms[each, codes].mean()), slope / len(codes)

    start = 1 / np.maximum(odds.std(axis=2).mean(axis=1), 1e-9)
    bounds = [(0, None)] * len(odds)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)
