"""Keyness of n-grams between two samples of text: log-odds with an informative prior."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dataselect.models.ngrams.tokens import word_spans


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


def weighted_log_odds(
    here: Counter[str], there: Counter[str], *, prior: float | None = None
) -> list[KeynessScore]:
    """The z-score of the log-odds ratio of each item (Monroe, Colaresi & Quinn 2008, eq. 15-22).

    The Dirichlet prior has the frequencies of both samples together, and counts as `prior` items:
    by default as many as the smaller sample has. With fewer, what a sample lacks altogether would
    be too uncertain to come first. Neither sample may be empty.
    """
    items = sorted({*here, *there})
    counts = np.array([[own[item] for item in items] for own in (here, there)], np.float64)
    weight = float(counts.sum(axis=1).min()) if prior is None else prior
    pseudo = weight * counts.sum(axis=0) / counts.sum()
    smoothed = counts + pseudo
    others = smoothed.sum(axis=1, keepdims=True) - smoothed
    with np.errstate(divide="ignore", invalid="ignore"):  # a single item has no others
        ours, theirs = np.log(smoothed) - np.log(others)
        scores = np.nan_to_num((ours - theirs) / np.sqrt((1 / smoothed).sum(axis=0)))
    return [
        KeynessScore(item, here[item], there[item], score)
        for item, score in zip(items, scores.tolist(), strict=True)
    ]


def _counted(texts: Sequence[str], order: int) -> list[Counter[str]]:
    """How often each n-gram occurs, by length from 1 to `order`."""
    spans = word_spans(texts, lowercase=True)
    words = spans.spellings(np.arange(len(spans.starts)))
    found: list[Counter[str]] = [Counter() for _ in range(order)]
    for start, end in pairwise(spans.bounds.tolist()):
        for n, counter in enumerate(found, start=1):
            counter.update(" ".join(words[i : i + n]) for i in range(start, end - n + 1))
    return found
