"""The rank of a record's score among those of the run that it was in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.data import records
from dataselect.data.input_files import Inputs
from dataselect.data.line_blocks import Block
from dataselect.execution.block import cost_column, counted
from dataselect.selection.rule import gain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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

    @property
    def better(self) -> float:
        """The share of records that are better."""
        return (self.rank - 1) / self.records


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
    cut = stage.cut
    cost, per, budget = cut.options.get("cost"), cut.options.get("per"), cut.options.get("budget")
    cost_of = cost_column(cost or "records", stage.text_field)
    group_of = None if per is None else records.group(per)
    try:
        group = None if group_of is None else group_of.get(place.record)
        own_cost = 1.0 if cost_of is None else cost_of.get(place.record)
        spent = 0.0 if budget is None else float(counted(cost or "", [own_cost])[0])
    except ValueError:  # it has no cost or group where the report says
        return None
    columns = [records.number(cut.field), records.optional("dropped")]
    columns += [column for column in (cost_of, group_of) if column is not None]
    exclusions = {words for words, each in stage.reasons.items() if each.is_exclusion}
    own_gain, read, among, above = gain(score, cut.direction), 0, 0, 0
    for block, is_before in _in_order(files, place):
        scores, dropped, *others = records.read(block, columns).columns
        gains = gain(np.array(scores, np.float64), cut.direction)
        better = (gains >= own_gain) if is_before else (gains > own_gain)
        own = np.ones(len(scores), bool)
        if group_of is not None:
            own = np.array([each == group for each in others[-1]], bool)
        if not excluded:
            better &= np.array([each not in exclusions for each in dropped], bool)
        better &= own
        read, among, above = read + len(scores), among + int(own.sum()), above + int(better.sum())
        if budget is not None:
            costs = np.ones(len(scores)) if cost_of is None else counted(cost or "", others[0])
            spent += float(costs[better].sum())
    kept_only = files == [stage.located(stage.kept)]
    total = stage.counts.kept + stage.counts.dropped
    if read != (stage.counts.kept if kept_only else total):
        return None  # these are other records than those of the run
    return RecordRank(
        above + 1, total if kept_only else among, group, None if budget is None else spent
    )


def _scored_files(stage: Stage, places: Sequence[Place]) -> list[str]:
    """The files that hold all scores of a stage that matter for a record, if they are there."""
    read = [stage.located(name) for name in stage.read]
    kept, dropped = stage.located(stage.kept), stage.located(stage.dropped)
    keeps_the_best = not stage.counts.dropped or stage.cut.by_score
    if stage.command == "select" and all(read):
        paths = read
    elif keeps_the_best and any(place.is_in(kept) for place in places):
        paths = [kept]
    else:
        paths = [kept, dropped]
    return [path for path in paths if path] if all(paths) else []


def _in_order(files: Sequence[str], place: Place) -> Iterator[tuple[Block, bool]]:
    """Blocks of all files, and whether they win where scores are equal.

    What comes earlier in the input does, and what is kept comes before the rest.
    """
    before = True
    for path in files:
        is_here = place.is_in(path)
        for block, is_before in _parted(Inputs([path]).blocks(), place if is_here else None):
            yield block, before and is_before
        before = before and not is_here


def _parted(blocks: Iterable[Block], place: Place | None) -> Iterator[tuple[Block, bool]]:
    """Blocks, cut where a record is, and whether each comes before it."""
    before = True
    for block in blocks:
        if place is None or not place.is_in(block.source):
            yield block, before
            continue
        before = False  # in what comes after this file
        lines = place.line - block.first_line
        if lines <= 0 or lines >= block.data.count(b"\n"):
            yield block, lines > 0
            continue
        tail = block.data.split(b"\n", lines)[lines]
        yield block._replace(data=block.data.removesuffix(tail)), True
        yield Block(block.source, block.first_line + lines, tail), False


def better_share(stage: Stage, score: float) -> tuple[float, float] | None:
    """Lowest and highest share of better scores, by the quantiles in the report, if any."""
    quantiles = {float(name): value for name, value in stage.facts["quantiles"].items()}
    if not quantiles:
        return None
    below = max((share for share, value in quantiles.items() if value <= score), default=0.0)
    above = min((share for share, value in quantiles.items() if value >= score), default=1.0)
    low, high = sorted((below, above))
    return (1 - high, 1 - low) if stage.cut.direction == "high" else (low, high)
