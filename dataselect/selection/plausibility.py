"""Signs that a run is not what its user meant: warnings, and never a reason to fail."""

from __future__ import annotations

from decimal import ROUND_FLOOR
from typing import TYPE_CHECKING, NamedTuple

from dataselect.console import figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataselect.selection.rule import Selection

_AS_LIKELY = {"relevance": 0.5}
"""Score fields that are probabilities, to the one that speaks for neither side."""

_FAR_UNDER = 0.25  # odds of 1 to 3 against; what a share Q passes goes down to 0.3 in good runs
_TOO_UNSURE = 0.25  # between Q and what surely passes: 10 held-out texts, but not 20
# That at least so much passes held in all of 128 cases (CLINC150, 10 to 100 texts of five intents,
# shares of 0.5 to 0.95, eight seeds); an interval on both sides held in 75: more passes.
_CONFIDENCE = 0.95


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


class Calibration(NamedTuple):
    """What is known of a threshold of `--calibrate`: a share of `held_out` texts passes.

    Of text like them that was never seen, at least the share `least` does, with 95 %. More than it
    should as a rule: the weights that a text is held out from are learnt from less.
    """

    share: float
    held_out: int
    least: float

    @classmethod
    def of(cls, share: float, held_out: int) -> Calibration:
        """What passes the k-th best of n has a Beta(k, n + 1 - k) distribution."""
        from math import ceil

        from scipy.special import betaincinv

        kept = ceil(share * held_out - 1e-9)
        least = float(betaincinv(kept, held_out + 1 - kept, 1 - _CONFIDENCE))
        return cls(share, held_out, least)

    def summary(self) -> str:
        """For people; other rules beside the threshold keep less."""
        passes = f"at least {self._percent} of in-domain text pass"
        return f"{passes} --calibrate {self.share:g} (95 % sure)"

    def warnings(self) -> list[str]:
        """Whether the held-out texts are too few for the share to mean something."""
        if self.share - self.least <= _TOO_UNSURE:
            return []
        said = (
            f"--calibrate {self.share:g} rests on {self.held_out:,} held-out texts, and says no "
            f"more than that {self._percent} of in-domain text pass; give more in-domain text, "
            "or a --threshold"
        )
        return [said]

    @property
    def _percent(self) -> str:
        return f"{int(100 * self.least)} %"  # rounded down, so that it holds
