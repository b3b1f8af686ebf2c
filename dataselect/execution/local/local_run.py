"""The run of one machine: its pool is one shard, scored by this process or by workers."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

from dataselect.console import Progress
from dataselect.data.fields import POSITION, Column
from dataselect.data.files.line_blocks import Block, numbered, of_records
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.sampling import read_columns
from dataselect.errors import InputError
from dataselect.execution.counting.kept_duplicates import FIRST_COMPARED, CopyCounter
from dataselect.execution.local.scored_pieces import scored_pieces
from dataselect.execution.local.spool import Spool
from dataselect.execution.processes.workers import ordered_map
from dataselect.execution.scoring_run import ScoringRun, best_share
from dataselect.execution.select_and_write import (
    BucketedCut,
    bucket_limits,
    counted,
    cut_of,
    leave_copies_out,
    summarised,
    write_selected,
)
from dataselect.selection.apply import Cut
from dataselect.selection.best_share import sweep
from dataselect.selection.ranking import gain

if TYPE_CHECKING:
    from dataselect.data.fields import Column
    from dataselect.data.files.file_parts import FilePart
    from dataselect.execution.block import BlockTask
    from dataselect.execution.counting.counts import Counts
    from dataselect.selection.rule import Selection


class LocalRun(ScoringRun):
    """The run of one machine.

    >>> with LocalRun(Inputs(["pool.jsonl"]), Settings()) as run:  # doctest: +SKIP
    ...     result = run.apply(scorer, Selection(top_k=1000))
    """

    def _carry_out(self, work: BlockTask, development: Column) -> dict[str, Counts]:
        self._development = _development_texts(work.selection, development)
        copies = CopyCounter(FIRST_COMPARED if work.decides else None)
        with ExitStack() as stack:  # closed here, so that workers end before anything is said
            blocks = stack.enter_context(closing(self._scored(work, copies)))
            if work.decides:
                write_selected(blocks, work, self.statistics, copies, self)
                self._duplicates = copies.found(work.compared_field)
                return {}
            spool = stack.enter_context(closing(Spool()))
            for block in blocks:
                spool.add(block)
            return self._select(work, spool, copies)

    def _scored(self, work: BlockTask, copies: CopyCounter) -> Generator[Any, None, None]:
        """Blocks after scoring, in order; bad records are dealt with on the way."""
        counts = self.counts
        jobs = self.settings.jobs if work.scorer.parallel else 1
        with (
            Progress(work.scorer.noun, self.inputs.size, quiet=self.settings.quiet) as progress,
            closing(scored_pieces(work, self._pieces(work, jobs), copies, jobs)) as blocks,
        ):
            for block in counted(blocks, work, self.statistics, self):
                yield block
                progress.update(self.inputs.meter.bytes_read, counts.read)

    def _pieces(self, work: BlockTask, jobs: int) -> Iterator[Block | FilePart]:
        """What is read; workers read plain files themselves, but where records have numbers."""
        if POSITION in work.scorer.columns:
            return numbered(self.inputs.blocks())
        if work.scorer.block_records is not None:
            return of_records(self.inputs.blocks(), work.scorer.block_records)
        return self.inputs.blocks() if jobs == 1 else self.inputs.pieces()

    def _select(self, work: BlockTask, spool: Spool, copies: CopyCounter) -> dict[str, Counts]:
        """Cut a spool whose scores are all known, and write. Returns the counts of each group."""
        import numpy as np

        table = spool.table
        leave_copies_out(table, work)
        cut = self._cut(work, spool)
        per = summarised(table, cut, work, self.statistics, copies)
        # Before anything reaches standard output.
        self.require(self.counts.kept, work.scorer.remedy)
        self._duplicates = copies.found(
            work.compared_field,
            lambda place: work.texts_of([spool.line(int(np.flatnonzero(cut.kept)[place]))])[0],
        )
        scores, limits = table.scores, bucket_limits(table, work)
        decisions = BucketedCut(scores, cut, limits)
        for first, lines in spool.batches():
            here = slice(first, first + len(lines))
            kept, dropped = decisions.texts(work, here, lines, {})
            if not self.settings.sort:
                self.write_kept(kept)
            self.write_dropped(dropped)
        if self.settings.sort:
            gains = gain(scores[:], work.scorer.direction)
            gains = gains if table.order is None else -table.order[:]
            everything = Cut(np.zeros(len(scores), np.uint8), cut.reasons)
            for positions, lines in spool.ranked(cut.kept, gains):
                best = BucketedCut(scores[:][positions], everything.part(slice(len(lines))), limits)
                self.write_kept(best.texts(work, slice(None), lines, {})[0])
        return per

    def _cut(self, work: BlockTask, spool: Spool) -> Cut:
        """Decide on every record, by the best share of a sweep where `--auto` asks for it."""
        import numpy as np

        seed, selection = self.settings.seed, work.selection
        if selection.auto is None:
            return cut_of(spool.table, work, selection, seed)
        excluded = spool.table.excluded
        self._sweep = sweep(
            spool.values(Column.text(self.settings.text_field)),
            self._development,
            lambda share: cut_of(spool.table, work, selection.with_share(share), seed).kept,
            np.random.default_rng(seed),
            excluded[:] == 0 if selection.compares_texts and excluded is not None else None,
            partial(ordered_map, jobs=self.settings.jobs),
        )
        return cut_of(spool.table, work, selection.with_share(best_share(self._sweep)), seed)


def _development_texts(selection: Selection, column: Column) -> list[str]:
    """The texts to try shares on, for `--auto`. Raises InputError."""
    if selection.auto is None:
        return []
    [texts] = read_columns(RecordFiles([selection.auto], text_field=column.path), [column])
    if not texts:
        raise InputError(f"{selection.auto}: no text to try shares on; check --auto")
    return texts
