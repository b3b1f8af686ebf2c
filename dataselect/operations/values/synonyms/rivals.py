"""Rivals: other candidates for synonyms of a value that are as probable as the one in question."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DECIMALS = 6  # of logits: equal evidence has to be equal on every machine


def rivals(pairs: NDArray[np.intp], logits: NDArray[np.float64]) -> NDArray[np.intp]:
    """(p,) how many other pairs of a value have this logit or a higher one.

    `pairs` (p, 2) of values, none twice. Of the two values of a pair, the one with more rivals
    counts: "march" is nearest to "mar", which is as near to "marina" and "martini".
    """
    owners, own = pairs.ravel(), np.repeat(np.round(logits, _DECIMALS), 2)
    order = np.lexsort((-own, owners))
    owners, own = owners[order], own[order]
    is_first = np.append(True, owners[1:] != owners[:-1])
    is_last = np.append(is_first[1:] | (own[1:] != own[:-1]), True)
    each = np.arange(len(owners))
    start = np.maximum.accumulate(np.where(is_first, each, 0))
    end = np.minimum.accumulate(np.where(is_last, each, len(each))[::-1])[::-1]
    found = np.empty(len(owners), np.intp)
    found[order] = end - start
    most: NDArray[np.intp] = found.reshape(-1, 2).max(axis=1)
    return most
