"""The work on one shard, wherever it is done: a pure function of the shard and of what it is given.

Tasks that write may be done twice, by a machine that is slow to die: they write the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from dataselect.data import storage
from dataselect.data.line_blocks import Block, count_records, numbered
from dataselect.data.sampling import single_lines
from dataselect.errors import InputError, ReadError
from dataselect.execution.distributed.shard_scores import ShardScores, damaged
from dataselect.execution.distributed.shards import Shard, Shards
from dataselect.execution.kept_duplicates import FIRST_COMPARED, CopyCounter
from dataselect.execution.run_statistics import RunStatistics
from dataselect.selection.apply import Cut
from dataselect.selection.external_ranking import bucket_of
from dataselect.selection.rule import gain
from dataselect.selection.score_table import ScoreTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.output_files import Sink
    from dataselect.data.records import Fields
    from dataselect.execution.block import BlockTask, ScoredRecords
    from dataselect.execution.distributed.shipping import Shipment
    from dataselect.selection.reasons import Reason

_SCORED, _WRITTEN = "scored", "written"


class ShardSize(NamedTuple):
    """How many lines a shard has, and how many of them are records, good or bad."""

    lines: int
    records: int


@dataclass(frozen=True)
class Count:
    """Tells the Size of a shard."""

    shard: Shard

    def __call__(self) -> ShardSize:
        """Read it."""
        lines = found = 0
        for block in self.shard.blocks():
            lines += block.data.count(b"\n")
            found += count_records(block.data)
        return ShardSize(lines, found)


@dataclass(frozen=True)
class ReadLines:
    """Reads some lines of a shard, at `places` that ascend from 0.

    `first_record`: how many records come before the shard.
    """

    shard: Shard
    places: Sequence[int]
    first_record: int

    def __call__(self) -> list[Block]:
        """The lines, each a numbered block of its own."""
        found: list[Block] = []
        places = iter(self.places)
        place = next(places, None)
        first = 0
        for block in self.shard.blocks(self.first_record):
            if place is None:
                break
            lines = block.data.split(b"\n")[:-1]
            chosen = []
            while place is not None and place < first + len(lines):
                chosen.append(place - first)
                place = next(places, None)
            found += single_lines(block, lines, chosen)
            first += len(lines)
        return found


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
    outdates: ClassVar[tuple[str, ...]]
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

    def _blocks(self, tally: RunStatistics) -> Iterator[Block]:
        """The blocks of the shard. Raises InputError if it is not what it was when it was named."""
        inputs = Shards([self.shard], digest=self.digests)
        blocks = inputs.blocks()
        self._require_unchanged()
        yield from blocks if self.first_record is None else numbered(blocks, self.first_record)
        self._require_unchanged()
        tally.digests = inputs.meter.digests()

    def _require_unchanged(self) -> None:
        if storage.status(self.shard.path).identity != self.shard.identity:
            raise self._changed()

    def _changed(self) -> InputError:
        return InputError(f"{self.shard.path}: changed while it was used; run again")

    def _open(self, stack: ExitStack, folder: str | None) -> Sink | None:
        if folder is None:
            return None
        return stack.enter_context(storage.writing(storage.join(folder, self.shard.name)))

    def _examined(
        self,
        work: BlockTask,
        tally: RunStatistics,
        bad_lines: Sink | None,
        copies: CopyCounter | None = None,
    ) -> Iterator[ScoredRecords]:
        """Blocks, scored and counted. Raises InputError where a bad record ends the run.

        `copies`: texts get keys until it is full.
        """
        for block in self._blocks(tally):
            found = work.examine(block, copies is None or not copies.is_full)
            if found.bad and work.stop_at_first:
                raise InputError(str(found.bad[0]))
            if bad_lines is not None:
                bad_lines.write(b"".join(record.as_json() for record in found.bad))
            tally.counts.read += len(found.lines) + len(found.bad)
            tally.counts.errors += len(found.bad)
            tally.distribution.add(found.ranked_scores)
            tally.remarks.update(dict(found.scores.remarks))
            yield found


@dataclass(frozen=True)
class ScoreAndWrite(ShardTask):
    """Scores records that are decided on without looking at others, and writes what is kept."""

    stage: ClassVar[str] = _WRITTEN
    outdates: ClassVar[tuple[str, ...]] = (_SCORED, _WRITTEN)

    @property
    def writes(self) -> list[str]:
        """The files that it leaves."""
        return self._files(*self.folders.outputs)

    def __call__(self) -> RunStatistics:
        """Read, score, write."""
        work: BlockTask = self.work.open()
        tally, copies = RunStatistics(), CopyCounter(FIRST_COMPARED)
        with ExitStack() as stack:
            kept = self._open(stack, self.folders.kept)
            dropped = self._open(stack, self.folders.dropped)
            bad = self._open(stack, self.folders.bad)
            for found in self._examined(work, tally, bad, copies):
                decided = work.decide(found)
                if decided.keys is not None:
                    copies.add(decided.keys[decided.cut.kept])
                tally.keep(decided.scores, decided.cut, work.scorer.direction)
                _write(kept, decided.kept)
                _write(dropped, decided.dropped)
        tally.first_keys = copies.keys.tobytes()
        return tally


@dataclass(frozen=True)
class ScoreShard(ShardTask):
    """Scores records for a selection that looks at all of them; leaves its scores in two files."""

    stage: ClassVar[str] = _SCORED
    outdates: ClassVar[tuple[str, ...]] = (_SCORED, _WRITTEN)

    @property
    def writes(self) -> list[str]:
        """The files that it leaves."""
        own = [self.folders.scores(self.shard), self.folders.fields(self.shard)]
        return own + self._files(self.folders.bad)

    def __call__(self) -> RunStatistics:
        """Read, score, and write the files."""
        work: BlockTask = self.work.open()
        tally, table, bad_lines = RunStatistics(), ScoreTable(), array("q")
        names: Sequence[str] = ()
        with ExitStack() as stack:
            bad = self._open(stack, self.folders.bad)
            fields = stack.enter_context(storage.writing(self.folders.fields(self.shard)))
            for found in self._examined(work, tally, bad):
                scores = found.scores
                table.add(
                    scores.values, found.costs, found.groups, scores.excluded, keys=found.keys
                )
                bad_lines.extend([record.line for record in found.bad])
                names = list(scores.fields)
                fields.write(_rows(scores.fields, len(found.lines)))
        ShardScores.of(table, bad_lines, names).save(self.folders.scores(self.shard))
        return tally


@dataclass(frozen=True)
class Write(ShardTask):
    """Writes the records of a scored shard, once all are decided on.

    `decisions` (n,) uint8 of its good records and `reasons` as in `Cut`. `bucket_limits`: the
    lowest gain in each bucket but the last, where buckets are asked for.
    """

    stage: ClassVar[str] = _WRITTEN
    outdates: ClassVar[tuple[str, ...]] = (_WRITTEN,)

    decisions: NDArray[np.uint8] = field(kw_only=True)
    reasons: Sequence[Reason] = field(kw_only=True)
    bucket_limits: NDArray[np.float64] | None = field(kw_only=True, default=None)

    @property
    def writes(self) -> list[str]:
        """The files that it leaves."""
        return self._files(self.folders.kept, self.folders.dropped)

    def __call__(self) -> RunStatistics:
        """Read again, add fields, write."""
        work: BlockTask = self.work.open()
        tally = RunStatistics()
        known = ShardScores.load(self.folders.scores(self.shard))
        bad_lines = set(known.bad_lines.tolist())
        rows = _Rows(self.folders.fields(self.shard), known.field_names)
        start = 0
        with ExitStack() as stack:
            kept = self._open(stack, self.folders.kept)
            dropped = self._open(stack, self.folders.dropped)
            for block in self._blocks(tally):
                lines = _good_lines(block, bad_lines)
                here = slice(start, start + len(lines))
                start = here.stop
                if start > len(self.decisions):
                    break
                added = rows.next(len(lines)) | self._buckets(work, known.scores[here])
                cut = Cut(self.decisions[here], self.reasons)
                texts = work.write(work.stripped(lines), cut, added)
                for sink, text in zip((kept, dropped), texts, strict=True):
                    _write(sink, text)
                tally.counts.kept += int(cut.kept.sum())
            if start != len(self.decisions):
                raise self._changed()
        return tally

    def _buckets(self, work: BlockTask, scores: NDArray[np.float64]) -> Fields:
        if self.bucket_limits is None:
            return {}
        found = bucket_of(gain(scores, work.scorer.direction), self.bucket_limits)
        return {"bucket": [b"%d" % bucket for bucket in found.tolist()]}


def _write(sink: Sink | None, text: bytes) -> None:
    if sink is not None:
        sink.write(text)


def _good_lines(block: Block, bad_lines: Collection[int]) -> list[bytes]:
    """The lines that hold a good record: those that are neither blank nor known to be bad."""
    lines = block.numbered_lines()
    return [line for number, line in lines if line.strip() and number not in bad_lines]


def _rows(fields: Fields, records_: int) -> bytes:
    """Fields as lines, one a record, values between tabs: JSON has neither tabs nor line feeds."""
    if not fields:
        return b"\n" * records_
    return b"".join([b"\t".join(row) + b"\n" for row in zip(*fields.values(), strict=True)])


class _Rows:
    """Reads what `_rows` wrote, in portions of any size."""

    def __init__(self, path: str, names: Sequence[str]) -> None:
        self._path, self._names = path, names
        blocks = Shard(path, name="", size=0, identity="").blocks()
        self._lines = (line for block in blocks for line in block.data.split(b"\n")[:-1])

    def next(self, count: int) -> Fields:
        """The fields of the next records. Raises InputError for a damaged file."""
        try:
            lines = list(islice(self._lines, count))
        except ReadError:
            raise
        except InputError:
            raise damaged(self._path) from None
        if len(lines) < count:
            raise damaged(self._path)
        rows = [line.split(b"\t") for line in lines]
        columns = zip(*rows, strict=True) if self._names and rows else [()] * len(self._names)
        return dict(zip(self._names, map(list, columns), strict=True))
