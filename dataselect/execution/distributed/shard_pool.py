"""A pool of shards: what fitting code reads as `Inputs`, sampled by many machines."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from dataselect.console import Progress
from dataselect.data import storage
from dataselect.data.files.input_names import UNFINISHED
from dataselect.data.sampling import Drawable, Drawing
from dataselect.execution.distributed.cluster import Cluster, Task
from dataselect.execution.distributed.pool_tasks import Count, ReadLines, ShardSize
from dataselect.execution.distributed.shards import Shard, Shards

if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    from dataselect.data.files.line_blocks import Block

AnyTask = TypeVar("AnyTask", bound=Task)
_KEYS_AT_ONCE = 1 << 20


class ShardPool(Shards, Drawable):
    """Shards and the cluster that reads them; `folders` are those that were given as a whole.

    `output`: the folder that the run is going to write.
    What needs every record on the driver, such as alignment, reads them there, one after the other.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        cluster: Cluster,
        *,
        folders: Sequence[str] = (),
        output: str = "",
        quiet: bool = True,
    ) -> None:
        super().__init__(shards)
        self.shards, self.cluster, self.folders = shards, cluster, folders
        self._output, self._quiet = output, quiet

    def each(
        self, what: str, tasks: Iterable[AnyTask], *, whole_machine: bool = False
    ) -> Generator[tuple[AnyTask, Any], None, None]:
        """Run tasks as `Cluster.run`, with a bar over the bytes of all shards."""
        read = 0
        with (
            Progress(what, self.size, quiet=self._quiet) as progress,
            closing(self.cluster.run(tasks, whole_machine=whole_machine)) as done,
        ):
            for task, result in done:
                yield task, result
                read += task.shard.size
                progress.update(read)

    @contextmanager
    def scratch_folder(self) -> Iterator[str]:
        """A folder that all machines see, for what tasks leave for later ones; gone in the end."""
        had_one = storage.is_folder(self._output)
        unfinished = storage.join(self._output, UNFINISHED)
        folder = storage.join(unfinished, f"shuffle-{secrets.token_hex(8)}")
        try:
            yield folder
        finally:
            storage.remove_folder(folder)
            storage.remove_if_empty(unfinished)
            if not had_one:
                storage.remove_if_empty(self._output)

    @cached_property
    def sizes(self) -> dict[str, ShardSize]:
        """Lines and records of each shard, by its name."""
        found = self.each("counting", map(Count, self.shards))
        return {task.shard.name: size for task, size in found}

    def first_records(self) -> dict[str, int]:
        """How many records come before each shard, by its name."""
        found, total = {}, 0
        for shard in self.shards:
            found[shard.name] = total
            total += self.sizes[shard.name].records
        return found

    def total_records(self) -> int:
        """How many records there are, good or bad."""
        return sum(size.records for size in self.sizes.values())

    def draw(self, size: int, rng: np.random.Generator) -> list[Block]:
        """Lines as a `Drawing` of one machine chooses them, each a numbered block of its own."""
        drawing: Drawing[tuple[Shard, int]] = Drawing(size, rng)
        for shard in self.shards:
            lines = self.sizes[shard.name].lines
            for first in range(0, lines, _KEYS_AT_ONCE):
                count = min(_KEYS_AT_ONCE, lines - first)
                drawing.add_numbered(count, partial(_places, shard, first))
        places: dict[Shard, list[int]] = {}
        for shard, place in drawing.finish():
            places.setdefault(shard, []).append(place)
        before = self.first_records()
        tasks = [ReadLines(shard, own, before[shard.name]) for shard, own in places.items()]
        found = {task.shard: blocks for task, blocks in self.each("sampling", tasks)}
        return [block for shard in places for block in found[shard]]


def _places(shard: Shard, first: int, chosen: Sequence[int]) -> list[tuple[Shard, int]]:
    return [(shard, first + place) for place in chosen]
