"""Scored records that wait on disk until every score is known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dataselect.data.fields import Column
from dataselect.data.files.line_blocks import Block
from dataselect.data.files.temporary_files import TemporaryFile
from dataselect.data.records import read
from dataselect.selection.score_table import ScoreTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.execution.scored_block import PendingBlock

_CHUNK_BYTES = 1 << 20


class Spool:
    """Lines in an unlinked temporary file, and a table of their scores."""

    def __init__(self) -> None:
        self.table = ScoreTable()
        self._scratch = TemporaryFile("spooling records")
        self._file = self._scratch.file

    def add(self, block: PendingBlock) -> None:
        """Store the lines of a block. Raises OutputError when the disk is full."""
        block.add_to(self.table)
        self._scratch.write(block.text)

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

    def line(self, position: int) -> bytes:
        """The line of one record."""
        for first, lines in self.batches():
            if position < first + len(lines):
                return lines[position - first]
        raise IndexError(position)

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
