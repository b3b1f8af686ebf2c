"""Selecting and writing what was scored: the same for a local run and for one shard of many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from dataselect.execution.counting.counts import Counts
from dataselect.selection.apply import worse_copies
from dataselect.selection.external_ranking import bucket_of
from dataselect.selection.ranking import gain
from dataselect.selection.score_table import blocks, group_sizes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.json_lines.json_bytes import Fields
    from dataselect.data.records import BadRecord
    from dataselect.execution.block import BlockTask
    from dataselect.execution.counting.kept_duplicates import CopyCounter
    from dataselect.execution.counting.run_statistics import RunStatistics
    from dataselect.execution.scored_block import ScoredBlock, SelectedBlock
    from dataselect.selection.apply import Cut
    from dataselect.selection.rule import Selection
    from dataselect.selection.score_table import Numbers, ScoreTable

AnyBlock = TypeVar("AnyBlock", bound="ScoredBlock")


class SelectionSink(Protocol):
    """Where records go."""

    def write_kept(self, lines: bytes | memoryview) -> None:
        """Write records that were kept."""

    def write_dropped(self, lines: bytes | memoryview) -> None:
        """Write records that were dropped, where somebody wants them."""

    def refuse(self, bad: Sequence[BadRecord]) -> None:
        """Count bad records, and collect them where that is asked for. Raises InputError."""


def counted(
    scored: Iterable[AnyBlock], work: BlockTask, statistics: RunStatistics, sink: SelectionSink
) -> Iterator[AnyBlock]:
    """Yield blocks, counted; bad records are dealt with on the way."""
    for block in scored:
        statistics.counts.read += len(block.scores) + len(block.bad)
        sink.refuse(block.bad)
        if work.wants_distribution:
            statistics.distribution.add(block.ranked_scores)
        statistics.remarks.update(dict(block.remarks))
        yield block


def write_selected(
    scored: Iterable[SelectedBlock],
    work: BlockTask,
    statistics: RunStatistics,
    copies: CopyCounter,
    sink: SelectionSink,
) -> None:
    """Write blocks that were selected without looking at others."""
    for block in scored:
        statistics.keep(block.scores, block.cut, work.scorer.direction)
        if block.keys is not None:
            copies.add(block.keys[block.cut.kept], block.texts)
        sink.write_kept(block.kept)
        sink.write_dropped(block.dropped)


def leave_copies_out(table: ScoreTable, work: BlockTask) -> None:
    """Exclude all but the best records of each text, where `--unique` asks for that."""
    if work.selection.unique:
        copies = worse_copies(table.keys, table.scores, table.excluded, work.scorer.direction)
        table.exclude(copies, len(work.exclusions))


def cut_of(table: ScoreTable, work: BlockTask, selection: Selection, seed: int) -> Cut:
    """What a selection does with all records."""
    import numpy as np

    return selection.cut(
        table.scores,
        work.scorer.direction,
        costs=table.costs,
        groups=table.groups,
        excluded=work.excluded(table.excluded),
        rng=np.random.default_rng(seed),
    )


def bucket_limits(table: ScoreTable, work: BlockTask) -> NDArray[np.float64] | None:
    """The lowest gain in each bucket but the last, where buckets are asked for."""
    if not work.selection.buckets:
        return None
    return work.selection.bucket_limits(table.scores, work.scorer.direction)


def summarised(
    table: ScoreTable, cut: Cut, work: BlockTask, statistics: RunStatistics, copies: CopyCounter
) -> dict[str, Counts]:
    """Count what a cut keeps and drops of all records. Returns the counts of each group."""
    scores, costs, keys = table.scores, table.costs, table.keys
    for own in blocks(len(scores)):
        part = cut.part(own)
        statistics.keep(
            scores[own], part, work.scorer.direction, None if costs is None else costs[own]
        )
        copies.add(keys[own][part.kept])
    if table.groups is None:
        return {}
    codes, names = table.groups
    read = group_sizes(codes, len(codes), len(names))
    kept = group_sizes(codes, len(codes), len(names), cut.decisions)
    counted = zip(names, read, kept, strict=True)
    return {name: Counts(read=own, kept=k, dropped=own - k) for name, own, k in counted}


class BucketedCut(NamedTuple):
    """What is to be written of some records, (n,): the cut, and buckets where they are asked for.

    `bucket_limits`: the lowest gain in each bucket but the last.
    """

    scores: Numbers
    cut: Cut
    bucket_limits: NDArray[np.float64] | None = None

    def texts(
        self, work: BlockTask, here: slice, lines: Sequence[bytes], added: Fields
    ) -> tuple[bytes, bytes]:
        """What is to be written of some of them: of what is kept, and of what is dropped."""
        if self.bucket_limits is not None:
            gains = gain(self.scores[here], work.scorer.direction)
            found = bucket_of(gains, self.bucket_limits).tolist()
            added = added | {"bucket": [b"%d" % bucket for bucket in found]}
        return work.write(lines, self.cut.part(here), added)
