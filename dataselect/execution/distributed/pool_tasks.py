"""Readings of a shard for what is drawn from a pool: how large it is, and some of its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dataselect.data.files.line_blocks import Block, count_records
from dataselect.data.sampling import single_lines
from dataselect.execution.distributed.shards import Shard


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
