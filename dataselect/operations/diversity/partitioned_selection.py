"""Diversity of a pool of shards: survey it, divide it, pick within partitions, merge the picks."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from dataselect.data import records
from dataselect.data.sampling import sample_texts
from dataselect.errors import RequirementError
from dataselect.execution.distributed.shipping import pack
from dataselect.operations.diversity.decisions import NOT_PICKED, PICKED
from dataselect.operations.diversity.objectives.methods import Items
from dataselect.operations.diversity.partition_tasks import (
    Names,
    PartitionPicking,
    PartitionTask,
    PickWithin,
    PoolPartitioning,
    PoolStatistics,
    PoolStatisticsTask,
    Reading,
)
from dataselect.operations.diversity.partitions import Partitioning, Totals, merge
from dataselect.operations.diversity.scorer import UNDECIDED, Known

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.execution.distributed.shard_pool import ShardPool
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.diversity.greedy import Limits, Picks
    from dataselect.operations.diversity.objectives.methods import ObjectiveSpec
    from dataselect.operations.diversity.partitions import PartitionCandidates


@dataclass
class PartitionedSelection:
    """Picks from a pool. The driver holds a byte a record, what partitions put forward, and picks.

    `total` is known after a survey, `sample` once it is drawn, `codes` and `figures` once there
    are picks.
    """

    pool: ShardPool
    reading: Reading
    rng: np.random.Generator
    total: PoolStatistics = field(default_factory=PoolStatistics, init=False)
    sample: Sequence[str] = field(default=(), init=False)
    codes: NDArray[np.uint8] = field(init=False)
    figures: dict[str, Any] = field(default_factory=dict, init=False)

    def survey(self) -> None:
        """Count what the pool has."""
        pool = self.pool
        tasks = [PoolStatisticsTask(shard, self.reading) for shard in pool.shards]
        found = {task.shard.name: surveyed for task, surveyed in pool.each("surveying", tasks)}
        for shard in pool.shards:
            self.total.merge(found[shard.name])
        pool.sizes = {name: surveyed.size for name, surveyed in found.items()}

    def draw(self, size: int) -> None:
        """Draw a sample of the pool. Raises GuardError where there is nothing."""
        column = records.text(self.reading.text_field)
        self.sample = sample_texts(self.pool, column, size, self.rng, strict=False)
        if not self.sample:
            raise RequirementError("the input holds no good record to pick from; check it")

    def pick(
        self,
        method: ObjectiveSpec,
        limits: Limits,
        partitions: int,
        *,
        encoder: Encoder | None = None,
        band: tuple[float, float] | None = None,
    ) -> Picks:
        """Divide the pool, pick within each partition, and merge.

        `encoder`: makes the vectors that the method compares, where it does.
        """
        import numpy as np

        cluster, groups = self.pool.cluster, self.total.groups
        ship = partial(pack, keep=cluster.keep, with_files=not cluster.is_one_machine)
        partitioning = Partitioning.fit(self.sample, partitions, self.rng)
        numbers = {name: number for number, name in enumerate(groups)}
        division = ship(PoolPartitioning(partitioning, encoder, numbers))
        counts = np.array(list(groups.values()), np.intp) if self.reading.per else None
        contest = ship(PartitionPicking(method, limits, Totals(self.total.good, counts), band))
        first = self.pool.first_records()
        tasks = [
            PartitionTask(shard, self.reading, division, first[shard.name])
            for shard in self.pool.shards
        ]
        found: dict[int, PartitionCandidates] = {}
        masses: NDArray[np.float64] | None = None
        self.codes = np.full(self.total.records, UNDECIDED, np.uint8)
        for number, own in self.pool.exchange(tasks, [PickWithin(contest)] * partitioning.count):
            if own is not None:
                found[number] = own.candidates
                self.codes[own.positions] = own.codes
                masses = own.masses if masses is None else masses + own.masses
        picks = merge([found[number] for number in sorted(found)], method, limits, masses)
        self.codes[self.codes == PICKED] = NOT_PICKED
        self.codes[picks.items] = PICKED
        self.figures["partitions"] = partitioning.count
        self.figures["candidates"] = sum(len(each.picks.items) for each in found.values())
        if counts is not None:
            self.figures["per"] = self._per(list(found.values()), picks.items)
        return picks

    def _per(self, found: Sequence[PartitionCandidates], picks: NDArray[np.intp]) -> dict[str, int]:
        """How many picks, at some positions, each group has."""
        import numpy as np

        items = Items.joined([each.items for each in found])
        assert items.groups is not None
        own = items.groups[np.searchsorted(items.positions, picks)]
        names = list(self.total.groups)
        return dict(zip(names, np.bincount(own, minlength=len(names)).tolist(), strict=True))

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


def known(picks: Picks, labelled: int) -> Known:
    """What is known of picks, by position; a place of their nearest counts labelled texts first."""
    import numpy as np

    places = picks.nearest.places
    earlier = labelled + picks.items[np.maximum(places - labelled, 0)]
    nearest = np.where(places < labelled, places, earlier)
    order = np.argsort(picks.items)
    return Known(picks.items[order], order, 1 - picks.nearest.similarities[order], nearest[order])
