"""The work on one shard, wherever it is done: a pure function of the shard and of what it is given.

Tasks that write may be done twice, by a machine that is slow to die: they write the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dataselect.data import records, storage
from dataselect.data.files.line_blocks import Block, numbered, of_records
from dataselect.errors import InputError
from dataselect.execution.counting.kept_duplicates import FIRST_COMPARED, CopyCounter
from dataselect.execution.counting.run_statistics import RunStatistics
from dataselect.execution.distributed.shard_scores import ShardFields, ShardScores
from dataselect.execution.distributed.shards import Shard, Shards
from dataselect.execution.select_and_write import BucketedCut, counted, write_selected
from dataselect.selection.score_table import ScoreTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.files.sinks import Sink
    from dataselect.data.records import BadRecord
    from dataselect.execution.block import BlockTask
    from dataselect.execution.distributed.shipping import Shipment
    from dataselect.selection.apply import Cut

_SCORED, _WRITTEN = "scored", "written"


@dataclass(frozen=True)
class Folders:
    """Where files with the name of a shard are written. `scratch` is for what is not kept."""

    kept: str
    scratch: str
    dropped: str | None = None
    bad: str | None = None

    @property
    def outputs(self) -> list[str]:
        """All but the one for what is not kept; that of kept records first."""
        return [folder for folder in (self.kept, self.dropped, self.bad) if folder is not None]

    def scores(self, shard: Shard) -> str:
        """The file of what selection goes by."""
        return storage.join(self.scratch, f"scores/{shard.name}.npys")

    def fields(self, shard: Shard) -> str:
        """The file of the fields that are added: one good record a line, values between tabs."""
        return storage.join(self.scratch, f"fields/{shard.name}.zst")


@dataclass(frozen=True)
class ShardTask:
    """One reading of a shard.

    `work`: a BlockTask. `first_record`: how many records come before the shard, where that
    matters. `digests`: whether what is read is to be digested.
    """

    stage: ClassVar[str]
    """What a note of its end is filed under."""
    invalidates: ClassVar[tuple[str, ...]]
    """The stages whose earlier notes on the shard no longer hold when it runs."""

    shard: Shard
    work: Shipment
    folders: Folders
    first_record: int | None = None
    digests: bool = False

    @property
    def writes(self) -> list[str]:
        """The files that it leaves."""
        raise NotImplementedError

    def __call__(self) -> RunStatistics:
        """Do it. Raises any DataselectError."""
        raise NotImplementedError

    def _files(self, *folders: str | None) -> list[str]:
        """The files of the shard's name in some folders."""
        return [storage.join(folder, self.shard.name) for folder in folders if folder is not None]

    def _blocks(self, statistics: RunStatistics) -> Iterator[Block]:
        """The blocks of the shard. Raises InputError if it is not what it was when it was named."""
        inputs = Shards([self.shard], digest=self.digests)
        blocks = inputs.blocks()
        self._require_unchanged()
        yield from blocks if self.first_record is None else numbered(blocks, self.first_record)
        self._require_unchanged()
        statistics.digests = inputs.meter.digests()

    def _require_unchanged(self) -> None:
        if storage.status(self.shard.path).identity != self.shard.identity:
            raise self._changed()

    def _changed(self) -> InputError:
        return InputError(f"{self.shard.path}: changed while it was used; run again")

    def _output(
        self, stack: ExitStack, work: BlockTask, statistics: RunStatistics, *folders: str | None
    ) -> _ShardOutput:
        """The shard's files in the folders of what is kept, dropped and bad; none where None."""

        def opened(folder: str) -> Sink:
            return stack.enter_context(storage.writing(storage.join(folder, self.shard.name)))

        sinks = [None if each is None else opened(each) for each in folders]
        return _ShardOutput(statistics, work.stop_at_first, *sinks)

    def _scored(
        self,
        work: BlockTask,
        statistics: RunStatistics,
        output: _ShardOutput,
        copies: CopyCounter | None,
    ) -> Iterator[Any]:
        """Blocks, scored and counted; texts get keys until `copies` is full. Raises InputError."""
        blocks = of_records(self._blocks(statistics), work.scorer.block_records)
        scored = (work((each, copies is None or not copies.is_full)) for each in blocks)
        return counted(scored, work, statistics, output)


class _ShardOutput(NamedTuple):
    """Where the records of a shard go: None where nobody wants them."""

    statistics: RunStatistics
    stop_at_first: bool
    kept: Sink | None = None
    dropped: Sink | None = None
    bad: Sink | None = None

    def write_kept(self, lines: bytes | memoryview) -> None:
        """Write records that were kept. Raises OutputError."""
        if self.kept is not None:
            self.kept.write(lines)

    def write_dropped(self, lines: bytes | memoryview) -> None:
        """Write records that were dropped. Raises OutputError."""
        if self.dropped is not None:
            self.dropped.write(lines)

    def refuse(self, bad: Sequence[BadRecord]) -> None:
        """Count bad records, and write them. Raises InputError where one ends the run."""
        if bad and self.stop_at_first:
            raise InputError(str(bad[0]))
        self.statistics.counts.errors += len(bad)
        if self.bad is not None:
            self.bad.write(b"".join(record.as_json() for record in bad))


