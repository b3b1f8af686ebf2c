"""The rank of a record's score among those of the run that it was in."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.data import records
from dataselect.data.fields import Column
from dataselect.data.formats.record_files import RecordFiles
from dataselect.execution.block import cost_column, counted
from dataselect.selection.ranking import gain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.explain.record_lookup import Place
    from dataselect.analysis.run_reports import Stage


@dataclass(frozen=True)
class RecordRank:
    """The rank of a record, 1 for the best, of how many; of equal scores the earlier is better.

    Both are counted among the records of the same `group`, where a selection is made within
    groups. `cost`: what the record and all better ones cost together, where a budget is.
    """

    rank: int
    records: int
    group: str | None = None
    cost: float | None = None


def rank_of(
    stage: Stage, places: Sequence[Place], score: float, *, excluded: bool
) -> RecordRank | None:
    """The rank of the record at some places, by the scores in the files of a stage.

    None where these are not there, or are not those of the stage any more. A record that is
    `excluded` is compared with all others, and any other with those that are not.
    """
    import numpy as np

    files = _scored_files(stage, places)
    place = next((place for place in places if any(map(place.is_in, files))), None)
    if place is None:
        return None
    cut, per = stage.cut, stage.cut.options.get("per")
    cost = cut.options["cost"] if cut.options.get("budget") is not None else "records"
    group_column = None if per is None else Column.group(per)
    costs_column = cost_column(cost, stage.text_field)
    try:
        group = group_column.get(place.record) if group_column else None
        spent = float(counted(cost, [costs_column.get(place.record)])[0]) if costs_column else 1.0
    except ValueError:  # it has no cost or group where the report says
        return None
    columns = [Column.number(cut.field), Column.optional("dropped")]
    columns += [column for column in (costs_column, group_column) if column]
    exclusions = {words for words, each in stage.reasons.items() if each.is_exclusion}
    own_gain, read, among, above, is_before = gain(score, cut.direction), 0, 0, 0, True
    for block in (block for path in files for block in RecordFiles([path]).blocks()):
        scores, dropped, *others = records.read(block, columns).columns
        earlier = len(scores) if is_before else 0  # these win where scores are equal
        if is_before and place.is_in(block.source):
            ends = block.first_line + block.data.count(b"\n")
            numbers = block.places or range(block.first_line, ends)
            lines = bisect_left(numbers, place.line)
            if lines < len(numbers):
                is_before = False
                earlier = len(records.read(block.part(0, lines), columns).lines)
        gains = gain(np.array(scores, np.float64), cut.direction)
        better = np.where(np.arange(len(gains)) < earlier, gains >= own_gain, gains > own_gain)
        own = np.ones(len(gains), bool)
        if group_column:
            own = np.array([each == group for each in others[-1]], bool)
        if not excluded:
            better &= np.array([each not in exclusions for each in dropped], bool)
        better &= own
        read, among, above = read + len(gains), among + int(own.sum()), above + int(better.sum())
        spent += float(
            (counted(cost, others[0]) if costs_column else np.ones(len(own)))[better].sum()
        )
    kept_only = files == [stage.located(stage.kept)]
    total = stage.counts.kept + stage.counts.dropped
    if read != (stage.counts.kept if kept_only else total):
        return None  # these are other records than those of the run
    has_budget = cut.options.get("budget") is not None
    return RecordRank(
        above + 1, total if kept_only else among, group, spent if has_budget else None
    )


def _scored_files(stage: Stage, places: Sequence[Place]) -> list[str]:
    """The files that hold all scores of a stage that matter for a record, if they are there.

    What is kept comes before the rest, so that it wins where scores are equal.
    """
    read = [stage.located(name) for name in stage.read]
    kept, dropped = stage.located(stage.kept), stage.located(stage.dropped)
    keeps_the_best = not stage.counts.dropped or stage.cut.by_score
    by_score_only = not any(reason.is_exclusion for reason in stage.reasons.values())
    if stage.command == "select" and all(read) and by_score_only:
        paths = read
    elif keeps_the_best and any(place.is_in(kept) for place in places):
        paths = [kept]
    else:
        paths = [kept, dropped]
    return [path for path in paths if path] if all(paths) else []
