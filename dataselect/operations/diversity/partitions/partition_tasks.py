"""Tasks of partitioned diversity selection: assign records to partitions; pick within one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data import storage
from dataselect.data.sampling import names_at
from dataselect.execution.distributed.shard_scores import damaged
from dataselect.execution.distributed.shards import Shard, Shards
from dataselect.models import archive
from dataselect.operations.diversity.diversity_input import PoolStatistics
from dataselect.operations.diversity.objectives.methods import Items
from dataselect.operations.diversity.partitions.partitioning import pick_within
from dataselect.operations.diversity.quantized_vectors import coarse_vectors

if TYPE_CHECKING:
    from dataselect.execution.distributed.shipping import Shipment
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.diversity.diversity_input import BlockTexts, PoolReader
    from dataselect.operations.diversity.greedy import Limits
    from dataselect.operations.diversity.objectives.methods import ObjectiveSpec
    from dataselect.operations.diversity.partitions.partitioning import (
        PartitionCandidates,
        Partitioning,
        Totals,
    )


_FORMAT = archive.ArchiveFormat("texts to pick from", 1)
_COLUMNS = ("positions", "costs", "groups", "vectors")


def save_items(items: Items, path: str) -> None:
    """Write texts to pick from, for another task. Raises OutputError."""
    encoded = [text.encode() for text in items.texts]
    arrays = {name: vars(items)[name] for name in _COLUMNS if vars(items)[name] is not None}
    arrays["sizes"] = np.array(list(map(len, encoded)), np.int64)
    arrays["texts"] = np.frombuffer(b"".join(encoded), np.uint8)
    with storage.writing(path) as file:
        file.write(archive.dumps(_FORMAT, {}, arrays))


def load_items(path: str) -> Items:
    """What `save_items` wrote. Raises InputError."""
    data = storage.read_bytes(path)
    try:
        _, arrays = archive.loads(data, _FORMAT)
        texts, ends = arrays["texts"].tobytes(), np.cumsum(arrays["sizes"]).tolist()
        bounds = zip([0, *ends], ends, strict=False)
        decoded = [texts[start:end].decode() for start, end in bounds]
        columns = {name: arrays.get(name) for name in _COLUMNS}
        return Items(texts=decoded, **columns)  # type: ignore[arg-type]  # as saved
    except MemoryError:
        raise
    except Exception:  # of zipfile, of JSON and of NumPy
        raise damaged(path) from None


@dataclass(frozen=True)
class PoolStatisticsTask:
    """Tells how much a shard has."""

    shard: Shard
    reader: PoolReader

    def __call__(self) -> PoolStatistics:
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
    """Writes the records of a shard into a file for each partition that has some.

    `partitioning`: a PoolPartitioning. `folder`: for these files, one that every machine sees.
    """

    shard: Shard
    reader: PoolReader
    partitioning: Shipment
    first_record: int
    folder: str

    def __call__(self) -> list[int]:
        """The numbers of these partitions."""
        pool: PoolPartitioning = self.partitioning.open()
        found: dict[int, list[Items]] = {}
        for texts in self.reader.texts(self.shard.blocks(self.first_record)):
            for number, items in enumerate(pool.pieces(texts)):
                if items.texts:
                    found.setdefault(number, []).append(items)
        for number, blocks in found.items():
            save_items(Items.joined(blocks), piece_path(self.folder, number, self.shard))
        return list(found)


def piece_path(folder: str, partition: int, shard: Shard) -> str:
    """Where the records of a shard are that belong to a partition."""
    return storage.join(folder, f"{partition}/{shard.name}.items")


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
    """Picks in a partition. `picking`: a PartitionPicking. `pieces`: the files of its records."""

    number: int
    picking: Shipment
    pieces: Sequence[str]

    @property
    def shard(self) -> Shard:
        """What messages call it."""
        name = f"partition {self.number}"
        return Shard(name, name, 0, "")

    def __call__(self) -> Picked:
        """Pick among the records of all shards."""
        picking: PartitionPicking = self.picking.open()
        items = Items.joined([load_items(path) for path in self.pieces])
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
        return names_at(Shards([self.shard]), self.positions)
