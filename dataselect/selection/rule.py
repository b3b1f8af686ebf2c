"""Which records to keep, given one score each: the stage that every command shares.

Selection returns positions in the input, never records: the pipeline joins the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from dataselect.errors import OptionError
from dataselect.selection.ranking import gain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.selection.apply import Cut, Excluded, RankingRule
    from dataselect.selection.ranking import Direction
    from dataselect.selection.reasons import Reason
    from dataselect.selection.score_table import Groups, Numbers

EVERYTHING = "everything"
"""What a selection without a rule keeps."""

_RANKING = ("top_k", "share", "budget", "cost", "sample", "auto")
_RULES = ("threshold", "calibrate", *_RANKING)

_BELOW, _WORSE, _OVER = 1, 2, 3
"""Decisions: the places of `_reasons`, from 1; those of exclusions come after."""


@dataclass(frozen=True)
class Selection:
    """The rule that keeps records; with no option set it keeps all.

    A threshold and one of `top_k`, `share`, `budget` and `sample` may stand together: a record
    must pass both. With `per`, each of them holds within each value of that field; `min_per` best
    records of each value are kept whatever the rule says, and no more than `max_per`.

    `share` counts all records, and rounds down. `budget` is in the unit of the cost, such as
    seconds, and shown to people in `budget_unit`, such as `h`. `calibrate` becomes a threshold by
    `calibrated`, and `auto`, a file of text like that which is to come, a share by `best_share`;
    `auto_field` is where that text is, if not where records have theirs. `buckets` are percentages
    of the best, which `bucket` numbers; they keep and drop nothing.

    What the files of `exclude` hold, in `exclude_field`, is left out before any rule, and with
    `unique` all but the best of the records that have the same text. Both count in a share.
    """

    threshold: float | None = None
    calibrate: float | None = None
    top_k: int | None = None
    share: Fraction | None = None
    budget: float | None = None
    budget_unit: str = ""
    cost: str = "records"
    sample: int | None = None
    auto: str | None = None
    auto_field: str | None = None
    per: str | None = None
    min_per: int | None = None
    max_per: int | None = None
    buckets: tuple[float, ...] = ()
    unique: bool = False
    exclude: tuple[str, ...] = ()
    exclude_field: str | None = None

    def __post_init__(self) -> None:
        """Raise OptionError for options that contradict each other."""
        self._refuse_several("--top-k", "--share", "--budget", "--sample", "--auto")
        self._refuse_several("--threshold", "--calibrate")
        for option, least in ("--top-k", 1), ("--sample", 1), ("--min-per", 0), ("--max-per", 0):
            value = self._value(option)
            if value is not None and value < least:
                raise OptionError(f"{option} {value} is under {least}")
        if self.threshold is not None and math.isnan(self.threshold):
            raise OptionError("--threshold NaN keeps nothing; give a number")
        if self.budget is not None and not self.budget > 0:
            raise OptionError(f"--budget {self.budget} buys nothing; give a number above 0")
        if self.calibrate is not None and not 0 < self.calibrate <= 1:
            raise OptionError(f"--calibrate {self.calibrate} is not a share above 0 and up to 1")
        if self.budget is None and self.cost != "records":
            raise OptionError("--cost is what --budget counts; give --budget too")
        self._refuse_fields_without_files("--auto", "--exclude")
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

    def _refuse_fields_without_files(self, *options: str) -> None:
        for files in options:
            if self._value(f"{files}-field") is not None and not self._value(files):
                raise OptionError(f"{files}-field is of the file of {files}; give it too")

    @property
    def streams(self) -> bool:
        """Whether each record can be decided on without looking at the others."""
        return not self._ranks and not self.buckets and not self.unique

    @property
    def _ranks(self) -> bool:
        ranked = (self.top_k, self.share, self.budget, self.sample, self.auto)
        return any(option is not None for option in (*ranked, self.min_per, self.max_per))

    @property
    def selects(self) -> bool:
        """Whether any rule on scores is in force."""
        return self._ranks or self.threshold is not None or self.calibrate is not None

    @property
    def by_score(self) -> bool:
        """Whether all that scores better than something kept is kept, but for what is left out."""
        return self.budget is None and self.sample is None and self.per is None

    @property
    def compares_texts(self) -> bool:
        """Whether records are left out by their texts, so that each has to have one."""
        return self.unique or bool(self.exclude)

    def in_force(self) -> dict[str, Any]:
        """The options of the rule on scores as JSON, those that are not given left out."""
        values = {name: getattr(self, name) for name in (*_RULES, "per", "min_per", "max_per")}
        if self.budget is None:
            del values["cost"]
        return {
            name: str(value) if isinstance(value, Fraction) else value
            for name, value in values.items()
            if value is not None
        }

    def describe(self) -> str:
        """The rule in the words of the command line, for reports."""
        words = []
        for name in self.in_force():
            value = getattr(self, name)
            spelled = f"{float(value):.6g}" if isinstance(value, float | Fraction) else value
            words.append(f"--{name.replace('_', '-')} {spelled}")
        words += ["--unique"] * self.unique
        words += [f"--exclude {file}" for file in self.exclude]
        return " ".join(words) or EVERYTHING

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
        return replace(self, auto=None, auto_field=None, share=share)

    def bucket_limits(
        self, scores: Numbers, direction: Direction = "high", *, limit: int | None = None
    ) -> NDArray[np.float64]:
        """(b,) the lowest gain of each of the `buckets` but the last, for `bucket_of`."""
        from dataselect.selection.external_ranking import lowest
        from dataselect.selection.score_table import blocks

        counts = [math.ceil(Fraction(str(each)) / 100 * len(scores)) for each in self.buckets]
        parts = blocks(len(scores))
        return lowest(lambda: (gain(scores[own], direction) for own in parts), counts, limit)

    def cut(
        self,
        scores: Numbers,
        direction: Direction = "high",
        *,
        costs: Numbers | None = None,
        groups: Groups | None = None,
        excluded: Excluded | None = None,
        rng: np.random.Generator | None = None,
        limit: int | None = None,
    ) -> Cut:
        """Decide on each record. `scores` (n,) finite; `costs` (n,) where a budget is.

        Of equal scores the first wins. What is `excluded` counts in a share, but is never kept.
        `rng` is needed for `sample`. Holds about `limit` records, whatever the number of all.
        """
        import numpy as np

        from dataselect.selection.apply import Candidates, Cut
        from dataselect.selection.ranking import gumbel_keys
        from dataselect.selection.score_table import each_block, group_sizes

        codes, names = groups or (None, ("",))
        out, exclusions = excluded or (None, ())
        reasons = self._reasons(direction, exclusions)

        def unranked(own: slice) -> NDArray[np.uint8]:
            """The decisions of the rules that need no ranking."""
            found = np.zeros(own.stop - own.start, np.uint8)
            if self.threshold is not None:
                found[gain(scores[own], direction) < gain(self.threshold, direction)] = _BELOW
            if out is not None:
                found[out[own] > 0] = out[own][out[own] > 0] + np.uint8(_OVER)
            return found

        decisions: Numbers = each_block("B", len(scores), unranked)
        if not self._ranks:
            return Cut(decisions, reasons)
        keys: Numbers = scores
        sign = 1 if direction == "high" else -1
        if self.sample is not None:
            rng = rng or np.random.default_rng(0)
            keys = each_block(
                "d", len(scores), lambda own: gumbel_keys(scores[own], direction, rng)
            )
            sign = 1
        candidates = Candidates(keys, sign, costs, codes)
        for rule in self._rules(group_sizes(codes, len(scores), len(names)), by_group=bool(groups)):
            decisions = candidates.apply(rule, decisions, limit)
        return Cut(decisions, reasons)

    def _rules(self, sizes: Sequence[int], *, by_group: bool) -> list[RankingRule]:
        """The rules that rank, in the order in which they hold."""
        import numpy as np

        from dataselect.selection.apply import RankingRule

        def budgets(each: float) -> NDArray[np.float64]:
            return np.full(len(sizes), each, np.float64)

        rules = []
        count = self.top_k if self.sample is None else self.sample
        if count is not None:
            rules.append(RankingRule(budgets(count), loser=_WORSE))
        if self.share is not None:
            kept = [math.floor(self.share * size) for size in sizes]
            rules.append(RankingRule(np.array(kept, np.float64), loser=_WORSE))
        if self.budget is not None:
            rules.append(RankingRule(budgets(self.budget), loser=_WORSE, by_cost=True))
        if by_group and self.min_per is not None:
            rules.append(RankingRule(budgets(self.min_per), competes=_OVER))
        if by_group and self.max_per is not None:
            rules.append(RankingRule(budgets(self.max_per), loser=_OVER))
        return rules

    def _reasons(self, direction: Direction, exclusions: Sequence[Reason]) -> list[Reason]:
        """What each decision means, from 1; a reason that is not in force has no value."""
        from dataselect.selection.reasons import Reason

        below = "below_threshold" if direction == "high" else "above_threshold"
        rule = "rank" if self.sample is None else "sample"
        ranking = {name: getattr(self, name) for name in _RANKING if name != "cost"}
        name, value = next(
            ((name, value) for name, value in ranking.items() if value is not None), ("top_k", None)
        )
        cost = self.cost if self.budget is not None else None
        share = float(value) if isinstance(value, Fraction) else value
        option = f"--{name.replace('_', '-')}"
        return [
            Reason(below, "--threshold", self.threshold),
            Reason(rule, option, share, cost, self.per),
            Reason("max_per", "--max-per", self.max_per, per=self.per),
            *exclusions,
        ]
