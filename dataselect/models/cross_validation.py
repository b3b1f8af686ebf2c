"""Texts divided into folds, to hold each out once, and metrics of the scores that they get."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dataselect.models.normalization import all_composed

FOLDS = 5


def folds(texts: Sequence[str], rng: np.random.Generator) -> NDArray[np.intp]:
    """(n,) fold of each text, 0 to FOLDS - 1 or fewer; copies of a text share a fold."""
    _, same = np.unique(np.array(all_composed(texts), dtype=object), return_inverse=True)
    return folds_of(int(same.max()) + 1 if len(texts) else 0, rng)[same]


def folds_of(n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """(n,) fold of each of n items, 0 to FOLDS - 1 or fewer."""
    return rng.permutation(n) % min(FOLDS, max(n, 1))


# Scikit-learn has the metrics below, but takes longer to load than relevance to be learnt.


def mean_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) rank of each value, 1 for the lowest; equal ones share the mean of theirs.

    >>> mean_ranks(np.array([0.5, 0.1, 0.5])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = np.cumsum(counts)[place] - (counts[place] - 1) / 2
    return ranks


def roc_auc(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Area under the ROC curve: how often a positive outscores another, ties counted half."""
    own = int(positive.sum())
    above = mean_ranks(scores)[positive].sum() - own * (own + 1) / 2
    return float(above / (own * (len(positive) - own)))


def average_precision(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Mean, over the positives, of the precision among all that score as high or higher."""
    own, everything = np.sort(scores[positive]), np.sort(scores)
    hits = len(own) - np.searchsorted(own, own)
    found = len(everything) - np.searchsorted(everything, own)
    return float((hits / found).mean())


def precision_at(k: int, positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Share of positives among the `k` highest scores; of equal ones the first count."""
    return float(positive[np.argsort(-scores, kind="stable")[:k]].mean())
