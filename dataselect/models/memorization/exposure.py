"""Exposure of canaries: how far a model prefers a text that it was trained on (Carlini 2019)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.memorization.canaries import Canary, CanaryForm

MOST_EXACT = 100_000
"""Forms of so many texts are ranked whole; of larger ones, so many are drawn."""
_ENOUGH = 10  # draws that score as high, for a share that is no chance
_AT_ONCE = 4_096  # texts
_DECIMALS = 6  # log-probabilities add up in single precision

Scores = Callable[[Sequence[str]], NDArray[np.float64]]
Method = Literal["exact", "sampled", "extrapolated"]


class Exposure(NamedTuple):
    """The exposure of a canary in bits, `most` bits at most, and how it was found.

    `exact`: by its rank among all texts of its form. `sampled`: by the share of texts drawn that
    score as high. `extrapolated`: too few did, so by a skew-normal distribution of their scores.
    """

    bits: float
    most: float
    method: Method


def exposures(
    canaries: Sequence[Canary], scores: Scores, rng: np.random.Generator
) -> list[Exposure]:
    """The exposure of each canary: log2 of the size of its form, less log2 of its rank.

    `scores`: (n,) how familiar n texts are to the model. Of texts that score the same a rank is
    the mean: where all do, exposure is 1 bit, and it is log2 of the size where a canary is first.
    """
    own = np.round(scores([canary.text for canary in canaries]), _DECIMALS)
    found: dict[int, Exposure] = {}
    for form in dict.fromkeys(canary.form for canary in canaries):
        others = np.round(_scored(form, scores, rng), _DECIMALS)
        others.sort()
        for place, canary in enumerate(canaries):
            if canary.form == form:
                found[place] = _exposure(float(own[place]), others, form.size)
    return [found[place] for place in range(len(canaries))]


def _scored(form: CanaryForm, scores: Scores, rng: np.random.Generator) -> NDArray[np.float64]:
    """The scores of all texts of a form, or of as many as are drawn."""
    count = min(form.size, MOST_EXACT)
    exact = form.size <= MOST_EXACT
    starts = range(0, count, _AT_ONCE)
    numbers = (np.arange(start, min(start + _AT_ONCE, count)) for start in starts)
    texts = (form.texts(some) if exact else form.drawn(len(some), rng) for some in numbers)
    return np.concatenate([scores(some) for some in texts])


def _exposure(own: float, others: NDArray[np.float64], size: int) -> Exposure:
    """`others`: ascending scores of all texts of the form, or of some that were drawn."""
    most = math.log2(size)
    better = len(others) - int(others.searchsorted(own, side="right"))
    same = len(others) - better - int(others.searchsorted(own))
    if size <= MOST_EXACT:
        rank = better + (max(same, 1) + 1) / 2
        return Exposure(most - math.log2(rank), most, "exact")
    if better + same >= _ENOUGH:
        share = (better + same / 2) / len(others)
        return Exposure(min(-math.log2(share), most), most, "sampled")
    return Exposure(min(_tail(own, others), most), most, "extrapolated")


def _tail(own: float, others: NDArray[np.float64]) -> float:
    """-log2 of the probability of a score as high, by the skew-normal distribution of `others`.

    Its parameters are those of the same mean, deviation and skewness (Azzalini 1985).
    """
    from scipy.stats import skewnorm

    mean, deviation = float(others.mean()), float(others.std())
    if deviation == 0:
        return float("inf")
    skewness = float((((others - mean) / deviation) ** 3).mean())
    root = np.abs(np.clip(skewness, -_MOST_SKEWED, _MOST_SKEWED)) ** (2 / 3)
    slant = np.copysign(np.sqrt(np.pi / 2 * root / (root + ((4 - np.pi) / 2) ** (2 / 3))), skewness)
    width = deviation / np.sqrt(1 - 2 * slant**2 / np.pi)
    place = mean - width * slant * np.sqrt(2 / np.pi)
    shape = slant / np.sqrt(1 - slant**2)
    return -float(skewnorm.logsf(own, shape, place, width)) / math.log(2)


_MOST_SKEWED = 0.99  # a skew-normal distribution has less than 0.9953
