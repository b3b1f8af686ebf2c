"""Which class is taken for which, learnt from the beliefs that a classifier has of given classes.

An error model of one annotator (Dawid & Skene 1979): the probability of what was meant is that of
the classifier times how often such a class is given as this one, and how often is what these
probabilities add up to, by expectation maximisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 8
"""Classes of an item that are thought of, the most probable ones."""

_RIGHT, _WRONG = 20.0, 1.0  # items of a class that are given right, and as any other, beforehand
_ROUNDS = 20


class LikelyClasses(NamedTuple):
    """Classes of items, (n, c), the given one first, and their probabilities."""

    codes: NDArray[np.int32]
    likely: NDArray[np.float64]

    @classmethod
    def empty(cls, n: int, classes: int) -> LikelyClasses:
        width = min(MOST, classes - 1) + 1
        return cls(np.zeros((n, width), np.int32), np.zeros((n, width)))

    def fill(
        self, rows: NDArray[np.intp], given: NDArray[np.intp], likely: NDArray[np.float64]
    ) -> None:
        """Enter some items by the probabilities (r, k) of all classes, which are spoilt."""
        each, others = np.arange(len(rows)), self.codes.shape[1] - 1
        self.codes[rows, 0], self.likely[rows, 0] = given, likely[each, given]
        likely[each, given] = -1
        best = np.argpartition(-likely, others - 1, axis=1)[:, :others]
        self.codes[rows, 1:], self.likely[rows, 1:] = best, likely[each[:, None], best]

    def corrected(self, classes: int) -> LikelyClasses:
        """The same classes, and how probable it is that each was meant."""
        given = self.codes[:, :1].astype(np.int64)
        kinds, kind = np.unique(self.codes * np.int64(classes) + given, return_inverse=True)
        meant = kinds // classes
        is_right = meant == kinds % classes
        prior = np.where(is_right, _RIGHT, _WRONG / max(classes - 1, 1))
        kind = kind.reshape(self.codes.shape)
        rate, likely = prior / (_RIGHT + _WRONG), self.likely
        for _ in range(_ROUNDS):
            likely = self.likely * rate[kind]
            likely /= np.maximum(likely.sum(axis=1, keepdims=True), np.finfo(float).tiny)
            counts = np.bincount(kind.ravel(), likely.ravel(), len(kinds))
            totals = np.bincount(meant, counts, classes) + _RIGHT + _WRONG
            rate = (counts + prior) / totals[meant]
        return self._replace(likely=likely)
