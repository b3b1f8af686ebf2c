"""Minimum error rate training: a metric's exact optimum along lines through weight space.

Och, "Minimum Error Rate Training in Statistical Machine Translation" (ACL 2003).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.metrics import Metric
from dataselect.operations.rescore.lists import Floats, Lists

_LEAST_GAIN = 1e-9  # of percent points; less is rounding


class Envelope(NamedTuple):
    """The highest of some lines at every t, for n lists of lines at once.

    `first` (n,) is the highest line for t towards minus infinity. Then, e times, at `times` (e,)
    the line `before` (e,) of list `lists` (e,) is overtaken by the line `after` (e,).
    """

    first: NDArray[np.intp]
    times: Floats
    lists: NDArray[np.intp]
    before: NDArray[np.intp]
    after: NDArray[np.intp]


def upper_envelope(offsets: Floats, slopes: Floats) -> Envelope:
    """The envelope of the lines `offsets + t * slopes`, both (n, k), ordered by time.

    All lists take a step at once, so that there are as many steps as the longest envelope has
    corners. Of equal lines the first counts.
    """
    lowest = slopes.min(axis=1, keepdims=True)
    first = np.where(slopes == lowest, offsets, -np.inf).argmax(axis=1)
    lists, current, now = np.arange(len(offsets)), first, np.full(len(offsets), -np.inf)
    steps = [(np.empty(0), lists[:0], first[:0], first[:0])]
    while len(lists):
        own = lists, current
        steeper = slopes[lists] - slopes[own][:, np.newaxis]
        behind = offsets[own][:, np.newaxis] - offsets[lists]
        crossings = np.full(behind.shape, np.inf)
        np.divide(behind, steeper, out=crossings, where=steeper > 0)
        following = crossings.argmin(axis=1)
        at = crossings[np.arange(len(lists)), following]
        goes_on = at < np.inf
        lists, before, current = lists[goes_on], current[goes_on], following[goes_on]
        now = np.maximum(at[goes_on], now[goes_on])  # rounding must not turn a corner back
        steps.append((now, lists, before, current))
    times, places, before, after = map(np.concatenate, zip(*steps, strict=True))
    order = np.argsort(times, kind="stable")
    return Envelope(first, times[order], places[order], before[order], after[order])


def search_line(
    lists: Lists, metric: Metric, weights: Floats, direction: Floats
) -> tuple[float, float]:
    """The t for which `weights + t * direction` is best, and the gain there.

    The middle of the best interval between two corners; 0 where no interval is better than the
    one that 0 is in.
    """
    corners = upper_envelope(lists.features @ weights, lists.features @ direction)
    steps = (
        lists.statistics[corners.lists, corners.after]
        - lists.statistics[corners.lists, corners.before]
    )
    start = lists.chosen(corners.first).sum(axis=0)
    gains = metric.gain(np.cumsum(np.vstack([start, steps]), axis=0))
    lower = np.concatenate(([-np.inf], corners.times))
    upper = np.concatenate((corners.times, [np.inf]))
    wide = upper > lower
    gains, lower, upper = gains[wide], lower[wide], upper[wide]
    best, here = int(gains.argmax()), int(np.searchsorted(upper, 0.0))
    if gains[best] <= gains[here] + _LEAST_GAIN:
        return 0.0, float(gains[here])
    return _middle(float(lower[best]), float(upper[best])), float(gains[best])


def _middle(lower: float, upper: float) -> float:
    """A point well inside an interval, of which one end may be infinite."""
    if lower == -np.inf:
        return upper - 1
    return lower + 1 if upper == np.inf else (lower + upper) / 2


def minimum_error_rate(
    lists: Lists, metric: Metric, starts: list[Floats], rng: np.random.Generator
) -> Floats:
    """(f,) the weights of the highest gain that searches from all `starts` find.

    Each search goes along the best of 2f lines, f axes and f random directions, until none of
    them leads higher.
    """
    found = [_climb(lists, metric, start, rng) for start in starts]
    return max(found, key=lambda each: each[1])[0]


def _climb(
    lists: Lists, metric: Metric, weights: Floats, rng: np.random.Generator
) -> tuple[Floats, float]:
    """Weights of length 1 from which no line leads higher, and their gain."""
    reached = float(metric.gain(lists.sums(weights)))
    while True:
        directions = np.vstack([np.eye(len(weights)), rng.normal(size=(len(weights),) * 2)])
        found = [search_line(lists, metric, weights, each) for each in directions]
        best = max(range(len(found)), key=lambda i: found[i][1])
        step, highest = found[best]
        if highest <= reached + _LEAST_GAIN:
            return weights, reached
        moved = weights + step * directions[best]
        weights, reached = moved / np.linalg.norm(moved), highest
