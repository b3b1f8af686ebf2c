"""Tasks of partitioned diversity selection: assign records to partitions; pick within one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.sampling import names_at
from dataselect.execution.distributed.shards import Shards
from dataselect.operations.diversity.diversity_input import PoolStatistics
from dataselect.operations.diversity.objectives.methods import Items
from dataselect.operations.diversity.partitions import pick_within
from dataselect.operations.diversity.quantized_vectors import coarse_vectors

if TYPE_CHECKING:
    from dataselect.execution.distributed.shards import Shard
    from dataselect.execution.distributed.shipping import Shipment
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.diversity.diversity_input import BlockTexts, PoolReader
    from dataselect.operations.diversity.greedy import Limits
    from dataselect.operations.diversity.objectives.methods import ObjectiveSpec
    from dataselect.operations.diversity.partitions import PartitionCandidates, Partitioning, Totals


@dataclass(frozen=True)
class PoolStatisticsTask:
    """Tells how much a shard has."""

    shard: Shard
    reader: PoolReader

    def __call__(self) -> PoolStatistics:
        """Read it."""
        found = PoolStatistics()
        for texts in self.reader.texts(self.shard.blocks(0)):
            found.add(texts)
        return found


@dataclass(frozen=True)
class PoolPartitioning:
    """How records are told apart: by partition; with vectors, where the method compares some.

    `groups`: the number of each group.
    """

    partitioning: Partitioning
    encoder: Encoder | None
    groups: Mapping[str, int]

    def pieces(self, found: BlockTexts) -> list[Items]:
        """The records of a block, in each partition."""
        vectors = None
        if self.encoder is not None:
            vectors = coarse_vectors(self.encoder, found.texts, lambda _: None)
        items = found.items(self.groups, vectors)
        own = self.partitioning.assign(found.texts)
        return [items.take(np.flatnonzero(own == each)) for each in range(self.partitioning.count)]


@dataclass(frozen=True)
class PartitionTask:
    """Assigns the records of a shard to partitions. `partitioning`: a PoolPartitioning."""

    shard: Shard
    reader: PoolReader
    partitioning: Shipment
    first_record: int

    def __call__(self) -> list[list[Items]]:
        """For each partition its records, block by block."""
        pool: PoolPartitioning = self.partitioning.open()
        found: list[list[Items]] = [[] for _ in range(pool.partitioning.count)]
        for texts in self.reader.texts(self.shard.blocks(self.first_record)):
            for blocks, items in zip(found, pool.pieces(texts), strict=True):
                if items.texts:
                    blocks.append(items)
        return found


@dataclass(frozen=True)
class PartitionPicking:
    """What picking within a partition goes by; see `pick_within`."""

    method: ObjectiveSpec
    limits: Limits
    totals: Totals
    band: tuple[float, float] | None = None


class Picked(NamedTuple):
    """What became of a partition: `codes` (n,) are of the records at `positions` (n,)."""

    candidates: PartitionCandidates
    positions: NDArray[np.intp]
    codes: NDArray[np.uint8]
    masses: NDArray[np.float64] | None


@dataclass(frozen=True)
class PickWithin:
    """Picks in a partition. `picking`: a PartitionPicking."""

    picking: Shipment

    def __call__(self, pieces: Sequence[list[Items]]) -> Picked | None:
        """Pick among the records of all shards; None where there is none."""
        blocks = [items for piece in pieces for items in piece]
        if not blocks:
            return None
        picking: PartitionPicking = self.picking.open()
        items = Items.joined(blocks)
        found = pick_within(
            items, picking.method, picking.limits, picking.totals, band=picking.band
        )
        return Picked(found.candidates, items.positions, found.decisions.codes, found.masses)


@dataclass(frozen=True)
class Names:
    """What records at some positions of a shard, from 0, are called; see `names_at`."""

    shard: Shard
    positions: Sequence[int]

    def __call__(self) -> list[bytes]:
        """Their names as JSON."""
        return names_at(Shards([self.shard]), self.positions)
