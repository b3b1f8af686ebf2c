"""What each run did with a record: read it or not, kept or dropped it, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from dataselect.analysis.explain.counterfactuals import remedy
from dataselect.analysis.explain.rank import (
    RecordRank,
    better_share,
    is_exclusion,
    standing,
)
from dataselect.data import records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.explain.record_lookup import Place
    from dataselect.analysis.run_reports import Stage
    from dataselect.execution.run import Counts
    from dataselect.selection.rule import Direction

Fate = Literal["kept", "dropped", "not kept", "left out", "not read", "unknown"]


@dataclass(frozen=True)
class Passage:
    """A record's way through one run.

    `fate`: `not kept` is dropped, left out as a bad record or never read, which files do not tell;
    `left out` is in neither output; `not read` never got there; `unknown` where files are
    `missing`. `cut` is the worst score that was kept. `standing` is exact, and `better` the lowest
    and the highest share of records that may be better; each None where nothing tells. `remedy`:
    options that would have kept it.
    """

    report: str
    command: str
    signature: str
    fate: Fate
    counts: Counts
    rule: str
    field: str
    direction: Direction
    cut: float | None
    score: float | None = None
    reason: str | None = None
    standing: RecordRank | None = None
    better: tuple[float, float] | None = None
    remedy: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def decides(self) -> bool:
        """Whether there was anything to decide: a run may only score."""
        return self.counts.dropped > 0


def passage(stage: Stage, places: Sequence[Place]) -> Passage:
    """What a run did with the record that was found at some places. Reads its files again."""
    fate, own = _fate(stage, places)
    found = Passage(
        stage.path,
        stage.command,
        stage.signature,
        fate,
        stage.counts,
        stage.cut.rule,
        stage.cut.field,
        stage.cut.direction,
        stage.cut.score,
        missing=_missing(stage),
    )
    if own is None:
        return found
    reason, score = _reason(stage, own), _score(stage, own)
    where = better = None
    if score is not None and stage.command not in _NOT_RANKED:
        where = standing(stage, places, score, excluded=is_exclusion(reason))
        better = (where.better, where.better) if where else better_share(stage, score)
    options = remedy(stage, own, score, reason, where) if fate == "dropped" else ()
    return replace(found, score=score, reason=reason, standing=where, better=better, remedy=options)


_NOT_RANKED = ("diversity",)  # its scores are of the moment of picking


def _fate(stage: Stage, places: Sequence[Place]) -> tuple[Fate, Place | None]:
    """What became of a record, and where its score is."""
    kept, dropped = (stage.located(name) for name in (stage.kept, stage.dropped))
    read = [stage.located(name) for name in stage.read]
    in_kept, in_dropped = _first(places, [kept]), _first(places, [dropped])
    in_read = _first(places, read)
    if in_kept:
        return "kept", in_kept
    if in_dropped:
        return "dropped", in_dropped
    if not in_read:
        return ("not read" if all(read) else "not kept" if kept else "unknown"), None
    if kept and dropped:
        return "left out", in_read
    if kept:
        return ("not kept" if stage.counts.errors else "dropped"), in_read
    return ("kept" if dropped and not stage.counts.errors else "unknown"), in_read


def _first(places: Sequence[Place], paths: Sequence[str | None]) -> Place | None:
    return next((place for place in places if any(map(place.is_in, paths))), None)


def _reason(stage: Stage, place: Place) -> str | None:
    """Why a record was dropped, where it says so."""
    return place.record.get("dropped") if place.is_in(stage.located(stage.dropped)) else None


def _score(stage: Stage, place: Place) -> float | None:
    """The score of a record, if it is there: in what was only read it may be one of before."""
    if stage.command != "select" and any(place.is_in(stage.located(name)) for name in stage.read):
        return None
    try:
        score: float = records.number(stage.cut.field).get(place.record)
    except ValueError:
        return None
    return score


def _missing(stage: Stage) -> tuple[str, ...]:
    """The files that the run read or wrote, as it named them, that are not there."""
    named = [*stage.read, *filter(None, (stage.kept, stage.dropped))]
    return tuple(name for name in named if stage.located(name) is None)
