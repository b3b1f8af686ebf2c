"""Repetition in texts: the loops that recognisers and translators fall into."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

LONGEST_PERIOD = 32  # words or characters of what is repeated


def word_runs(words: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """(n,) the most times that the same words, up to 32 of them, stand in a row; 0 without words.

    >>> word_runs(["no no no".split(), "thank you thank you".split(), "stop".split(), []])
    array([3, 2, 1, 0])
    """
    places: dict[str, int] = {}
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    every = chain.from_iterable(words)
    items = (places.setdefault(word, len(places)) for word in every)
    return _longest_runs(np.fromiter(items, np.uint32, int(sizes.sum())), sizes)


def character_runs(texts: Sequence[str]) -> NDArray[np.int64]:
    """(n,) the most times that the same characters, up to 32 of them, stand in a row, likewise.

    >>> character_runs(["aaah", "hahaha!", ""])
    array([3, 3, 0])
    """
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    return _longest_runs(np.frombuffer("".join(texts).encode("utf-32-le"), "<u4"), sizes)


def _longest_runs(items: NDArray[np.uint32], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) of the items of n sequences, one after the other.

    Items p places apart that are equal m times in a row make m // p + 1 repetitions of p items.
    """
    ends = np.cumsum(sizes)
    runs = np.minimum(sizes, 1)
    for period in range(1, min(LONGEST_PERIOD, int(sizes.max(initial=0)) // 2) + 1):
        same = np.zeros(len(items) - period + 2, bool)  # ends as it begins, with a difference
        np.equal(items[period:], items[:-period], out=same[1:-1])
        across = ends[:, np.newaxis] - np.arange(
            period
        )  # place i is that of items i - 1, i - 1 + p
        same[across[(across > 0) & (across < len(same))]] = False
        edges = np.flatnonzero(same[1:] != same[:-1])
        lengths = edges[1::2] - edges[::2]
        long = lengths >= period
        owners = np.searchsorted(ends, edges[::2][long], side="right")
        np.maximum.at(runs, owners, lengths[long] // period + 1)
    return runs
