"""What is done to all shards: score and write at once, or score, decide over all, and write."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

from dataselect.data import storage
from dataselect.data.fields import POSITION
from dataselect.execution.counting.kept_duplicates import FIRST_COMPARED, MOST_COMPARED, CopyCounter
from dataselect.execution.counting.run_statistics import RunStatistics
from dataselect.execution.distributed.checkpoint import Checkpoint, Outcome, digest
from dataselect.execution.distributed.shard_scores import ShardScores
from dataselect.execution.distributed.shards import Shards
from dataselect.execution.distributed.shipping import pack
from dataselect.execution.distributed.tasks import (
    Folders,
    ScoreAndWrite,
    ScoreShard,
    ShardTask,
    Write,
)
from dataselect.execution.select_and_write import (
    bucket_limits,
    cut_of,
    leave_copies_out,
    summarised,
)
from dataselect.selection.score_table import ScoreTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.execution.block import BlockTask
    from dataselect.execution.counting.counts import Counts
    from dataselect.execution.distributed.shard_pool import ShardPool
    from dataselect.execution.distributed.shards import Shard
    from dataselect.execution.distributed.shipping import File, Shipment
    from dataselect.execution.run import Settings
    from dataselect.selection.apply import Cut


@dataclass
class Phases:
    """The stages of one run. `keys`: by the name of a shard, what its scoring depends on.

    The driver holds what is known of one shard at a time; of all records it is on disk.
    """

    pool: ShardPool
    folders: Folders
    settings: Settings
    checkpoint: Checkpoint
    work: BlockTask
    keys: Mapping[str, str]
    _statistics: RunStatistics = field(default_factory=RunStatistics, init=False)
    _kept: dict[str, File] = field(default_factory=dict, init=False)

    def filtered(self) -> Outcome:
        """Score and write, where each record is decided on by itself."""
        import numpy as np

        rule = digest(asdict(self.work.selection), self.work.wants_dropped)
        tasks = (
            (ScoreAndWrite(**self._given(shard)), digest(self.keys[shard.name], rule))
            for shard in self.pool.shards
        )
        first_keys = {}
        for shard, found in self._each(self.work.scorer.noun, tasks, scores=True):
            self._statistics.add(found)
            first_keys[shard.name] = np.frombuffer(found.first_keys, np.uint64)
        copies = CopyCounter(FIRST_COMPARED)
        kept_in = []
        for shard in self.pool.shards:
            copies.add(first_keys[shard.name])
            kept_in.append(len(first_keys[shard.name]))
        return self._outcome({}, copies, kept_in)

    def ranked(self) -> Outcome:
        """Score; cut, once all scores are known; write."""
        work, shards, noun = self.work, self.pool.shards, self.work.scorer.noun
        scoring = ((ScoreShard(**self._given(shard)), self.keys[shard.name]) for shard in shards)
        for _, found in self._each(f"{noun}: scoring", scoring, scores=True):
            self._statistics.add(found)
        table, parts, start = ScoreTable(), [], 0
        for shard in shards:
            known = ShardScores.load(self.folders.scores(shard))
            table.add(known.groups, **known.columns)
            parts.append(slice(start, start := start + len(known.columns["scores"])))
        leave_copies_out(table, work)
        cut = cut_of(table, work, work.selection, self.settings.seed)
        copies, kept_in = CopyCounter(MOST_COMPARED), []
        per = summarised(table, cut, work, self._statistics, copies)

        def cuts() -> Iterator[Cut]:
            for own in parts:
                yield (part := cut.part(own))
                kept_in.append(int(part.kept.sum()))

        writing = self._writing(cuts(), bucket_limits(table, work))
        for _ in self._each(f"{noun}: writing", writing, scores=False):
            pass
        return self._outcome(per, copies, kept_in)

    def _writing(
        self, cuts: Iterable[Cut], limits: NDArray[np.float64] | None
    ) -> Iterator[tuple[Write, str]]:
        """The tasks that write, each made when there is room for it."""
        buckets = None if limits is None else limits.tolist()
        for shard, cut in zip(self.pool.shards, cuts, strict=True):
            given = self._given(shard) | {"digests": False}
            decided = cut.decisions[:].tobytes().hex()
            rule = digest(cut.reasons, decided, buckets, self.work.wants_dropped)
            task = Write(**given, cut=cut, bucket_limits=limits)
            yield task, digest(self.keys[shard.name], rule)

    def _outcome(
        self, per: dict[str, Counts], copies: CopyCounter, kept_in: Sequence[int]
    ) -> Outcome:
        """`kept_in`: how many records of each shard's output `copies` knows."""

        def text_of(place: int) -> str:
            ends = list(accumulate(kept_in))
            number = bisect_right(ends, place)
            place -= ends[number] - kept_in[number]
            path = storage.join(self.folders.kept, self.pool.shards[number].name)
            lines = (
                line
                for block in Shards.of_path(path).blocks()
                for line in block.data.split(b"\n")[:-1]
            )
            return self.work.texts_of([next(islice(lines, place, None))])[0]

        duplicates = copies.found(self.work.compared_field, text_of)
        return Outcome(self._statistics, per, duplicates)

    # -- Tasks -----------------------------------------------------------------------------------

    def _each(
        self, label: str, tasks: Iterable[tuple[ShardTask, str]], *, scores: bool
    ) -> Iterator[tuple[Shard, RunStatistics]]:
        """Run the tasks that are not known to be done, each under its key."""
        keys: dict[str, str] = {}
        noted: list[tuple[Shard, RunStatistics]] = []

        def todo() -> Iterator[ShardTask]:
            for task, key in tasks:
                known = self.checkpoint.completed(task.stage, task.shard, key, task.writes)
                if known is None:
                    self.checkpoint.invalidate(task.shard, task.invalidates)
                    keys[task.shard.name] = key
                    yield task
                else:
                    noted.append((task.shard, known))

        whole_machine = scores and not self.work.scorer.parallel
        with closing(self.pool.each(label, todo(), whole_machine=whole_machine)) as done:
            for task, found in done:
                key = keys.pop(task.shard.name)
                self.checkpoint.record(task.stage, task.shard, key, task.writes, found)
                yield task.shard, found
        yield from noted

    def _given(self, shard: Shard) -> dict[str, Any]:
        """What every pass over a shard is given."""
        return {
            "shard": shard,
            "work": self._parcel(shard),
            "folders": self.folders,
            "first_record": self._first_records.get(shard.name),
            "digests": self.settings.report is not None,
        }

    def _parcel(self, shard: Shard) -> Shipment:
        """The work; a scorer that goes by position takes along what it knows of the shard only."""
        scorer, first = self.work.scorer, self._first_records.get(shard.name)
        own = scorer if first is None else scorer.part(first, self.pool.sizes[shard.name].records)
        if own is scorer:
            return self._shared
        return self._packed(replace(self.work, scorer=own))

    @cached_property
    def _shared(self) -> Shipment:
        return self._packed(self.work)

    def _packed(self, work: BlockTask) -> Shipment:
        cluster = self.pool.cluster
        with_files = not cluster.is_one_machine
        return pack(work, cluster.keep, with_files=with_files, kept=self._kept)

    @cached_property
    def _first_records(self) -> dict[str, int]:
        """How many records come before each shard, where the scorer asks for positions."""
        asks = POSITION in self.work.scorer.columns
        return self.pool.first_records() if asks else {}
