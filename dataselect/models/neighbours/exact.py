"""Nearest neighbours of two sides in each other, exactly, block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours.blocks import blocks

Vectors = NDArray[np.floating[Any]]
Nearest = Callable[
    [Vectors, Vectors, int, Callable[[int], None]], tuple[NDArray[np.intp], NDArray[np.intp]]
]
"""The type of `nearest`, here and elsewhere."""

# One block of products has 2048 x 4096 entries: 32 MiB, and a quarter of it for each mask.
_ROWS, _COLUMNS = 2048, 4096
MOST_EXACT = 6e12  # multiplications, of two sides of 125,000 x 384: about two minutes on two cores
_SAMPLE = 512
_ROUNDING = 1e-5  # float32 products of the same two vectors differ by less from block to block


class _Best:
    """The best `count` candidates met so far of each of some vectors.

    `places` (u, count): best first. `least` (u,): what a product must exceed to be of interest.
    """

    def __init__(self, vectors: Vectors, candidates: Vectors, count: int) -> None:
        self.products = np.full((len(vectors), count), -np.inf, np.float32)
        self.places = np.zeros((len(vectors), count), np.intp)
        self.least = _lower_bounds(vectors, candidates, count)

    def add(
        self,
        rows: NDArray[np.intp],
        candidates: NDArray[np.intp],
        products: NDArray[np.float32],
    ) -> None:
        """Keep what is nearer: the row that each candidate is of, its place, its product, (s,)."""
        touched, rows = np.unique(rows, return_inverse=True)
        count = self.places.shape[1]
        rows = np.concatenate((rows, np.repeat(np.arange(len(touched)), count)))
        products = np.concatenate((products, self.products[touched].ravel()))
        candidates = np.concatenate((candidates, self.places[touched].ravel()))
        order = np.lexsort((-products, rows))
        starts = np.searchsorted(rows[order], np.arange(len(touched)))
        best = order[starts[:, None] + np.arange(count)]
        self.products[touched] = products[best]
        self.places[touched] = candidates[best]
        self.least[touched] = np.maximum(self.least[touched], products[best][:, -1])


def _lower_bounds(vectors: Vectors, candidates: Vectors, count: int) -> NDArray[np.float32]:
    """(u,) a bound under the product of each vector with its count-th nearest candidate.

    It is that of a sample of the candidates; without it all of the first block would be sorted.
    """
    size = min(max(_SAMPLE, count), len(candidates))
    sample = single(candidates[np.linspace(0, len(candidates) - 1, size).astype(np.intp)])
    bounds = np.empty(len(vectors), np.float32)
    for rows in blocks(len(vectors), _ROWS):
        products = single(vectors[rows]) @ sample.T
        bounds[rows] = np.partition(products, size - count, axis=1)[:, size - count]
    return bounds - np.float32(_ROUNDING)


def single(vectors: Vectors) -> NDArray[np.float32]:
    """The same in float32."""
    return np.asarray(vectors, np.float32)


def nearest(
    source: Vectors, target: Vectors, count: int, progress: Callable[[int], None]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of the nearest `count` texts of the other side, or of all, for both sides.

    source (u, d), target (v, d). Returns (u, min(count, v)) and (v, min(count, u)). Each block of
    products is computed once and serves both. Products are in float32: of candidates that differ
    by less than about 1e-6 either may come first.
    """
    ours = _Best(source, target, min(count, len(target)))
    theirs = _Best(target, source, min(count, len(source)))
    done, both = 0, len(source) + len(target)
    for rows in blocks(len(source), _ROWS):
        left = single(source[rows])
        for columns in blocks(len(target), _COLUMNS):
            products = left @ single(target[columns]).T
            row, column, values = _above(products, ours.least[rows, None])
            ours.add(rows.start + row, columns.start + column, values)
            row, column, values = _above(products, theirs.least[columns])
            theirs.add(columns.start + column, rows.start + row, values)
        progress(both * rows.stop // len(source) - done)
        done = both * rows.stop // len(source)
    return ours.places, theirs.places


def _above(
    products: NDArray[np.float32], least: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Row, column and value of each product above the least of interest."""
    found = np.flatnonzero(products > least)
    row, column = np.divmod(found, products.shape[1])
    return row, column, products.ravel()[found]
