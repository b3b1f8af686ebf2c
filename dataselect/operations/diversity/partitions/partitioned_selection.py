"""Diversity of a pool of shards: survey it, divide it, pick within partitions, merge the picks."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dataselect.data.fields import Column
from dataselect.data.sampling import sample_texts
from dataselect.errors import RequirementError
from dataselect.execution.distributed.pool_tasks import ShardSize
from dataselect.execution.distributed.shipping import pack
from dataselect.models.near_duplicates import first_places
from dataselect.operations.diversity.decisions import NOT_PICKED, PICKED
from dataselect.operations.diversity.diversity_input import PoolStatistics
from dataselect.operations.diversity.objectives.factory import FITTED_ON
from dataselect.operations.diversity.objectives.memory_estimate import GIB
from dataselect.operations.diversity.objectives.methods import Items, spent_and_per
from dataselect.operations.diversity.partitions.partition_tasks import (
    Names,
    PartitionPicking,
    PartitionTask,
    PickWithin,
    PoolPartitioning,
    PoolStatisticsTask,
    piece_path,
)
from dataselect.operations.diversity.partitions.partitioning import (
    Partitioning,
    Totals,
    merge,
    needed,
)
from dataselect.operations.diversity.scorer import UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.execution.distributed.shard_pool import ShardPool
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.diversity.diversity_input import PoolReader
    from dataselect.operations.diversity.greedy import Limits, Picks
    from dataselect.operations.diversity.objectives.factory import ObjectiveFactory
    from dataselect.operations.diversity.partitions.partitioning import PartitionCandidates

PARTITION_GIB = 4.0
_SAMPLE_A_PARTITION = 64
_FEWEST_TEXTS = 20  # in a partition: less is not worth a task


@dataclass
class PartitionedSelection:
    """Picks from a pool. The driver holds a byte a record, what partitions put forward, and picks.

    `total` is known after a survey, `sample` once it is drawn, `codes` and `figures` once there
    are picks.
    """

    pool: ShardPool
    reader: PoolReader
    rng: np.random.Generator
    total: PoolStatistics = field(default_factory=PoolStatistics, init=False)
    sample: Sequence[str] = field(default=(), init=False)
    codes: NDArray[np.uint8] = field(init=False)
    figures: dict[str, Any] = field(default_factory=dict, init=False)

    def survey(self) -> None:
        """Count what the pool has."""
        pool = self.pool
        tasks = [PoolStatisticsTask(shard, self.reader) for shard in pool.shards]
        found = {task.shard.name: surveyed for task, surveyed in pool.each("surveying", tasks)}
        for shard in pool.shards:
            self.total.merge(found[shard.name])
        pool.sizes = {name: ShardSize(own.lines, own.records) for name, own in found.items()}

    def draw(self, size: int) -> None:
        """Draw a sample of the pool. Raises RequirementError where there is nothing."""
        column = Column.text(self.reader.text_field)
        self.sample = sample_texts(self.pool, column, size, self.rng, strict=False)
        if not self.sample:
            raise RequirementError("the input holds no good record to pick from; check it")

    def pick(
        self,
        factory: ObjectiveFactory,
        limits: Limits,
        band: tuple[float, float] | None = None,
        *,
        partitions: int | None = None,
        gib: float = PARTITION_GIB,
    ) -> Picks:
        """Divide the pool, pick within each partition, and merge.

        `partitions`: by default as many as it takes for none to need more than `gib`.
        """
        encoder = factory.encoder(self._distinct(factory.labelled))
        if partitions is None:  # picking within a partition holds its vectors twice
            memory = factory.memory(self.total.characters, self.total.good, encoder, copies=2)
            partitions = needed(memory, gib * GIB)
        partitions = min(partitions, max(1, self.total.good // _FEWEST_TEXTS))
        if partitions * _SAMPLE_A_PARTITION > FITTED_ON:
            self.draw(partitions * _SAMPLE_A_PARTITION)
        partitioning = Partitioning.fit(self.sample, partitions, self.rng)
        spec, groups = factory.spec(encoder), self.total.groups
        counts = np.array(list(groups.values()), np.intp) if self.reader.per else None
        picking = PartitionPicking(spec, limits, Totals(self.total.good, counts), band)
        found, masses = self._candidates(partitioning, encoder, picking)
        picks = merge(found, spec, limits, masses)
        self.codes[self.codes == PICKED] = NOT_PICKED
        self.codes[picks.items] = PICKED
        items = Items.joined([each.items for each in found])
        self.figures = {
            **factory.describe(encoder),
            "partitions": partitioning.count,
            "candidates": len(items.texts),
            **spent_and_per(
                items.take(np.searchsorted(items.positions, picks.items)), list(groups)
            ),
        }
        return picks

    def _candidates(
        self, partitioning: Partitioning, encoder: Encoder | None, picking: PartitionPicking
    ) -> tuple[list[PartitionCandidates], NDArray[np.float64] | None]:
        """What each partition puts forward, and the masses of n-grams of all; sets `codes`."""
        cluster = self.pool.cluster
        ship = partial(pack, keep=cluster.keep, with_files=not cluster.is_one_machine)
        codes = {name: number for number, name in enumerate(self.total.groups)}
        assignment = ship(PoolPartitioning(partitioning, encoder, codes))
        shipped = ship(picking)
        first = self.pool.first_records()
        found: dict[int, PartitionCandidates] = {}
        masses: NDArray[np.float64] | None = None
        self.codes = np.full(self.total.records, UNDECIDED, np.uint8)
        with self.pool.scratch_folder() as folder:
            assign = [
                PartitionTask(shard, self.reader, assignment, first[shard.name], folder)
                for shard in self.pool.shards
            ]
            pieces: dict[int, list[str]] = {}
            for done, numbers in self.pool.each("dividing", assign):
                for number in numbers:
                    pieces.setdefault(number, []).append(piece_path(folder, number, done.shard))
            pick = [PickWithin(each, shipped, sorted(pieces[each])) for each in sorted(pieces)]
            for task, own in self.pool.cluster.run(pick):
                found[task.number] = own.candidates
                self.codes[own.positions] = own.codes
                masses = own.masses if masses is None else masses + own.masses
        return [found[number] for number in sorted(found)], masses

    def _distinct(self, labelled: Sequence[str]) -> list[str]:
        """The sample, without copies of what is labelled and of each other."""
        own = len(labelled)
        first = first_places([*labelled, *self.sample])[own:].tolist()
        return [text for place, text in enumerate(self.sample, own) if first[place - own] == place]

    def names(self, positions: Sequence[int]) -> list[bytes]:
        """What the records at some positions are called, ascending; see `names_at`."""
        first = self.pool.first_records()
        tasks = []
        for shard in self.pool.shards:
            start = first[shard.name]
            low, high = (
                bisect_left(positions, place)
                for place in (start, start + self.pool.sizes[shard.name].records)
            )
            if low < high:
                tasks.append(Names(shard, [place - start for place in positions[low:high]]))
        found = {task.shard: names for task, names in self.pool.each("naming", tasks)}
        return [name for task in tasks for name in found[task.shard]]
