"""How much is measured, and where its files are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from contenders import Contender, dataselect, spend
from pairs import Pairs
from peers import Peer
from pool import Pool

_SMALL_BY, _SMALLEST = 2_000, 300


@dataclass(frozen=True)
class Plan:
    """Where files go, and how much to measure.

    `small`: a thousandth, once, which shows that everything runs and judges nothing. `rounds` is
    None where each part has its own number. `encoder`: a sentence-transformers model, or None to
    leave neural encoding out.
    """

    cache: str
    data: str | None = None
    small: bool = False
    rounds: int | None = None
    peers: bool = True
    encoder: str | None = None

    def size(self, full: int) -> int:
        """How many of something that is measured on `full`."""
        return max(min(full, _SMALLEST), full // _SMALL_BY) if self.small else full

    def times(self, rounds: int) -> int:
        """How many rounds of a part that has so many."""
        return 1 if self.small else self.rounds or rounds

    def pool(self, records: int = 1_000_000) -> Pool:
        """Utterances."""
        return Pool(self.cache, self.size(records), self.data)

    def pairs(self, records: int) -> Pairs:
        """Sentence pairs."""
        return Pairs(self.cache, self.size(records), self.data)

    def path(self, name: str) -> str:
        """A file of the cache."""
        return os.path.join(self.cache, name)

    @contextmanager
    def output(self, *names: str) -> Iterator[list[str]]:
        """Paths to write to, over and over; the files are deleted in the end."""
        paths = [self.path(name) for name in names]
        try:
            yield paths
        finally:
            for path in paths:
                with suppress(FileNotFoundError):
                    os.unlink(path)

    def made(self, name: str, *command: str) -> str:
        """The path of what a command of dataselect writes there, anew in each run."""
        path = self.path(name)
        spend((dataselect(), *command, path))
        return path

    def entered(self, peers: Sequence[Peer], pool: Pool, *given: str) -> list[Contender]:
        """Peers and their share of the pool; one that cannot be installed says why.

        Their drivers are given `given`, the pool, and where to write.
        """
        found = []
        for peer in peers if self.peers else ():
            records = self.size(min(peer.most_records, pool.records))
            files = (*given, pool.path(records), self.path("peer.jsonl"))
            found.append(peer.contender(self.cache, *files, records=records))
        return found
