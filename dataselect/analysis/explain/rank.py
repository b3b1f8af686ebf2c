"""Where a record's score stands among those of the run that it was in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.data import records
from dataselect.data.input_files import Block, Inputs
from dataselect.execution.block import cost_column, counted
from dataselect.selection.rule import gain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.analysis.explain.record_lookup import Place
    from dataselect.analysis.run_reports import Stage

_OF_A_RULE = (
    "below the threshold",
    "above the threshold",
    "not among the best",
    "not drawn",
    "over --max-per",
)


def is_exclusion(reason: str | None) -> bool:
    """Whether a reason to drop a record is not a matter of its score."""
    return reason is not None and not reason.startswith(_OF_A_RULE)


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


def standing(
    stage: Stage, places: Sequence[Place], score: float, *, excluded: bool
) -> RecordRank | None:
    """Where the record at some places stands, by the scores in the files of a stage.

    None where these are not there, or are not those of the stage any more. A record that is
    `excluded` is compared with all others, and any other with those that are not.
    """
    files = _scored_files(stage, places)
    place = next((place for place in places if any(map(place.is_in, files))), None)
    if place is None:
        return None
    try:
        ranking = _Ranking(stage, place, score)
    except ValueError:  # it has no cost or group where the report says
        return None
    before = True  # what comes earlier in the input wins, and what is kept comes before the rest
    for path in files:
        is_here = place.is_in(path)
        passes_all = excluded or path != stage.located(stage.dropped)
        for block, is_before in _parted(Inputs([path]).blocks(), place if is_here else None):
            ranking.add(block, before=before and is_before, passes_all=passes_all)
        before = before and not is_here
    return ranking.found(kept_only=files == [stage.located(stage.kept)])


def _scored_files(stage: Stage, places: Sequence[Place]) -> list[str]:
    """The files that hold all scores of a stage that matter for a record, if they are there."""
    read = [stage.located(name) for name in stage.read]
    kept, dropped = stage.located(stage.kept), stage.located(stage.dropped)
    if stage.command == "select" and all(read):
        paths = read
    elif _keeps_the_best(stage) and any(place.is_in(kept) for place in places):
        paths = [kept]
    else:
        paths = [kept, dropped]
    return [path for path in paths if path] if all(paths) else []


def _keeps_the_best(stage: Stage) -> bool:
    """Whether everything better than a kept record is kept, but for what is left out."""
    return not stage.counts.dropped or stage.cut.is_by_score


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


class _Ranking:
    """Counts the records that are better than one, as they are read."""

    def __init__(self, stage: Stage, place: Place, score: float) -> None:
        self._cut, self._counts = stage.cut, stage.counts
        self._gain = float(gain(score, stage.cut.direction))
        budgeted = stage.cut.selects and stage.options["budget"] is not None
        self._cost = str(stage.options["cost"]) if budgeted else "records"
        per = stage.options["per"] if stage.cut.selects else None
        self._columns = [records.number(stage.cut.field), records.optional("dropped")]
        self._cost_column = cost_column(self._cost, stage.text_field)
        self._group_column = None if per is None else records.group(str(per))
        self._columns += [each for each in (self._cost_column, self._group_column) if each]
        self._group = None if self._group_column is None else self._group_column.get(place.record)
        self._read = self._better = self._records = 0
        own = 1.0 if self._cost_column is None else self._cost_column.get(place.record)
        self._spent = float(self._costs([own])[0]) if budgeted else None

    def add(self, block: Block, *, before: bool, passes_all: bool) -> None:
        """Count the records of a block; those that come `before` win where they are equal.

        `passes_all`: none was left out whatever its score.
        """
        import numpy as np

        found = records.read(block, self._columns)
        scores, dropped, *others = found.columns
        self._read += len(scores)
        gains = gain(np.array(scores, np.float64), self._cut.direction)
        own = np.ones(len(scores), bool)
        if self._group_column is not None:
            own = np.array([each == self._group for each in others[-1]], bool)
        self._records += int(own.sum())
        better = own & ((gains >= self._gain) if before else (gains > self._gain))
        if not passes_all:
            better &= np.array([not is_exclusion(each) for each in dropped], bool)
        self._better += int(better.sum())
        if self._spent is not None:
            costs = np.ones(len(scores)) if self._cost_column is None else self._costs(others[0])
            self._spent += float(costs[better].sum())

    def found(self, *, kept_only: bool) -> RecordRank | None:
        """What was counted, unless these are other records than those of the run."""
        total = self._counts.kept + self._counts.dropped
        if self._read != (self._counts.kept if kept_only else total):
            return None
        records = total if kept_only else self._records
        return RecordRank(self._better + 1, records, self._group, self._spent)

    def _costs(self, values: Sequence[object]) -> NDArray[np.float64]:
        return counted(self._cost, values)


def better_share(stage: Stage, score: float) -> tuple[float, float] | None:
    """Lowest and highest share of better scores, by the quantiles in the report, if any."""
    quantiles = {float(name): value for name, value in stage.facts["quantiles"].items()}
    if not quantiles:
        return None
    below = max((share for share, value in quantiles.items() if value <= score), default=0.0)
    above = min((share for share, value in quantiles.items() if value >= score), default=1.0)
    low, high = sorted((below, above))
    return (1 - high, 1 - low) if stage.cut.direction == "high" else (low, high)
