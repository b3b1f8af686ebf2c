"""The tasks of picking from many shards: these are divided, and partitions picked from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dataselect.data import records
from dataselect.data.input_files import count_records
from dataselect.data.sampling import names_at
from dataselect.errors import InputError
from dataselect.execution.block import cost_column, counted
from dataselect.execution.distributed.shards import Shards
from dataselect.execution.distributed.tasks import ShardSize
from dataselect.operations.diversity.objectives.methods import Items
from dataselect.operations.diversity.partitions import pick_within
from dataselect.operations.diversity.quantized_vectors import coarse_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.input_files import Block
    from dataselect.data.records import Column
    from dataselect.execution.distributed.shards import Shard
    from dataselect.execution.distributed.shipping import Shipment
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.diversity.greedy import Limits
    from dataselect.operations.diversity.objectives.methods import ObjectiveSpec
    from dataselect.operations.diversity.partitions import PartitionCandidates, Partitioning, Totals


class BlockTexts(NamedTuple):
    """The good records of a block, (n,): positions, texts, and what limits go by."""

    block: Block
    positions: NDArray[np.intp]
    texts: list[str]
    costs: NDArray[np.float64] | None
    groups: list[str] | None


@dataclass(frozen=True)
class Reading:
    """What is read of a record: its text, and what limits go by.

    `strict`: a bad record ends the run.
    """

    text_field: str
    cost: str = "records"
    per: str | None = None
    strict: bool = True

    def texts(self, shard: Shard, first_record: int = 0) -> Iterator[BlockTexts]:
        """The good records of a shard, block by block. Raises InputError."""
        import numpy as np

        cost = cost_column(self.cost, self.text_field)
        columns: list[Column] = [records.POSITION, records.text(self.text_field)]
        columns += [] if cost is None else [cost]
        columns += [] if self.per is None else [records.group(self.per)]
        for block in shard.blocks(first_record):
            found = records.read(block, columns, stop_at_first=self.strict)
            if found.bad and self.strict:
                raise InputError(str(found.bad[0]))
            positions, texts, *others = found.columns
            costs = None if cost is None else counted(self.cost, others.pop(0))
            yield BlockTexts(
                block,
                np.array(positions, np.intp),
                texts,
                costs,
                others.pop() if others else None,
            )


@dataclass
class PoolStatistics:
    """How much there is: lines, records, good ones, characters of their texts.

    `groups`: good records of each value of `--per`, in the order of first sight.
    """

    lines: int = 0
    records: int = 0
    good: int = 0
    characters: int = 0
    groups: dict[str, int] = field(default_factory=dict)

    @property
    def size(self) -> ShardSize:
        """Lines and records."""
        return ShardSize(self.lines, self.records)

    def add(self, found: BlockTexts) -> None:
        """Count a block."""
        self.lines += found.block.data.count(b"\n")
        self.records += count_records(found.block.data)
        self.good += len(found.texts)
        self.characters += sum(map(len, found.texts))
        for name in found.groups or ():
            self.groups[name] = self.groups.get(name, 0) + 1

    def merge(self, other: PoolStatistics) -> None:
        """Count what comes after it, too."""
        self.lines += other.lines
        self.records += other.records
        self.good += other.good
        self.characters += other.characters
        for name, count in other.groups.items():
            self.groups[name] = self.groups.get(name, 0) + count


@dataclass(frozen=True)
class PoolStatisticsTask:
    """Tells how much a shard has."""

    shard: Shard
    reading: Reading

    def __call__(self) -> PoolStatistics:
        """Read it."""
        found = PoolStatistics()
        for texts in self.reading.texts(self.shard):
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
        import numpy as np

        codes = vectors = None
        if self.encoder is not None:
            vectors = coarse_vectors(self.encoder, found.texts, lambda _: None)
        if found.groups is not None:
            codes = np.array([self.groups[name] for name in found.groups], np.intp)
        items = Items(found.positions, found.texts, found.costs, codes, vectors)
        own = self.partitioning.assign(found.texts)
        return [items.take(np.flatnonzero(own == each)) for each in range(self.partitioning.count)]


@dataclass(frozen=True)
class PartitionTask:
    """Reads a shard, and tells its records apart. `division`: a parcel of a Division."""

    shard: Shard
    reading: Reading
    division: Shipment
    first_record: int

    def __call__(self) -> list[list[Items]]:
        """For each partition its records, block by block."""
        division: PoolPartitioning = self.division.open()
        found: list[list[Items]] = [[] for _ in range(division.partitioning.count)]
        for texts in self.reading.texts(self.shard, self.first_record):
            for blocks, items in zip(found, division.pieces(texts), strict=True):
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
    """Picks in a partition. `contest`: a parcel of a Contest."""

    contest: Shipment

    def __call__(self, pieces: Sequence[list[Items]]) -> Picked | None:
        """Pick among the records of all shards; None where there is none."""
        blocks = [items for piece in pieces for items in piece]
        if not blocks:
            return None
        contest: PartitionPicking = self.contest.open()
        items = Items.joined(blocks)
        found = pick_within(
            items, contest.method, contest.limits, contest.totals, band=contest.band
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
