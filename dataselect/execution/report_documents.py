"""What run reports hold, by the command that wrote them.

What only one command has to say is in a section of that command's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

from dataselect.documents import Between, Count
from dataselect.execution.counting.counts import Counts
from dataselect.execution.reported_options import check_share
from dataselect.selection.ranking import Direction
from dataselect.selection.reasons import CountedReason

# -- What every report has -----------------------------------------------------------------------


def _add_up(counts: Counts) -> None:
    if counts.read != counts.kept + counts.dropped + counts.errors:
        raise ValueError("read is not kept + dropped + errors")


CountsDocument = Annotated[Counts, _add_up]


class RunReport(TypedDict):
    """The report of any run."""

    version: Literal[2]
    command: str
    signature: str
    versions: dict[str, str]
    options: dict[str, Any]
    inputs: dict[str, str]
    counts: CountsDocument


# -- Of runs that score or select ----------------------------------------------------------------


def _quantile_names(quantiles: Mapping[str, float]) -> None:
    for name in quantiles:
        check_share(name)


class RuleOptions(TypedDict, total=False):
    """Options of the rule that was in force; `share` may be what `--auto` found."""

    threshold: float | None
    top_k: Count
    share: Annotated[str, check_share]
    budget: Annotated[float, Between(0)] | None
    cost: str
    sample: Count
    per: str
    min_per: Count
    max_per: Count


@dataclass(frozen=True)
class ReportedCut:
    """What a selection kept: `score` is the worst one, None where nothing was kept.

    `field` is where records have their score; `rule` is in words, `options` are those in force,
    none where nothing was selected. `by_score`: whether all that scores better than something kept
    was kept, but for what the scorer left out.
    """

    field: str
    rule: str
    score: float | None
    direction: Direction
    options: RuleOptions
    by_score: bool

    @property
    def selects(self) -> bool:
        """Whether any rule was in force."""
        return bool(self.options)


class PointDocument(TypedDict):
    """A kept share, and the development perplexity of its text."""

    share: Annotated[float, Between(1e-12, 1)]
    records: Count
    words: Count
    perplexity: Annotated[float, Between(1, 1e100)]  # -99 is the least log10 of ARPA files


def _some(points: list[Any]) -> None:
    if not points:
        raise ValueError("empty")


class SweepDocument(TypedDict):
    """What `--auto` tried."""

    best: PointDocument
    everything: PointDocument
    random: PointDocument
    curve: Annotated[list[PointDocument], _some]


class _RelevanceSet(TypedDict, total=False):
    ngrams_for: list[tuple[str, float]]
    ngrams_against: list[tuple[str, float]]


class _Tuned(TypedDict):
    kept: bool
    lists: Count
    metric: str
    before: float
    after: float
    held_out: float


class _Interval(TypedDict):
    value: float
    low: float
    high: float


class _Evaluated(TypedDict):
    metric: str
    lists: Count
    systems: dict[str, _Interval]


class GroupDocument(TypedDict):
    """A candidate new intent, as `discover` finds them."""

    group: Count
    name: str
    records: Count
    cohesion: float
    parent: str | None
    typical: list[str]
    borderline: list[str]


class RuleDocument(TypedDict):
    """What a rule of `check` looked at and found, or why it was not applied."""

    stability: str
    records: Count
    found: Count
    skipped: str | None


class Learnt(TypedDict, total=False):
    """The section of the command: what is shown of it."""

    sets: dict[str, _RelevanceSet]
    weights: dict[str, float]
    tuned: _Tuned
    evaluation: list[_Evaluated]
    groups: list[GroupDocument]
    rules: dict[str, RuleDocument]


class ScoringReport(RunReport):
    """The report of a run that scores or selects; the section of its command is `Learnt`."""

    per: dict[str, CountsDocument]
    cut: ReportedCut
    dropped: list[CountedReason]
    auto: SweepDocument | None
    quantiles: Annotated[dict[str, float], _quantile_names]
    warnings: list[str]


# -- Of comparisons ------------------------------------------------------------------------------


class SpreadDocument(TypedDict):
    """A measure of random selections."""

    mean: float
    deviation: float | None
    values: list[float | None]


class MeasuredDocument(TypedDict):
    """The measures of one column, None for those that it does not have."""

    measures: dict[str, float | None]


class KeptGroup(TypedDict):
    """A group of the pool, what share of it is kept, and that over the share of the best served."""

    pool: Count
    share: Annotated[float, Between(0)]
    low: Annotated[float, Between(0, 1)]
    high: Annotated[float, Between(0, 1)]
    of_best: float | None
    error: float | None


class _KeptGroups(TypedDict, total=False):
    groups: dict[str, dict[str, KeptGroup]]


class SelectionDocument(MeasuredDocument, _KeptGroups):
    """A selection, random ones of its size, and whom it keeps, by field and group."""

    random: dict[str, SpreadDocument]


class _CompareFields(TypedDict):
    selections: dict[str, SelectionDocument]
    warnings: list[str]


class CompareReport(RunReport):
    """The report of a comparison."""

    compare: _CompareFields


# -- Of audits -----------------------------------------------------------------------------------


class CanaryDocument(TypedDict):
    """A canary, and the exposure that a model gives it, in bits."""

    text: str
    exposure: float
    highest: float


class MembershipDocument(TypedDict):
    """How well an attack tells members of a model's training data."""

    auc: _Interval
    advantage: _Interval


class AuditedDocument(TypedDict):
    """What one model remembers."""

    kind: str
    canaries: list[CanaryDocument]
    membership: MembershipDocument | None


def _alike(models: Mapping[str, AuditedDocument]) -> None:
    if len({len(each["canaries"]) for each in models.values()}) != 1:
        raise ValueError("not the same canaries for each")


class _AuditFields(TypedDict):
    models: Annotated[dict[str, AuditedDocument], _alike]


class AuditReport(RunReport):
    """The report of an audit."""

    audit: _AuditFields
    warnings: list[str]


# -- Of evaluations ------------------------------------------------------------------------------


class _Compared(TypedDict, total=False):
    against: _Interval
    difference: _Interval


class EvaluatedMeasure(_Interval, _Compared):
    """A measure, and what it is of the file that was compared."""

    metric: str


class EvaluatedGroup(_Interval):
    """A measure of one group."""

    group: str
    records: Count


class EvaluatedGroups(TypedDict):
    """A measure of each group of a field; `worst` is None where too few are large enough."""

    field: str
    metric: str
    groups: list[EvaluatedGroup]
    worst: str | None


class _EvaluatedGroups(TypedDict, total=False):
    groups: list[EvaluatedGroups]


class _EvaluateFields(_EvaluatedGroups):
    records: Count
    measures: list[EvaluatedMeasure]


class EvaluateReport(RunReport):
    """The report of an evaluation."""

    evaluate: _EvaluateFields
    warnings: list[str]
