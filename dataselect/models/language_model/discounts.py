"""Discounts of modified Kneser-Ney smoothing (Chen & Goodman 1998, equation 26)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FALLBACK = (0.5, 1.0, 1.5)
"""Discounts where the counts allow no estimate, as with `lmplz --discount_fallback`."""


class Discounts(NamedTuple):
    """What is taken off counts of one, two, and three or more."""

    one: float
    two: float
    more: float


def closed_form(counts: NDArray[np.int64]) -> Discounts | None:
    """Discounts by the numbers of n-grams counted once to four times, None if out of bounds."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    if not n[1:4].all():
        return None
    share = n[1] / (n[1] + 2 * n[2])
    found = [j - (j + 1) * share * n[j + 1] / n[j] for j in (1, 2, 3)]
    if any(not 0 <= discount <= j for j, discount in enumerate(found, start=1)):
        return None
    return Discounts(*map(float, found))


def doubts(fallbacks: Sequence[int]) -> list[str]:
    """What a person should know where some orders got FALLBACK."""
    if not fallbacks:
        return []
    orders = ", ".join(map(str, fallbacks))
    values = ", ".join(f"{value:g}" for value in FALLBACK)
    cause = "too little or too repetitive text to estimate"
    return [f"{cause} the discounts of order {orders}; used {values}"]
