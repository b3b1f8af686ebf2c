"""Keyness of n-grams between two samples of text: log-odds with an informative prior."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.ngrams.tokens import word_spans

_WORDS_AT_ONCE = 1 << 18  # of a text of many megabytes no more are held as strings


class KeynessScore(NamedTuple):
    """An n-gram, how often each sample has it, and its z-score: above 0 where the first has more.

    From about 2, or -2, a difference is more than chance.
    """

    ngram: str
    here: int
    there: int
    z_score: float


def contrasts(here: Sequence[str], there: Sequence[str], *, order: int = 2) -> list[KeynessScore]:
    """All n-grams up to `order` of two samples of texts, the most typical of the first one first.

    Each length of n-grams is compared by itself. Empty if either sample has no words.

    >>> contrasts(["play jazz", "play"], ["it rained"])[0].ngram
    'play'
    """
    found: list[KeynessScore] = []
    for ours, theirs in zip(_counted(here, order), _counted(there, order), strict=True):
        if ours and theirs:
            found += weighted_log_odds(ours, theirs)
    return sorted(found, key=lambda each: (-each.z_score, each.ngram))


def typical_ngrams(
    groups: Sequence[Sequence[str]], rest: Sequence[str], *, order: int = 2
) -> list[list[KeynessScore]]:
    """Of each group of texts the n-grams typical of it beside all other texts, the best first.

    As `contrasts` of the group with the others and the `rest`, but only what is above 0.
    """
    counted = [_counted(texts, order) for texts in groups]
    totals = _counted(rest, order)
    for own in counted:
        for total, counts in zip(totals, own, strict=True):
            total.update(counts)
    found = []
    for own in counted:
        scores = [
            each
            for counts, total in zip(own, totals, strict=True)
            if 0 < counts.total() < total.total()
            for each in _against(counts, total)
            if each.z_score > 0
        ]
        found.append(sorted(scores, key=lambda each: (-each.z_score, each.ngram)))
    return found


def _against(here: Counter[str], total: Counter[str]) -> list[KeynessScore]:
    """The scores of the items of one sample against what `total` has besides."""
    items = sorted(here)
    ours = np.array([here[item] for item in items], np.float64)
    both = np.array([total[item] for item in items], np.float64)
    own, everything = here.total(), total.total()
    scores = _z_scores(ours, both - ours, own, everything - own, min(own, everything - own))
    return [
        KeynessScore(item, here[item], total[item] - here[item], score)
        for item, score in zip(items, scores.tolist(), strict=True)
    ]


def weighted_log_odds(
    here: Counter[str], there: Counter[str], *, prior: float | None = None
) -> list[KeynessScore]:
    """The z-score of the log-odds ratio of each item (Monroe, Colaresi & Quinn 2008, eq. 15-22).

    The Dirichlet prior has the frequencies of both samples together, and counts as `prior` items:
    by default as many as the smaller sample has. With fewer, what a sample lacks altogether would
    be too uncertain to come first. Neither sample may be empty.
    """
    items = sorted({*here, *there})
    ours, theirs = (np.array([own[item] for item in items], np.float64) for own in (here, there))
    own, others = here.total(), there.total()
    weight = min(own, others) if prior is None else prior
    scores = _z_scores(ours, theirs, own, others, weight)
    return [
        KeynessScore(item, here[item], there[item], score)
        for item, score in zip(items, scores.tolist(), strict=True)
    ]


def _z_scores(
    here: NDArray[np.float64],
    there: NDArray[np.float64],
    own: float,
    others: float,
    weight: float,
) -> NDArray[np.float64]:
    """(v,) z-scores of items that occur `here` and `there`, of `own` and `others` in all."""
    pseudo = weight * (here + there) / (own + others)
    ours, theirs = here + pseudo, there + pseudo
    with np.errstate(divide="ignore", invalid="ignore"):  # a single item has no others
        odds = np.log(ours) - np.log(own + weight - ours)
        odds -= np.log(theirs) - np.log(others + weight - theirs)
        found: NDArray[np.float64] = np.nan_to_num(odds / np.sqrt(1 / ours + 1 / theirs))
    return found


def _counted(texts: Sequence[str], order: int) -> list[Counter[str]]:
    """How often each n-gram occurs, by length from 1 to `order`."""
    spans = word_spans(texts, lowercase=True)
    found: list[Counter[str]] = [Counter() for _ in range(order)]
    for first in range(0, len(spans.starts), _WORDS_AT_ONCE):
        last = min(first + _WORDS_AT_ONCE, len(spans.starts))
        words = spans.spellings(np.arange(first, min(last + order - 1, len(spans.starts))))
        texts_here = slice(
            spans.bounds.searchsorted(first, side="right") - 1, spans.bounds.searchsorted(last) + 1
        )
        for start, end in pairwise((spans.bounds[texts_here] - first).tolist()):
            for n, counter in enumerate(found, start=1):
                places = range(max(start, 0), min(end - n + 1, last - first))
                counter.update(" ".join(words[i : i + n]) for i in places)
    return found
