"""Which records to keep, given one score each: the stage that every command shares.

Selection returns positions in the input, never records: the pipeline joins the two.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Direction = Literal["high", "low"]
"""Which end of a score is the good one."""

DIRECTIONS: dict[str, Direction] = {
    "relevance": "high",
    "perplexity": "low",
    "cross_entropy_difference": "low",
    "distance": "low",
    "alignment": "high",
    "novelty": "high",
    "confidence": "high",
    "paraphrase": "high",
    "rescored.perplexity": "low",
}
"""The fields that commands leave their scores in, and which end of them is the good one."""

OUT_OF_ORDER = ("--budget", "--sample", "--per")
"""Options of rules that may drop a record and keep a worse one."""

EVERYTHING = "everything"
"""What a selection without a rule keeps."""

_HUGE_EXPONENT = re.compile("[eE][-+]?[0-9_]{4}")
_RANKING = ("top_k", "share", "budget", "cost", "sample", "auto")
_RULES = ("threshold", "calibrate", *_RANKING)


class Groups(NamedTuple):
    """The value of the `--per` field of each record: `names[codes[i]]`. `codes` is (n,) integer."""

    codes: NDArray[np.integer]
    names: Sequence[str]


class Excluded(NamedTuple):
    """What is out before any rule: `codes` (n,) uint8, 0 for in, else the number of the reason.

    `reasons` are numbered from 1.
    """

    codes: NDArray[np.uint8]
    reasons: Sequence[str]


class Cut(NamedTuple):
    """What a selection did: `fates` (n,) uint8 index into `reasons`, 0 for kept."""

    fates: NDArray[np.uint8]
    reasons: Sequence[str]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """(n,) whether each record is kept."""
        mask: NDArray[np.bool_] = self.fates == 0
        return mask


def parse_share(spelled: str) -> Fraction:
    """A share such as `10%` or `0.1`, exactly. Raises OptionError outside 0 to 1.

    >>> parse_share("10%")
    Fraction(1, 10)
    """
    # A Fraction would write out all the digits that a large exponent stands for.
    digits = "" if _HUGE_EXPONENT.search(spelled) else spelled.removesuffix("%").strip()
    try:
        number = Fraction(digits)
    except (ValueError, ZeroDivisionError):
        raise OptionError(f"'{spelled}' is not a share; write 10% or 0.1") from None
    share = number / 100 if spelled.endswith("%") else number
    if not 0 <= share <= 1:
        raise OptionError(f"a share of '{spelled}' is not between 0% and 100%")
    return share


@dataclass(frozen=True)
class Selection:
    """The rule that keeps records; with no option set it keeps all.

    A threshold and one of `top_k`, `share`, `budget` and `sample` may stand together: a record
    must pass both. With `per`, each of them holds within each value of that field; `min_per` best
    records of each value are kept whatever the rule says, and no more than `max_per`.

    `share` counts all records, and rounds down. `calibrate` becomes a threshold by `calibrated`,
    and `auto`, a file of text like that which is to come, a share by `dataselect.sweep`. `buckets`
    are percentages of the best that `bucket` tells apart; they keep and drop nothing.
    """

    threshold: float | None = None
    calibrate: float | None = None
    top_k: int | None = None
    share: Fraction | None = None
    budget: float | None = None
    cost: str = "records"
    sample: int | None = None
    auto: str | None = None
    per: str | None = None
    min_per: int | None = None
    max_per: int | None = None
    buckets: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Raise OptionError for options that contradict each other."""
        self._refuse_several("--top-k", "--share", "--budget", "--sample", "--auto")
        self._refuse_several("--threshold", "--calibrate")
        for option, lowest in ("--top-k", 1), ("--sample", 1), ("--min-per", 0), ("--max-per", 0):
            value = self._value(option)
            if value is not None and value < lowest:
                raise OptionError(f"{option} {value} is under {lowest}")
        if self.threshold is not None and math.isnan(self.threshold):
            raise OptionError("--threshold NaN keeps nothing; give a number")
        if self.budget is not None and not self.budget > 0:
            raise OptionError(f"--budget {self.budget} buys nothing; give a number above 0")
        if self.calibrate is not None and not 0 < self.calibrate <= 1:
            raise OptionError(f"--calibrate {self.calibrate} is not a share above 0 and up to 1")
        if self.budget is None and self.cost != "records":
            raise OptionError("--cost is what --budget counts; give --budget too")
        if self.per is None and (self.min_per is not None or self.max_per is not None):
            raise OptionError(
                "--min-per and --max-per hold within each value of --per; give it too"
            )
        if any(not 0 < each < 100 for each in self.buckets) or list(self.buckets) != sorted(
            set(self.buckets)
        ):
            raise OptionError("--buckets are percentages that rise, above 0 and below 100: 30,60")
        if self.per is not None and not self._ranks:
            raise OptionError(
                "--per changes nothing alone; add --top-k, --share, --budget, --sample, --auto, "
                "--min-per or --max-per"
            )
        if None not in (self.min_per, self.max_per) and self.min_per > self.max_per:  # type: ignore[operator]  # neither is None here
            raise OptionError(f"--min-per {self.min_per} is above --max-per {self.max_per}")

    def _value(self, option: str) -> Any:
        return getattr(self, option.removeprefix("--").replace("-", "_"))

    def _refuse_several(self, *options: str) -> None:
        given = [option for option in options if self._value(option) is not None]
        if len(given) > 1:
            raise OptionError(f"{' and '.join(given)} cannot be combined; give one of them")

    @property
    def streams(self) -> bool:
        """Whether each record's fate is known without looking at the others."""
        return not self._ranks and not self.buckets

    @property
    def _ranks(self) -> bool:
        ranked = (self.top_k, self.share, self.budget, self.sample, self.auto)
        return any(option is not None for option in (*ranked, self.min_per, self.max_per))

    @property
    def selects(self) -> bool:
        """Whether any rule is in force."""
        return self._ranks or self.threshold is not None or self.calibrate is not None

    def describe(self) -> str:
        """The rule in the words of the command line, for reports."""
        return self._spelled(*_RULES, "per", "min_per", "max_per") or EVERYTHING

    def _spelled(self, *names: str) -> str:
        words = []
        for name in names:
            value = getattr(self, name)
            if value is None or (name == "cost" and self.budget is None):
                continue
            spelled = f"{float(value):.6g}" if isinstance(value, float | Fraction) else str(value)
            words.append(f"--{name.replace('_', '-')} {spelled}")
        return " ".join(words)

    def calibrated(self, held_out: NDArray[np.float64], direction: Direction) -> Selection:
        """The same selection with the threshold that a share `calibrate` of `held_out` passes."""
        import numpy as np

        if self.calibrate is None:
            return self
        best_first = np.sort(gain(held_out, direction))[::-1]
        # Fraction: 0.95 * 20 must be 19, not 19.000000000000004 rounded up.
        wanted = math.ceil(Fraction(str(self.calibrate)) * len(best_first))
        threshold = float(gain(best_first[wanted - 1], direction))
        return replace(self, calibrate=None, threshold=threshold)

    def with_share(self, share: Fraction) -> Selection:
        """The same selection with the share that a sweep found."""
        return replace(self, auto=None, share=share)

    def bucket(self, scores: NDArray[np.float64], direction: Direction) -> NDArray[np.intp]:
        """(n,) in which of the `buckets` each score falls, 1 for the best; equal ones together."""
        import numpy as np

        gains = gain(scores, direction)
        best_first = np.sort(gains)[::-1]
        last = [math.ceil(Fraction(str(each)) / 100 * len(gains)) - 1 for each in self.buckets]
        lowest = best_first[last] if len(gains) else np.empty(0)
        return len(lowest) - np.searchsorted(lowest[::-1], gains, side="right") + 1

    def cut(
        self,
        scores: NDArray[np.float64],
        direction: Direction = "high",
        *,
        costs: NDArray[np.float64] | None = None,
        groups: Groups | None = None,
        excluded: Excluded | None = None,
        rng: np.random.Generator | None = None,
    ) -> Cut:
        """Decide the fate of each record. `scores` (n,) finite; `costs` (n,) where a budget is.

        Of equal scores the first wins. What is `excluded` counts in a share, but is never kept.
        `rng` is needed for `sample`. O(n) but for `budget`.
        """
        import numpy as np

        gains = gain(scores, direction)
        fates = np.zeros(len(gains), np.uint8)
        if self.threshold is not None:
            fates[gains < gain(self.threshold, direction)] = 1
        order_by = gains
        if self.sample is not None:
            order_by = _gumbel_keys(scores, direction, rng or np.random.default_rng(0))
        reasons = self._reasons(direction)
        if excluded is not None:
            out = excluded.codes > 0
            fates[out] = excluded.codes[out] + np.uint8(len(reasons) - 1)
            order_by = np.where(out, -np.inf, order_by)
            reasons += excluded.reasons
        if groups is None:
            self._cut_group(fates, order_by, costs, len(gains))
        else:
            members = np.argsort(groups.codes, kind="stable")
            ends = np.cumsum(np.bincount(groups.codes, minlength=len(groups.names)))
            for group in np.split(members, ends[:-1]):
                own = fates[group]
                self._cut_group(
                    own, order_by[group], None if costs is None else costs[group], len(group)
                )
                self._apply_quota(own, order_by[group])
                fates[group] = own
        return Cut(fates, reasons)

    def _cut_group(
        self,
        fates: NDArray[np.uint8],
        gains: NDArray[np.float64],
        costs: NDArray[np.float64] | None,
        total: int,
    ) -> None:
        """Apply the one rule that ranks to the records of a group that passed the threshold."""
        import numpy as np

        count = self.top_k if self.sample is None else self.sample
        if self.share is not None:
            count = math.floor(self.share * total)
        if count is None and self.budget is None:
            return
        out = fates > 0
        if out.any():
            gains = np.where(out, -np.inf, gains)
        if count is not None:
            chosen = best(gains, count)
        else:
            assert self.budget is not None
            chosen = affordable(gains, np.ones(total) if costs is None else costs, self.budget)
        fates[~out] = 2
        # Neither what is out already nor what weighs nothing in a draw; both come last.
        fates[chosen[gains[chosen] > -np.inf]] = 0

    def _apply_quota(self, fates: NDArray[np.uint8], gains: NDArray[np.float64]) -> None:
        import numpy as np

        if self.min_per is not None:
            chosen = best(gains, self.min_per)
            fates[chosen[gains[chosen] > -np.inf]] = 0
        if self.max_per is not None:
            kept = np.flatnonzero(fates == 0)
            fates[kept] = 3
            fates[kept[best(gains[kept], self.max_per)]] = 0

    def _reasons(self, direction: Direction) -> list[str]:
        side = "below" if direction == "high" else "above"
        rule = self._spelled(*_RANKING, "per")
        return [
            "kept",
            f"{side} the threshold {self.threshold}",
            f"not drawn by {rule}" if self.sample is not None else f"not among the best by {rule}",
            f"over --max-per {self.max_per} of its {self.per}",
        ]


