"""What is done to all shards: score and write at once, or score, decide over all, and write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from dataselect.data import records, storage
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
from dataselect.execution.kept_duplicates import FIRST_COMPARED, MOST_COMPARED, CopyCounter
from dataselect.execution.run import Counts, Settings
from dataselect.execution.run_statistics import RunStatistics
from dataselect.selection.apply import ScoredPart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.execution.block import BlockTask
    from dataselect.execution.distributed.shard_pool import ShardPool
    from dataselect.execution.distributed.shards import Shard
    from dataselect.execution.distributed.shipping import File, Shipment
    from dataselect.selection.apply import Cut


@dataclass
class Phases:
    """The stages of one run. `keys`: by the name of a shard, what its scoring depends on.

    The driver holds what is known of one shard at a time, and some millions of records at most.
    """

    pool: ShardPool
    folders: Folders
    settings: Settings
    book: Checkpoint
    work: BlockTask
    keys: Mapping[str, str]
    _tally: RunStatistics = field(default_factory=RunStatistics, init=False)
    _kept: dict[str, File] = field(default_factory=dict, init=False)
    _copies: CopyCounter = field(default_factory=lambda: CopyCounter(MOST_COMPARED), init=False)
    _compared: list[tuple[Shard, int]] = field(default_factory=list, init=False)

    def filtered(self) -> Outcome:
        """Score and write, where each record is decided on by itself."""
        import numpy as np

        rule = digest(asdict(self.work.selection), self.work.wants_dropped)
        tasks = (
            (ScoreAndWrite(**self._given(shard)), digest(self.keys[shard.name], rule))
            for shard in self.pool.shards
        )
        first_keys = {}
        for shard, tally in self._each(self.work.scorer.noun, tasks, scores=True):
            self._tally.add(tally)
            first_keys[shard.name] = tally.first_keys
        self._copies = CopyCounter(FIRST_COMPARED)
        for shard in self.pool.shards:
            self._compare(shard, np.frombuffer(first_keys[shard.name], np.uint64))
        return self._outcome({})

    def ranked(self) -> Outcome:
        """Score; cut, once all scores are known; write."""
        noun = self.work.scorer.noun
        scoring = (
            (ScoreShard(**self._given(shard)), self.keys[shard.name]) for shard in self.pool.shards
        )
        for _, tally in self._each(f"{noun}: scoring", scoring, scores=True):
            self._tally.add(tally)
        groups = _Groups(matter=self.work.selection.per is not None)
        for shard in self.pool.shards if groups.matter else ():
            groups.learn(self._load(shard).group_names)
        for _ in self._each(f"{noun}: writing", self._writing(groups), scores=False):
            pass
        return self._outcome(groups.counts)

    # -- Copies ----------------------------------------------------------------------------------

    def _compare(self, shard: Shard, keys: NDArray[np.uint64]) -> None:
        """Take note of the kept records of the next shard."""
        self._copies.add(keys)
        self._compared.append((shard, len(keys)))

    def _outcome(self, per: dict[str, Counts]) -> Outcome:
        found = self._copies.found(self.work.compared_field, self._text_of)
        return Outcome(self._tally, per, found)

    def _text_of(self, place: int) -> str:
        """The text of a kept record, from the output."""
        shards = iter(self._compared)
        shard, count = next(shards)
        while place >= count:
            place -= count
            shard, count = next(shards)
        output = Shards.of_path(storage.join(self.folders.kept, shard.name))
        lines = (line for block in output.blocks() for line in block.data.split(b"\n")[:-1])
        return self.work.texts_of([next(islice(lines, place, None))])[0]

    # -- Tasks -----------------------------------------------------------------------------------

    def _each(
        self, label: str, tasks: Iterable[tuple[ShardTask, str]], *, scores: bool
    ) -> Iterator[tuple[Shard, RunStatistics]]:
        """Run the tasks that the book does not say are done, each under its key."""
        keys: dict[str, str] = {}
        noted: list[tuple[Shard, RunStatistics]] = []

        def todo() -> Iterator[ShardTask]:
            for task, key in tasks:
                known = self.book.noted(task.stage, task.shard, key, task.writes)
                if known is None:
                    self.book.forget(task.shard, task.outdates)
                    keys[task.shard.name] = key
                    yield task
                else:
                    noted.append((task.shard, known))

        whole_machine = scores and not self.work.scorer.parallel
        with closing(self.pool.each(label, todo(), whole_machine=whole_machine)) as done:
            for task, tally in done:
                key = keys.pop(task.shard.name)
                self.book.note(task.stage, task.shard, key, task.writes, tally)
                yield task.shard, tally
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
        asks = records.POSITION in self.work.scorer.columns
        return self.pool.first_records() if asks else {}

    def _writing(self, groups: _Groups) -> Iterator[tuple[Write, str]]:
        """The tasks that write, each made when there is room for it; counts on the way."""
        limits = None
        if self.work.selection.buckets:
            limits = self.work.selection.bucket_limits(
                lambda: self._parts(groups), self.work.scorer.direction
            )
        buckets = None if limits is None else limits.tolist()
        for shard, cut in zip(self.pool.shards, self._cuts(groups), strict=True):
            known = self._load(shard)
            self._tally.keep(known.scores, cut, self.work.scorer.direction, known.costs)
            groups.count(known, cut)
            self._compare(shard, known.keys[cut.kept])
            task = Write(
                **self._given(shard) | {"digests": False},
                decisions=cut.decisions,
                reasons=cut.reasons,
                bucket_limits=limits,
            )
            decided = cut.reasons, cut.decisions.tobytes().hex(), buckets, self.work.wants_dropped
            yield task, digest(self.keys[shard.name], digest(*decided))

    # -- The cut ---------------------------------------------------------------------------------

    def _cuts(self, groups: _Groups) -> Iterator[Cut]:
        import numpy as np

        return self.work.selection.cuts(
            lambda: self._parts(groups),
            self.work.scorer.direction,
            groups=groups.names if groups.matter else None,
            exclusions=self.work.scorer.exclusions,
            rng=np.random.default_rng(self.settings.seed),
        )

    def _parts(self, groups: _Groups) -> Iterator[ScoredPart]:
        """What selection goes by, shard by shard."""
        for shard in self.pool.shards:
            known = self._load(shard)
            yield ScoredPart(known.scores, known.costs, groups.codes(known), known.excluded)

    @cached_property
    def _load(self) -> Callable[[Shard], ShardScores]:
        """Reads the scores of a shard; the last ones are kept."""
        return lru_cache(maxsize=1)(lambda shard: ShardScores.load(self.folders.scores(shard)))


class _Groups:
    """The values of `--per` over all shards, in the order of first sight, with their counts."""

    def __init__(self, *, matter: bool) -> None:
        self.matter = matter
        self._counts: dict[str, Counts] = {}
        self._places: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """All names that were learnt."""
        return list(self._places)

    @property
    def counts(self) -> dict[str, Counts]:
        """What became of the records of each group."""
        return self._counts

    def learn(self, names: Iterable[str]) -> None:
        """Take in the names of a shard."""
        for name in names:
            self._places.setdefault(name, len(self._places))
            self._counts.setdefault(name, Counts())

    def codes(self, known: ShardScores) -> NDArray[np.integer] | None:
        """(n,) the place of each record's group among all names; None if they do not matter."""
        import numpy as np

        if not self.matter:
            return None
        places = np.array([self._places[name] for name in known.group_names], np.intp)
        return places if known.codes is None else places[known.codes]

    def count(self, known: ShardScores, cut: Cut) -> None:
        """Count what a cut keeps of a shard."""
        import numpy as np

        if known.codes is None:
            return
        total = len(known.group_names)
        read = np.bincount(known.codes, minlength=total).tolist()
        kept = np.bincount(known.codes[cut.kept], minlength=total).tolist()
        for name, own_read, own_kept in zip(known.group_names, read, kept, strict=True):
            counts = self._counts[name]
            counts.read += own_read
            counts.kept += own_kept
            counts.dropped += own_read - own_kept
