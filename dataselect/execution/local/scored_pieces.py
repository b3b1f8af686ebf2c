"""Scoring by workers: each takes a piece of input, lines or where they are in a plain file."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dataselect.data.files.file_parts import FilePart, LineNumbers
from dataselect.execution.processes.workers import ordered_map

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from dataselect.data.files.line_blocks import Block
    from dataselect.execution.block import BlockTask
    from dataselect.execution.counting.kept_duplicates import CopyCounter
    from dataselect.execution.scored_block import PendingBlock, SelectedBlock


def scored_pieces(
    work: BlockTask, pieces: Iterable[Block | FilePart], copies: CopyCounter, jobs: int
) -> Generator[SelectedBlock | PendingBlock, None, None]:
    """Yield the blocks of pieces after scoring, in order; texts get keys until `copies` is full.

    Raises any DataselectError.
    """
    given: deque[Block | FilePart] = deque()
    lines = LineNumbers()

    def keyed() -> Iterator[tuple[Block | FilePart, bool]]:
        for piece in pieces:
            given.append(piece)
            yield piece, not copies.is_full

    with closing(ordered_map(_PieceTask(work), keyed(), jobs)) as scored:
        for blocks in scored:
            piece = given.popleft()
            for block in blocks:
                if block.bad and isinstance(piece, FilePart):
                    bad = [each._replace(line=lines.number(piece, each.line)) for each in block.bad]
                    yield replace(block, bad=bad)
                else:
                    yield block


@dataclass(frozen=True)
class _PieceTask:
    """What is done to a piece: to its blocks, of which a part of a file may have any number."""

    work: BlockTask

    def __call__(self, item: tuple[Block | FilePart, bool]) -> list[SelectedBlock | PendingBlock]:
        piece, keyed = item
        blocks = piece.blocks() if isinstance(piece, FilePart) else [piece]
        return [self.work((block, keyed)) for block in blocks]
