"""Wilson's interval of a share."""

from __future__ import annotations

_Z = 1.959963984540054  # 97.5 % of the normal distribution lie below


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); everything where nothing was tried.

    >>> [round(bound, 4) for bound in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, _Z * _Z
    middle = share + square / (2 * trials)
    half = _Z * (share * (1 - share) / trials + square / (4 * trials * trials)) ** 0.5
    low, high = (middle - half) / (1 + square / trials), (middle + half) / (1 + square / trials)
    return max(0.0, low) if successes else 0.0, min(1.0, high) if successes < trials else 1.0