def gain(
    scores: NDArray[np.float64] | float, direction: Direction
) -> NDArray[np.float64]:  # a float is a 0-dimensional array here
    """Scores turned so that higher is better."""
    import numpy as np

    return np.asarray(scores if direction == "high" else np.negative(scores), dtype=np.float64)


def best(gains: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Positions, ascending, of the `count` highest gains; of equal ones the first win. O(n)."""
    import numpy as np

    if count >= len(gains):
        return np.arange(len(gains))
    if count <= 0:
        return np.empty(0, np.intp)
    last = np.partition(gains, len(gains) - count)[len(gains) - count]
    above = gains > last
    level = np.flatnonzero(gains == last)[: count - int(above.sum())]
    above[level] = True
    return np.flatnonzero(above)


def affordable(
    gains: NDArray[np.float64], costs: NDArray[np.float64], budget: float
) -> NDArray[np.intp]:
    """Positions of what is bought, best first, by taking each record that still fits the rest.

    Costs are added in the order of buying, as a loop would, so that rounding is the same.
    """
    import numpy as np

    queue = np.argsort(-gains, kind="stable")
    bought: list[NDArray[np.intp]] = []
    spent = 0.0
    while queue.size:
        totals = np.cumsum(np.concatenate(([spent], costs[queue])))[1:]
        fit = int(np.searchsorted(totals, budget, side="right"))
        if fit:
            bought.append(queue[:fit])
            spent = float(totals[fit - 1])
        queue = queue[fit + 1 :]
        queue = queue[spent + costs[queue] <= budget]
    return np.concatenate(bought) if bought else np.empty(0, np.intp)


def _gumbel_keys(
    scores: NDArray[np.float64], direction: Direction, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Keys whose k highest are a draw of k without replacement (Gumbel top-k).

    Weights are the scores, or 1/score where low is good. Raises InputError for a negative score.
    """
    import numpy as np

    if scores.size and scores.min() < 0:
        raise InputError(
            f"--sample draws in proportion to the score, and the lowest is {scores.min():g}; "
            "use a score that is not negative, or another selection option"
        )
    with np.errstate(divide="ignore"):
        logs = np.log(scores)
    # The noise is drawn in the order of the input: block sizes and workers cannot change it.
    return (logs if direction == "high" else -logs) + rng.gumbel(size=len(scores))
