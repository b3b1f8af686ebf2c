"""Scored records that wait on disk until every score is known."""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Any

from dataselect.inputs import Block
from dataselect.records import Column, read
from dataselect.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.selection import Groups

_CHUNK_BYTES = 1 << 20


class Spool:
    """Lines in an unlinked temporary file, in order; in memory 8 bytes of score a record.

    A budget holds 8 bytes more, an order of its own 8, `--per` 4, exclusions 1.
    """

    def __init__(self) -> None:
        self._scratch = Scratch("spooling records")
        self._file = self._scratch.file
        self._scores = array("d")
        self._costs = array("d")
        self._order = array("d")
        self._codes = array("i")
        self._excluded = array("B")
        self._names: dict[str, int] = {}

    def add(
        self,
        text: bytes,
        scores: NDArray[np.float64],
        costs: NDArray[np.float64] | None,
        groups: Sequence[str] | None,
        excluded: NDArray[np.uint8] | None = None,
        order: NDArray[np.float64] | None = None,
    ) -> None:
        """Store the lines of a batch. Raises OutputError when the disk is full."""
        self._scores.frombytes(scores.tobytes())
        if costs is not None:
            self._costs.frombytes(costs.tobytes())
        if groups is not None:
            names = self._names
            self._codes.extend([names.setdefault(name, len(names)) for name in groups])
        if excluded is not None:
            self._excluded.frombytes(excluded.tobytes())
        if order is not None:
            self._order.frombytes(order.tobytes())
        self._scratch.write(text)

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n,) the scores of all records."""
        import numpy as np

        return np.frombuffer(self._scores, dtype=np.float64)

    @property
    def costs(self) -> NDArray[np.float64] | None:
        """(n,) what each record costs, or None where each costs 1."""
        import numpy as np

        return np.frombuffer(self._costs, dtype=np.float64) if self._costs else None

    @property
    def groups(self) -> Groups | None:
        """The group of each record, numbered in the order of first sight, or None."""
        import numpy as np

        from dataselect.selection import Groups

        if not self._codes:
            return None
        return Groups(np.frombuffer(self._codes, dtype=np.intc), list(self._names))

    @property
    def excluded(self) -> NDArray[np.uint8] | None:
        """(n,) the scorer's exclusion of each record, or None where it excludes nothing."""
        import numpy as np

        return np.frombuffer(self._excluded, dtype=np.uint8) if self._excluded else None

    @property
    def order(self) -> NDArray[np.float64] | None:
        """(n,) what records are sorted by, lowest first, or None where that is their score."""
        import numpy as np

        return np.frombuffer(self._order, dtype=np.float64) if self._order else None

    def batches(self) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the position of the first record and the lines of each batch, in input order."""
        position = 0
        pending: list[bytes] = []  # of a line longer than a chunk
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK_BYTES):
            cut = chunk.rfind(b"\n") + 1
            if cut:
                lines = b"".join([*pending, chunk[:cut]]).split(b"\n")
                lines.pop()
                yield position, lines
                position += len(lines)
                pending.clear()
            pending.append(chunk[cut:])

    def values(self, column: Column) -> Iterator[list[Any]]:
        """Yield what stands in a column, which was checked before, a batch at a time."""
        for _, lines in self.batches():
            yield read(Block("spool", 1, b"\n".join([*lines, b""])), [column]).columns[0]

    def ranked(
        self, kept: NDArray[np.bool_], gains: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.intp], list[bytes]]]:
        """Yield positions and lines of what is kept, best first, of equal gains in input order.

        Holds 24 bytes more for each kept record.
        """
        import numpy as np

        ends = [np.zeros(1, np.int64)]
        for first, lines in self.batches():
            lengths = np.fromiter((len(line) + 1 for line in lines), np.int64, len(lines))
            stops = ends[-1][-1] + np.cumsum(lengths)
            ends.append(
                np.stack((stops - lengths, stops), axis=1)[kept[first : first + len(lines)]]
            )
            ends.append(stops[-1:])
        spans = np.concatenate([span for span in ends if span.ndim == 2] or [np.empty((0, 2), int)])
        order = np.argsort(-gains[kept], kind="stable")
        positions = np.flatnonzero(kept)
        for batch in np.array_split(order, len(order) // 4096 + 1):
            yield (
                positions[batch],
                [self._line(int(start), int(stop)) for start, stop in spans[batch]],
            )

    def _line(self, start: int, stop: int) -> bytes:
        return os.pread(self._file.fileno(), stop - start - 1, start)

    def close(self) -> None:
        """Let the disk space go."""
        self._file.close()
