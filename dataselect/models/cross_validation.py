"""Texts divided into folds, to hold each out once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dataselect.models.normalization import all_composed

FOLDS = 5


def folds(texts: list[str], rng: np.random.Generator) -> NDArray[np.intp]:
    """(n,) fold of each text, 0 to FOLDS - 1 or fewer; copies of a text share a fold."""
    _, same = np.unique(np.array(all_composed(texts), dtype=object), return_inverse=True)
    return folds_of(int(same.max()) + 1 if len(texts) else 0, rng)[same]


def folds_of(n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """(n,) fold of each of n items, 0 to FOLDS - 1 or fewer."""
    return rng.permutation(n) % min(FOLDS, max(n, 1))
