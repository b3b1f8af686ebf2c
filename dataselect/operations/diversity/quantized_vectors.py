"""Unit vectors so coarse that single precision multiplies them exactly, and a growing set of them.

Entries are multiples of 2**-11. Their products are multiples of 2**-22, sums of such products stay
under 2, and float32 holds all of that: a cosine is the same on every machine, however a library
orders its sums. Rounding moves a cosine by about 0.0002.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataselect.models.encoders.base import Encoder, coarse, portions, unit
from dataselect.models.neighbours.blocks import blocks
from dataselect.operations.diversity.objectives.objective import NOTHING, NearestPick

_PRODUCTS_AT_ONCE = 1 << 23  # 32 MiB


def coarse_vectors(
    encoder: Encoder, items: Sequence[Any], advance: Callable[[int], None]
) -> NDArray[np.float16]:
    """(len(items), d) such vectors of texts or positions; `advance` is told of how many more."""
    found = np.empty((len(items), encoder.dimension), np.float16)
    done = 0
    for vectors in portions(encoder, items, advance):
        found[done : done + len(vectors)] = coarse(vectors)
        done += len(vectors)
    return found


def centrality(pool: NDArray[np.float16], items: NDArray[np.intp]) -> NDArray[np.float64]:
    """(len(items),) cosine of some vectors of the pool (n, d) to the mean of all, from 0 to 1."""
    mean = coarse(unit(pool.sum(axis=0, dtype=np.float64)[None]))
    return References(mean).nearest(pool[items]).similarities


class References:
    """Vectors that others are compared with: those of labelled texts, and then picks."""

    def __init__(self, labelled: NDArray[np.float16]) -> None:
        self.size = len(labelled)
        self._rows = labelled.astype(np.float32)

    def add(self, vector: NDArray[np.float16]) -> None:
        """Append one more, (d,)."""
        if self.size == len(self._rows):
            more = np.empty((self.size + 64, self._rows.shape[1]), np.float32)
            self._rows = np.concatenate((self._rows, more))
        self._rows[self.size] = vector
        self.size += 1

    def nearest(self, vectors: NDArray[np.float16], start: int = 0) -> NearestPick:
        """Those from place `start` on nearest to vectors (n, d); of equal ones the first."""
        similarities = np.zeros(len(vectors))
        places = np.full(len(vectors), NOTHING, np.intp)
        others = self._rows[start : self.size].T
        if not others.shape[1]:
            return NearestPick(similarities, places)
        for rows in blocks(len(vectors), max(1, _PRODUCTS_AT_ONCE // others.shape[1])):
            products = vectors[rows].astype(np.float32) @ others
            own = products.argmax(axis=1)
            places[rows] = own + start
            similarities[rows] = products[np.arange(len(own)), own].clip(0, 1)
        return NearestPick(similarities, places)

    def several_nearest(
        self, vectors: NDArray[np.float16], count: int, start: int = 0
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """(n, count) places and cosines of the nearest from `start` on; all if there are fewer."""
        others = self._rows[start : self.size].T
        count = min(count, others.shape[1])
        places = np.empty((len(vectors), count), np.intp)
        cosines = np.empty(places.shape, np.float32)
        for rows in blocks(len(vectors), max(1, _PRODUCTS_AT_ONCE // others.shape[1])):
            products = vectors[rows].astype(np.float32) @ others
            nearest = np.argsort(-products, axis=1, kind="stable")[:, :count]
            places[rows] = np.sort(nearest, axis=1)
            cosines[rows] = np.take_along_axis(products, places[rows], axis=1)
        return places + start, cosines
