"""Margins of aligned pairs (Artetxe & Schwenk 2019, "Margin-based Parallel Corpus Mining").

A cosine alone misleads: a text that is near to everything, a hub, has a high cosine with any
source. A margin measures the cosine of a pair against those of the nearest neighbours of its sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dataselect.errors import OptionError
from dataselect.models.neighbours import exact, faiss_index
from dataselect.models.neighbours.blocks import Side, blocks, cosines
from dataselect.models.neighbours.exact import MOST_EXACT, Nearest, Vectors

Margin = Literal["ratio", "distance", "cosine"]

NEIGHBOURS = 4  # as in the paper
_SPARE = 4  # neighbours beyond k that are ranked again, by exact cosines
_LEAST_DENOMINATOR = 0.01  # smaller ones come from vectors of zeros or from a handful of pairs
_ROWS = 2048
_NUMBERS_AT_ONCE = 4_000_000  # of candidates' vectors in double precision, 32 MB


def alignment(
    source: Side,
    target: Side,
    *,
    margin: Margin = "ratio",
    k: int = NEIGHBOURS,
    progress: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float64]:
    """(n,) how well the sides of each pair translate each other; high is good.

    With c the cosine of a pair, and m the mean over its two sides of the mean cosine to the `k`
    nearest of the other side's distinct texts: c / m for `ratio`, c - m for `distance`, c for
    `cosine`. A ratio's m counts as 0.01 at least, so it is finite. Where the other side has fewer
    than `k` distinct texts, all are neighbours: a single pair with a positive cosine has ratio 1.

    `progress` is called with how many more distinct texts are done, in the end those of both sides.
    Raises OptionError for `k` under 1, and where approximate search is not installed.

    >>> axes = Side(np.eye(2, dtype=np.float32), np.arange(2))
    >>> alignment(axes, axes, k=2)
    array([2., 2.])
    """
    if k < 1:
        raise OptionError(f"{k} neighbours make no margin; give 1 or more")
    own = _pair_cosines(source, target)
    if margin == "cosine" or not len(own):
        return own
    texts, dimension = (len(source.vectors), len(target.vectors)), source.vectors.shape[1]
    nearest = neighbour_search(texts, dimension)
    ours, theirs = nearest(source.vectors, target.vectors, k + _SPARE, progress)
    around = _mean_cosines(source.vectors, target.vectors, ours, k)[source.index]
    around += _mean_cosines(target.vectors, source.vectors, theirs, k)[target.index]
    around /= 2
    if margin == "distance":
        return own - around
    return own / np.maximum(around, _LEAST_DENOMINATOR)


def neighbour_search(texts: tuple[int, int], dimension: int) -> Nearest:
    """How the neighbours of so many distinct texts on each side are found.

    Every two are compared up to `MOST_EXACT` multiplications, minutes; then an inverted file is
    used. Raises OptionError where that is not installed: ask before hours go into encoding.
    """
    if math.prod(texts) * dimension <= MOST_EXACT:
        return exact.nearest
    faiss_index.require_faiss()
    return faiss_index.nearest


def _pair_cosines(source: Side, target: Side) -> NDArray[np.float64]:
    """(n,) cosine of the two sides of each pair."""
    own = np.empty(len(source.index))
    for rows in blocks(len(own), _ROWS):
        ours, theirs = source.vectors[source.index[rows]], target.vectors[target.index[rows]]
        own[rows] = cosines(ours, theirs[:, None])[:, 0]
    return own


def _mean_cosines(
    vectors: Vectors, others: Vectors, places: NDArray[np.intp], k: int
) -> NDArray[np.float64]:
    """(u,) mean cosine of each vector to the best `k` of its candidates, `places` (u, c)."""
    means = np.empty(len(vectors))
    at_once = max(1, _NUMBERS_AT_ONCE // (places.shape[1] * vectors.shape[1]))
    for rows in blocks(len(vectors), at_once):
        found = cosines(vectors[rows], others[places[rows]])
        found.sort(axis=1)
        means[rows] = found[:, -k:].mean(axis=1)
    return means
