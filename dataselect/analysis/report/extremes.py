"""The records of the best scores, in constant memory."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


class Row(NamedTuple):
    """A record as it was read: its text, its line, its score, nan where it has none."""

    text: str
    line: bytes
    score: float


class Extremes:
    """The `size` rows of highest gain, best first; each text once, of equal gains the first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._best: list[tuple[float, Row]] = []
        self._limit = float("-inf")

    def add(self, gains: NDArray[np.float64], row: Callable[[int], Row]) -> None:
        """Offer n rows by their gains, (n,); `row` makes those that are looked at, by place."""
        offered = (gains > self._limit).nonzero()[0]
        if not len(offered):
            return
        candidates = zip(gains[offered].tolist(), map(row, offered.tolist()), strict=True)
        best: dict[str, tuple[float, Row]] = {}
        for each in heapq.merge(self._best, sorted(candidates, key=_worst_last), key=_worst_last):
            best.setdefault(each[1].text, each)
            if len(best) == self._size:
                self._limit = each[0]
                break
        self._best = list(best.values())

    @property
    def rows(self) -> list[Row]:
        return [row for _, row in self._best]


def _worst_last(found: tuple[float, Row]) -> float:
    return -found[0]
