"""What each run did with a record: read it or not, kept or dropped it, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from dataselect.analysis.explain.counterfactuals import would_keep
from dataselect.analysis.explain.rank import RecordRank, rank_of
from dataselect.data.fields import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.explain.record_lookup import Place
    from dataselect.analysis.run_reports import Stage
    from dataselect.execution.counting.counts import Counts
    from dataselect.execution.report_documents import ReportedCut
    from dataselect.selection.reasons import Reason

Outcome = Literal["kept", "dropped", "not kept", "left out", "not read", "unknown"]

_UNRANKED = ("diversity",)  # its scores are of the moment of picking


@dataclass(frozen=True)
class RunDecision:
    """What one run decided on a record, and by which rule.

    `outcome`: `not kept` is dropped, left out as a bad record or never read, which files do not
    tell apart; `left out` is in neither output; `not read` never got there; `unknown` where files
    are `missing`. `reason` is in words, `dropped_by` that of the report. `would_keep`: options that
    would have kept it, in place of `--auto` where that chose the share.
    """

    report: str
    command: str
    signature: str
    outcome: Outcome
    counts: Counts
    cut: ReportedCut
    auto: bool
    missing: tuple[str, ...]
    score: float | None = None
    reason: str | None = None
    dropped_by: Reason | None = None
    rank: RecordRank | None = None
    would_keep: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"dropped_by": self.dropped_by and self.dropped_by.as_json()}


def decision_of(stage: Stage, places: Sequence[Place]) -> RunDecision:
    """What a run did with the record that was found at some places. Reads its files again."""
    outcome, own = _outcome(stage, places)
    found: dict[str, Any] = {}
    if own is not None:
        score = _score(stage, own)
        words = own.record.get("dropped") if own.is_in(stage.located(stage.dropped)) else None
        reason = stage.reasons.get(words) if isinstance(words, str) else None
        rank = None
        if score is not None and stage.command not in _UNRANKED:
            is_excluded = reason is not None and reason.is_exclusion
            rank = rank_of(stage, places, score, excluded=is_excluded)
        found = {"score": score, "reason": words, "dropped_by": reason, "rank": rank}
        if outcome == "dropped" and (reason or words is None):
            found["would_keep"] = would_keep(stage, own, score, reason, rank)
    named = [*stage.read, *filter(None, (stage.kept, stage.dropped))]
    return RunDecision(
        stage.path,
        stage.command,
        stage.signature,
        outcome,
        stage.counts,
        stage.cut,
        stage.options["auto"] is not None,
        tuple(name for name in named if stage.located(name) is None),
        **found,
    )


def _outcome(stage: Stage, places: Sequence[Place]) -> tuple[Outcome, Place | None]:
    """What became of a record, and where its score is."""

    def first(*paths: str | None) -> Place | None:
        return next((place for place in places if any(map(place.is_in, paths))), None)

    kept, dropped = stage.located(stage.kept), stage.located(stage.dropped)
    read = [stage.located(name) for name in stage.read]
    if own := first(kept):
        return "kept", own
    if own := first(dropped):
        return "dropped", own
    own = first(*read)
    if not own:
        return ("not read" if all(read) else "not kept" if kept else "unknown"), None
    if kept and dropped:
        return "left out", own
    if kept:
        return ("not kept" if stage.counts.errors else "dropped"), own
    return ("kept" if dropped and not stage.counts.errors else "unknown"), own


def _score(stage: Stage, place: Place) -> float | None:
    """The score of a record, if it is there: in what was only read it may be one of before."""
    if stage.command != "select" and any(place.is_in(stage.located(name)) for name in stage.read):
        return None
    try:
        score: float = Column.number(stage.cut.field).get(place.record)
    except ValueError:
        return None
    return score
