"""Signs that a run is not what its user meant: warnings, and never a reason to fail."""

from __future__ import annotations

from decimal import ROUND_FLOOR
from typing import TYPE_CHECKING

from dataselect.console import figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataselect.selection.rule import Selection

_AS_LIKELY = {"relevance": 0.5}
"""Score fields that are probabilities, to the one that speaks for neither side."""

_FAR_UNDER = 0.25  # odds of 1 to 3 against; what a share Q passes goes down to 0.3 in good runs
_TOO_UNSURE = 0.25  # between Q and the lower end of the interval: 10 held-out texts, but not 20
_INTERVAL = 0.95


def exchange_warnings(learnt_from: int, read: int, times: float) -> list[str]:
    """Whether the in-domain text is `times` as large as the input, as if they were exchanged."""
    if not read or learnt_from <= times * read:
        return []
    said = (
        f"the in-domain text has {learnt_from:,} records and the input {read:,}; if they are "
        "exchanged, give the small annotated set with --in-domain and the large pool as the input"
    )
    return [said]


def low_cut_warnings(
    field: str, cut: float | None, selection: Selection, options: Mapping[str, object]
) -> list[str]:
    """Whether the worst of what is kept, `cut`, speaks against it by itself.

    A threshold that was given, and not found by `--calibrate`, says that this is known. A sample
    has such records by chance.
    """
    even = _AS_LIKELY.get(field)
    known = selection.threshold is not None and options.get("calibrate") is None
    if even is None or cut is None or cut >= _FAR_UNDER or known:
        return []
    if not selection.selects or selection.sample is not None:
        return []
    worst = figure(cut, ROUND_FLOOR)
    said = (
        f"the worst of what is kept looks like background: its {field} is {worst}, and {even} is "
        "as like one as the other"
    )
    return [said]


def calibration_warnings(share: float, held_out: int) -> list[str]:
    """Whether the threshold of `--calibrate` rests on too few held-out texts.

    What passes the k-th best of n has a Beta(k, n + 1 - k) distribution.
    """
    from math import ceil

    from scipy.special import betaincinv

    kept = ceil(share * held_out - 1e-9)
    if not 0 < kept <= held_out:
        return []
    tails = (1 - _INTERVAL) / 2, (1 + _INTERVAL) / 2
    low, high = (float(betaincinv(kept, held_out + 1 - kept, tail)) for tail in tails)
    if share - low <= _TOO_UNSURE:
        return []
    said = (
        f"--calibrate {share:g} rests on {held_out:,} held-out texts: {low:.0%} to {high:.0%} of "
        "in-domain text pass (95 % interval); give more in-domain text, or a --threshold"
    )
    return [said]