@dataclass(frozen=True)
class CheckShard(ShardTask):
    """Reads records for the bad ones among them alone; `work` is a scorer that reads them."""

    stop_at_first: bool = field(kw_only=True)

    def __call__(self) -> RunStatistics:
        """Read and count them. Raises InputError where a bad one ends the run."""
        statistics = RunStatistics()
        output = _ShardOutput(statistics, self.stop_at_first)
        columns = self.work.open().columns
        for block in self._blocks(statistics):
            found = records.read(block, columns, stop_at_first=self.stop_at_first)
            output.refuse(found.bad)
            statistics.counts.read += len(found.lines) + len(found.bad)
            statistics.counts.dropped += len(found.lines)
        return statistics


@dataclass(frozen=True)
class ScoreAndWrite(ShardTask):
    """Scores records that are decided on without looking at others, and writes what is kept."""

    stage: ClassVar[str] = _WRITTEN
    invalidates: ClassVar[tuple[str, ...]] = (_SCORED, _WRITTEN)

    @property
    def writes(self) -> list[str]:
        """The files that it leaves."""
        return self._files(*self.folders.outputs)

    def __call__(self) -> RunStatistics:
        """Read, score, write."""
        work: BlockTask = self.work.open()
        statistics, copies = RunStatistics(), CopyCounter(FIRST_COMPARED)
        with ExitStack() as stack:
            folders = self.folders
            wanted = folders.kept, folders.dropped, folders.bad
            output = self._output(stack, work, statistics, *wanted)
            scored = self._scored(work, statistics, output, copies)
            write_selected(scored, work, statistics, copies, output)
        statistics.first_keys = copies.keys.tobytes()
        return statistics


@dataclass(frozen=True)
class ScoreShard(ShardTask):
    """Scores records for a selection that looks at all of them; leaves its scores in two files."""

    stage: ClassVar[str] = _SCORED
    invalidates: ClassVar[tuple[str, ...]] = (_SCORED, _WRITTEN)

    @property
    def writes(self) -> list[str]:
        """The files that it leaves."""
        own = [self.folders.scores(self.shard), self.folders.fields(self.shard)]
        return own + self._files(self.folders.bad)

    def __call__(self) -> RunStatistics:
        """Read, score, and write the files."""
        work: BlockTask = self.work.open()
        statistics, bad_lines = RunStatistics(), array("q")
        table, names = ScoreTable(), []
        with ExitStack() as stack:
            output = self._output(stack, work, statistics, None, None, self.folders.bad)
            fields = stack.enter_context(storage.writing(self.folders.fields(self.shard)))
            for block in self._scored(work, statistics, output, None):
                block.add_to(table)
                bad_lines.extend([record.line for record in block.bad])
                names = block.names
                fields.write(block.text)
            ShardScores.of(table, bad_lines, names).save(self.folders.scores(self.shard))
        return statistics


@dataclass(frozen=True)
class Write(ShardTask):
    """Writes the records of a scored shard, once all are decided on.

    `cut` of its good records; `bucket_limits` as in `BucketedCut`.
    """

    stage: ClassVar[str] = _WRITTEN
    invalidates: ClassVar[tuple[str, ...]] = (_WRITTEN,)

    cut: Cut = field(kw_only=True)
    bucket_limits: NDArray[np.float64] | None = field(kw_only=True)

    @property
    def writes(self) -> list[str]:
        """The files that it leaves."""
        return self._files(self.folders.kept, self.folders.dropped)

    def __call__(self) -> RunStatistics:
        """Read again, add fields, write."""
        work: BlockTask = self.work.open()
        statistics = RunStatistics()
        known = ShardScores.load(self.folders.scores(self.shard))
        decisions = BucketedCut(known.columns["scores"], self.cut, self.bucket_limits)
        fields = ShardFields(self.folders.fields(self.shard), known.field_names)
        start, size = 0, len(self.cut.decisions)
        with ExitStack() as stack:
            wanted = self.folders.kept, self.folders.dropped
            output = self._output(stack, work, statistics, *wanted)
            for block in self._blocks(statistics):
                lines = known.good_lines(block)
                here = slice(start, start + len(lines))
                start = here.stop
                if start > size:
                    break
                added = fields.next(len(lines))
                kept, dropped = decisions.texts(work, here, work.stripped(lines), added)
                output.write_kept(kept)
                output.write_dropped(dropped)
            if start != size:
                raise self._changed()
        return statistics
