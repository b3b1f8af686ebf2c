"""Parts of plain files: a stretch of bytes that whoever works on its lines reads by himself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from dataselect.data.files.line_blocks import BLOCK_BYTES, Block, blocks_of
from dataselect.data.files.raw_files import display, open_raw, unreadable
from dataselect.errors import InputError, ReadError

_UNCOUNTED = 1 << 60  # the first line of a part, until somebody counts those before it
_WINDOW = 1 << 12  # bytes in which a line is likely to begin


class FilePart(NamedTuple):
    """The lines of a plain file that end between two multiples of BLOCK_BYTES.

    They are the lines of one block, as `blocks_of` the whole file makes it; of none where no line
    ends there. `identity`: device and inode, `size`: how many bytes of the file there are.
    """

    path: str
    source: str
    identity: tuple[int, int]
    size: int
    number: int
    longest: int

    @property
    def start(self) -> int:
        """Where the stretch of bytes begins, most likely within a line."""
        return self.number * BLOCK_BYTES

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return min(BLOCK_BYTES, self.size - self.start)

    def blocks(self) -> Iterator[Block]:
        """The blocks of the part; lines that are too long are cut off. Raises InputError."""
        is_last = self.start + self.length == self.size
        with self._open() as file:
            status = os.fstat(file.fileno())
            if (status.st_dev, status.st_ino) != self.identity:
                raise self._changed()
            own = self._read(file, self.start, self.length)
            if is_last or not self.number or b"\n" in own:
                place = self._line_start(file)
                yield from blocks_of(
                    self.source,
                    chain(self._chunks(file, place), [own]),
                    self.longest,
                    cuts=True,
                    first_line=_UNCOUNTED if place else 1,
                    is_end=is_last,
                )

    def _open(self) -> BinaryIO:
        """The file, which was there before. Raises InputError."""
        try:
            return open_raw(self.path)
        except ReadError:
            if os.path.exists(self.path):
                raise
            raise self._changed() from None

    def _changed(self) -> InputError:
        return InputError(f"{self.source}: changed while it was used; run again")

    def _line_start(self, file: BinaryIO) -> int:
        """Where the line begins that ends first in the stretch."""
        end, window = self.start, _WINDOW
        while end:
            begin = max(0, end - window)
            found = self._read(file, begin, end - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end, window = begin, BLOCK_BYTES
        return 0

    def _chunks(self, file: BinaryIO, place: int) -> Iterator[bytes]:
        """The chunks of the file from some place to the stretch."""
        while place < self.start:
            chunk = self._read(file, place, BLOCK_BYTES - place % BLOCK_BYTES)
            yield chunk
            place += len(chunk)

    def _read(self, file: BinaryIO, place: int, size: int) -> bytes:
        """So many bytes of the file. Raises InputError where it has become shorter."""
        pieces: list[bytes] = []
        while size:
            try:
                pieces.append(os.pread(file.fileno(), size, place))
            except OSError as error:
                raise unreadable(self.path, error) from None
            if not pieces[-1]:
                raise self._changed()
            place += len(pieces[-1])
            size -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def parts_of(path: str, longest: int) -> Iterator[FilePart]:
    """All parts of a plain file, in order. Raises InputError."""
    with open_raw(path) as file:
        status = os.fstat(file.fileno())
    identity = status.st_dev, status.st_ino
    for number in range(-(-status.st_size // BLOCK_BYTES)):
        yield FilePart(path, display(path), identity, status.st_size, number, longest)


class LineNumbers:
    """Counts the lines before parts of files, which are asked for in order."""

    def __init__(self) -> None:
        self._of: tuple[str, int] = "", 0
        self._lines = 0

    def number(self, part: FilePart, line: int) -> int:
        """The number in its file of a line in a part. Raises InputError."""
        return line if line < _UNCOUNTED else line - _UNCOUNTED + 1 + self._before(part)

    def _before(self, part: FilePart) -> int:
        path, place = self._of
        if path != part.path or place > part.start:
            place, self._lines = 0, 0
        if place < part.start:
            with open_raw(part.path) as file:
                file.seek(place)
                while place < part.start:
                    self._lines += file.read(BLOCK_BYTES).count(b"\n")
                    place += BLOCK_BYTES
        self._of = part.path, part.start
        return self._lines
