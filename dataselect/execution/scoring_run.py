"""What all runs that score have: they read, score, select and write, and tell what they did."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction
from typing import TYPE_CHECKING

from dataselect.console import figure
from dataselect.data.fields import Column
from dataselect.data.input_files import Inputs
from dataselect.errors import OptionError
from dataselect.execution.block import BlockTask
from dataselect.execution.counting.counts import Counts
from dataselect.execution.counting.kept_duplicates import keys_in
from dataselect.execution.counting.run_statistics import RunStatistics
from dataselect.execution.run import Run, Settings
from dataselect.selection.budgets import spent
from dataselect.selection.plausibility import exchange_warnings, low_cut_warnings
from dataselect.selection.ranking import gain
from dataselect.selection.reasons import EXCLUDED, WORSE_COPY, Reason, count_documents, describe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.execution.counting.kept_duplicates import Duplicates
    from dataselect.execution.scorer import Scorer
    from dataselect.selection.best_share import Sweep
    from dataselect.selection.plausibility import Calibration
    from dataselect.selection.rule import Selection


@dataclass(frozen=True)
class Result:
    """What a run did. `cut` is the worst score that was kept; `warnings` are for people.

    `spent` of a budget is in words; `dropped` counts records by the reason.
    """

    counts: Counts
    selection: Selection
    measure: str
    direction: str
    cut: float | None
    per: dict[str, Counts] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    sweep: Sweep | None = None
    spent: str = ""
    dropped: Mapping[Reason, int] = field(default_factory=dict)
    duplicates: Duplicates | None = None
    calibration: Calibration | None = None

    def summary(self) -> str:
        """One line for people."""
        rule = ""
        if self.cut is not None and self.selection.selects:
            side = "and above" if self.direction == "high" else "and below"
            if not self.selection.by_score:
                side = "at worst"
            # Rounded outwards: what is said holds, and would keep at least as much as a threshold.
            cut = figure(self.cut, ROUND_FLOOR if self.direction == "high" else ROUND_CEILING)
            rule = f", {self.measure} {cut} {side}"
        parts = [
            self.counts.summary(rule),
            self.calibration.summary() if self.calibration else "",
            self.spent,
            self.duplicates.summary(self.counts.kept) if self.duplicates else "",
            self._reasons(),
            self.sweep.summary() if self.sweep else "",
        ]
        return "; ".join(filter(None, parts))

    def _reasons(self) -> str:
        """Why records were dropped, where that is not known from the rule alone."""
        told = {
            reason: count
            for reason, count in self.dropped.items()
            if count or reason.rule == EXCLUDED  # that a file holds nothing is news
        }
        if len(told) < 2 and not any(reason.rule in (EXCLUDED, WORSE_COPY) for reason in told):
            return ""
        counted = [(-count, describe(reason)) for reason, count in told.items()]
        return "dropped: " + ", ".join(f"{-count:,} ({words})" for count, words in sorted(counted))


class ScoringRun(Run):
    """A run that scores every record and keeps what a selection keeps, wherever that is done."""

    def __init__(
        self, inputs: Inputs, settings: Settings, *, also_read: Sequence[Inputs] = ()
    ) -> None:
        super().__init__(inputs, settings, also_read=also_read, writes_records=True)
        self.statistics = RunStatistics(self.counts)
        self.learnt_from = 0
        """Records of in-domain text that a scorer was just fitted to, and to nothing larger."""
        self.plausible_times = 1.0
        """How many times as large as the input that may be."""
        self.calibration: Calibration | None = None
        self._duplicates: Duplicates | None = None
        self._excluded_keys: NDArray[np.uint64] | None = None
        self._sweep: Sweep | None = None

    def apply(
        self, scorer: Scorer, selection: Selection, *, development: Column | None = None
    ) -> Result:
        """Score every record and keep what the selection keeps. Raises any DataselectError.

        `development`: where the file of `--auto` has its text, if not where other records do.
        """
        _refuse_to_replace_what_is_read(scorer)
        work = BlockTask(
            scorer,
            selection,
            self.settings.text_field,
            decides=selection.streams and not self.settings.sort,
            wants_dropped=self.settings.rejects is not None,
            stop_at_first=self.stops_at_first,
            wants_distribution=self.settings.report is not None,
            excluded_keys=self.excluded_keys(selection, scorer.compared),
        )
        usual = Column.text_of("--auto", selection.auto_field, self.settings.text_field)
        per = self._carry_out(work, development or usual)
        self.counts.check()
        self.require(self.counts.kept, scorer.remedy)
        result = self._result(work, per)
        self._report_run(scorer, result)
        return result

    def excluded_keys(
        self, selection: Selection, compared: Sequence[Column] = ()
    ) -> NDArray[np.uint64] | None:
        """The keys of what `--exclude` leaves out, read once; None without it. Raises InputError.

        `compared`: the texts by which records are told apart.
        """
        if selection.exclude and self._excluded_keys is None:
            usual = Column.text_of("--exclude", selection.exclude_field, self.settings.text_field)
            in_pairs = len(compared) > 1
            if in_pairs and selection.exclude_field is not None:
                names = " and ".join(column.option for column in compared)
                raise OptionError(f"--exclude-field: --exclude is of pairs, which {names} name")
            columns = compared if in_pairs else [usual]
            self._excluded_keys = keys_in(selection.exclude, columns, "--exclude")
        return self._excluded_keys

    def check_pool(self, scorer: Scorer) -> None:
        """Read the pool for its bad records alone, where a scorer was fitted and scores nothing.

        Raises InputError where a bad record ends the run.
        """
        for [first, *_] in self.columns(self.inputs, scorer.columns, "checking"):
            self.counts.kept -= len(first)  # nothing is
            self.counts.dropped += len(first)

    @abstractmethod
    def _carry_out(self, work: BlockTask, development: Column) -> dict[str, Counts]:
        """Read, score, select, write, and count. Returns the counts of each group."""

    def _result(self, work: BlockTask, per: dict[str, Counts]) -> Result:
        counts, selection = self.counts, work.selection
        warnings = exchange_warnings(self.learnt_from, counts.read, self.plausible_times)
        warnings += self.calibration.warnings() if self.calibration else []
        warnings += [*self.warnings, *work.scorer.warnings()]
        warnings += work.scorer.remarked(self.statistics.remarks)
        if selection.selects and counts.kept and counts.kept + counts.errors == counts.read:
            warnings.append(f"{selection.describe()} keeps every record")
        if selection.selects and not counts.kept:
            warnings.append(f"{selection.describe()} keeps no record")
        warnings += self._sweep.warnings() if self._sweep else []
        duplicates = self._duplicates
        warnings += duplicates.warnings() if duplicates else []
        self.warnings = warnings
        direction = work.scorer.direction
        worst = self.statistics.cut_gain
        cut = None if worst == float("inf") else float(gain(worst, direction))
        warnings += low_cut_warnings(work.scorer.score_field, cut, selection, self.facts)
        return Result(
            counts,
            selection,
            work.scorer.measure,
            direction,
            cut,
            per,
            warnings,
            self._sweep,
            spent(self.statistics.spent, selection),
            self.statistics.dropped,
            duplicates,
            self.calibration,
        )

    def report_fit(self, scorer: Scorer) -> None:
        """Report on a scorer that was fitted and scores nothing now."""
        described = scorer.describe()
        self.warnings += scorer.warnings()
        self.report(scorer.noun, described.pop("signature", {}), **{scorer.noun: described})

    def _report_run(self, scorer: Scorer, result: Result) -> None:
        if self.settings.report is None:
            return
        described = scorer.describe() | scorer.describe_remarks(self.statistics.remarks)
        selection = result.selection
        plain, checked = asdict(type(selection)()), asdict(selection)
        ruled = {name: value for name, value in checked.items() if value != plain[name]}
        self.facts = {**checked, **self.facts, **ruled}
        in_force = selection
        if selection.auto is not None:
            in_force = selection.with_share(best_share(result.sweep))
        self.report(
            scorer.noun,
            {**described.pop("signature", {}), "select": selection.describe()},
            per={name: asdict(counts) for name, counts in result.per.items()},
            cut={
                "field": scorer.score_field,
                "rule": selection.describe(),
                "score": result.cut,
                "direction": result.direction,
                "options": in_force.in_force(),
                "by_score": selection.by_score,
            },
            auto=result.sweep.describe() if result.sweep else None,
            spent=self.statistics.spent if selection.budget is not None else None,
            dropped=count_documents(result.dropped),
            calibration=result.calibration._asdict() if result.calibration else None,
            copies=result.duplicates._asdict() if result.duplicates else None,
            quantiles=self.statistics.distribution.quantiles(),
            **{scorer.noun: described},
        )


def best_share(found: Sweep | None) -> Fraction:
    """The share that `--auto` found, all where it found none."""
    return found.best.share if found else Fraction(1)


def _refuse_to_replace_what_is_read(scorer: Scorer) -> None:
    """Raise OptionError for a field that is read and added, or added twice."""
    read = [column.path for column in scorer.columns if column.option]  # else it may be missing
    used = read + list(scorer.adds)
    for name in used:
        if used.count(name) > 1:
            raise OptionError(f"field '{name}' has two uses here; name another field, or rename it")
