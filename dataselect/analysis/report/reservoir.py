"""A few of many records, in constant memory: drawn at random, or those of the best scores."""

from __future__ import annotations

import heapq
from itertools import compress
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

Item = TypeVar("Item")


class Row(NamedTuple):
    """A record as it was read: its text, its line, its score, nan where it has none."""

    text: str
    line: bytes
    score: float


class ReservoirSample(Generic[Item]):
    """A uniform draw of up to `size` items, in an order that is random, too.

    Each item gets a random key in the order of the input, and the lowest keys stay. Holds up to
    2 * `size` items.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self._size, self._rng = size, rng
        self._drawn: list[tuple[float, int, Item]] = []
        self._seen, self._limit = 0, 1.0

    def add(self, items: Sequence[Item]) -> None:
        """Offer some items."""
        keys = self._rng.random(len(items))
        for place in (keys < self._limit).nonzero()[0].tolist():
            self._drawn.append((float(keys[place]), self._seen + place, items[place]))
        self._seen += len(items)
        if len(self._drawn) > 2 * self._size:
            self._shrink()

    @property
    def items(self) -> list[Item]:
        """What was drawn."""
        self._shrink()
        return [item for *_, item in self._drawn]

    def _shrink(self) -> None:
        self._drawn.sort(key=lambda each: each[:2])
        del self._drawn[self._size :]
        if len(self._drawn) == self._size:
            self._limit = self._drawn[-1][0] if self._drawn else 0.0


class Extremes:
    """The `size` rows of highest gain, best first; each text once, of equal gains the first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._best: list[tuple[float, Row]] = []
        self._limit = float("-inf")

    def add(self, gains: NDArray[np.float64], rows: Sequence[Row]) -> None:
        """Offer rows, n of them, and their gains, (n,)."""
        offered = gains > self._limit
        if not offered.any():
            return
        candidates = zip(gains[offered].tolist(), compress(rows, offered.tolist()), strict=True)
        best: dict[str, tuple[float, Row]] = {}
        for each in heapq.merge(self._best, sorted(candidates, key=_worst_last), key=_worst_last):
            best.setdefault(each[1].text, each)
            if len(best) == self._size:
                self._limit = each[0]
                break
        self._best = list(best.values())

    @property
    def rows(self) -> list[Row]:
        """What was kept."""
        return [row for _, row in self._best]


def _worst_last(found: tuple[float, Row]) -> float:
    return -found[0]
