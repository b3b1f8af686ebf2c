"""Scores and lengths in bars that no outlier flattens."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataselect.selection.histogram import Distribution
    from dataselect.selection.ranking import Direction

_BARS = 40
_TAIL = 0.5  # of the width between the percentiles: what lies further out goes into the last bar
_LONG_TAIL = 8.0  # times the median: from there on the scale is logarithmic
_HARD_TO_SEE = 0.04  # of the tallest bar
_LARGEST = 1e150  # axes that go further overflow when they are drawn


@dataclass(frozen=True)
class Histogram:
    """Bars i from `edges[i]` to `edges[i + 1]`: how much was kept and dropped in each.

    `logarithmic` is the scale of values; `rooted`: heights are drawn by their square root, so that
    small bars can be seen. `beyond`: whether the first and the last bar hold what is further out.
    """

    edges: list[float]
    kept: list[float]
    dropped: list[float]
    cut: float | None = None
    logarithmic: bool = False
    rooted: bool = False
    beyond: tuple[bool, bool] = (False, False)


def of_scores(
    kept: Distribution,
    dropped: Distribution,
    both: Distribution,
    cut: float | None,
    direction: Direction,
) -> Histogram | None:
    """Kept and dropped scores; bars end at the cut. None where there is no score."""
    quantiles = {name: _drawable(value) for name, value in both.quantiles().items()}
    if not quantiles:
        return None
    cut = None if cut is None else _drawable(cut)
    logarithmic = _has_long_tail(quantiles, cut)
    edges = _edges(quantiles, cut, direction, logarithmic=logarithmic)
    bars = _bars(kept, edges), _bars(dropped, edges)
    tallest = [max(each) for each in bars if any(each)]
    return Histogram(
        edges=edges,
        kept=bars[0],
        dropped=bars[1],
        cut=cut,
        logarithmic=logarithmic,
        rooted=min(tallest) < _HARD_TO_SEE * max(tallest),
        beyond=(_exceeds(edges[0], quantiles["0"]), _exceeds(quantiles["1"], edges[-1])),
    )


def _drawable(value: float) -> float:
    return min(max(value, -_LARGEST), _LARGEST)


def _has_long_tail(quantiles: dict[str, float], cut: float | None) -> bool:
    """Whether a logarithmic scale shows more, and can show all."""
    lowest = quantiles["0"] if cut is None else min(quantiles["0"], cut)
    tail = max(_LONG_TAIL * quantiles["0.5"], 1)
    return lowest > 1 / _LARGEST and quantiles["0.99"] > tail


def _exceeds(value: float, limit: float) -> bool:
    """Whether it is larger, by more than rounding."""
    return value > limit and not math.isclose(value, limit)


def _edges(
    quantiles: dict[str, float], cut: float | None, direction: Direction, *, logarithmic: bool
) -> list[float]:
    """Ends of bars over nearly all scores; the cut is one of them."""
    forth, back = (math.log, math.exp) if logarithmic else (float, float)
    low, high = _reach({name: forth(value) for name, value in quantiles.items()})
    if cut is None:
        return [back(low + bar * _width(low, high)) for bar in range(_BARS + 1)]
    edges = [back(edge) for edge in _around(forth(cut), low, high)]
    # What scores as much as the cut belongs to what is kept, in spite of rounding.
    place = min(range(len(edges)), key=lambda edge: abs(edges[edge] - cut))
    edges[place] = cut if direction == "high" else math.nextafter(cut, math.inf)
    return edges


def _reach(quantiles: dict[str, float]) -> tuple[float, float]:
    """The lowest and highest value, or what is not too far from the percentiles."""
    low, high = quantiles["0.01"], quantiles["0.99"]
    margin = _TAIL * (high - low)
    return max(quantiles["0"], low - margin), min(quantiles["1"], high + margin)


def _width(low: float, high: float) -> float:
    return (high - low) / _BARS or abs(high) / _BARS or 1.0


def _around(cut: float, low: float, high: float) -> list[float]:
    """Ends of bars from `low` to `high`, as wide but for the last ones; `cut` is an inner one."""
    low, high = min(low, cut), max(high, cut)
    width = _width(low, high)
    first = low if low < cut else cut - width
    last = high if high > cut else cut + width
    before, after = (math.ceil(round(side / width, 6)) for side in (cut - first, last - cut))
    return [first, *(cut + bar * width for bar in range(1 - before, after)), last]


def _bars(scores: Distribution, edges: Sequence[float]) -> list[float]:
    """How many scores are in each bar; the first and the last take what is further out."""
    import numpy as np

    below = scores.below(np.array(edges[1:-1]))
    heights: list[float] = np.diff(below, prepend=0, append=scores.total).tolist()
    return heights


def of_lengths(before: Counter[int], after: Counter[int]) -> Histogram | None:
    """Shares of texts by their words: `kept` are those after, `dropped` those before selection."""
    total = sum(before.values())
    if not total or not sum(after.values()):
        return None
    longest = max(_quantile(before, 0.99), _quantile(after, 0.99), 1)
    width = math.ceil((longest + 1) / _BARS)
    starts = list(range(0, longest + 1, width))
    last = starts[-1] + width
    return Histogram(
        edges=[start - 0.5 for start in (*starts, last)],
        kept=_shares(after, starts),
        dropped=_shares(before, starts),
        beyond=(False, max(*before, *after) >= last),
    )


def _shares(counts: Counter[int], starts: Sequence[int]) -> list[float]:
    """Percentages of values at each start and before the next; the last takes all beyond."""
    grouped = [0.0] * len(starts)
    width = starts[1] - starts[0] if len(starts) > 1 else 1
    total = sum(counts.values())
    for value, count in counts.items():
        grouped[min(value // width, len(starts) - 1)] += 100 * count / total
    return grouped


def _quantile(counts: Counter[int], quantile: float) -> int:
    """The value that a share of all is not above."""
    wanted, passed = quantile * sum(counts.values()), 0
    for value in sorted(counts):
        passed += counts[value]
        if passed >= wanted:
            return value
    return 0
