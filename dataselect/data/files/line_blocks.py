"""Blocks of whole lines: cut from chunks of bytes, lines limited in length, records counted."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from dataselect.data.files import compression
from dataselect.errors import InputError

BLOCK_BYTES = 1 << 19  # the fastest of 64 KiB to 4 MiB: a block's arrays fit in the caches
BOM = b"\xef\xbb\xbf"
_TELLING = 6  # bytes that show what a file is
LONGEST_LINE = 1 << 26
"""How many bytes a line may have, unless `limit_lines` says otherwise."""
LEAST_LONGEST_LINE = 1 << 20  # more than a block, in which lines are not looked at one by one
_CUT = b"\xff\xfe\xff cut \xff"  # never UTF-8: nobody takes a line for whole that has it
_CUT_OFF = re.compile(re.escape(_CUT) + rb"(.*)")
_LINE_FEED = b"\xff\xfe\xff feed \xff"  # stands for one inside of a refused line
_SHOWN = 1024  # bytes of a line that is cut off


class Block(NamedTuple):
    """Whole lines of one file: `data` ends with a line feed, `first_line` counts from 1.

    `first_record`: how many records all files have before it, where blocks are `numbered`.
    `places`: where each line stands in its file, if it is a record made of another format.
    """

    source: str
    first_line: int
    data: bytes
    first_record: int = 0
    places: Sequence[int] | None = None

    def lines(self) -> list[bytes]:
        """The lines without their line feeds."""
        lines = self.data.split(b"\n")
        lines.pop()
        return lines

    def numbered_lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its number in its file."""
        return zip(self.places or count(self.first_line), self.lines(), strict=False)

    def part(self, first: int, last: int) -> "Block":
        """The lines from `first` to before `last`, counted from 0; not `numbered`."""
        data = b"".join([line + b"\n" for line in self.lines()[first:last]])
        places = None if self.places is None else self.places[first:last]
        return Block(self.source, self.first_line + first, data, places=places)


def regrouped(small: Iterable[bytes]) -> Iterator[bytes]:
    """Collect pieces of any size to blocks of about one size."""
    pieces: list[bytes] = []
    size = 0
    for piece in small:
        pieces.append(piece)
        size += len(piece)
        if size >= BLOCK_BYTES:
            data = b"".join(pieces)
            pieces, size = [], 0
            for start in range(0, len(data), BLOCK_BYTES):
                yield data[start : start + BLOCK_BYTES]
    if pieces:
        yield b"".join(pieces)


def blocks_of(
    source: str,
    chunks: Iterator[bytes],
    longest: int,
    *,
    cuts: bool,
    first_line: int = 1,
    is_end: bool = True,
) -> Iterator[Block]:
    """Cut chunks at their last line feed; a last line without one gets it at the end of a file.

    A line of more than `longest` bytes is never held as a whole: where it `cuts`, a block by itself
    has what `cut_off` makes of its beginning; else that raises InputError.
    """
    line = first_line
    chunk = _beginning(source, chunks) if line == 1 else b""
    pending: list[bytes] = []
    held = 0
    while chunk or (chunk := next(chunks, b"")):
        cut = chunk.rfind(b"\n") + 1
        if held + (chunk.index(b"\n") if cut else len(chunk)) > longest:
            if not cuts:
                raise InputError(f"{source}:{line}: {_too_long(longest)}")
            begin = pending[0] if pending else chunk
            pending, held = [], 0
            yield Block(source, line, cut_off(begin, longest) + b"\n")
            line += 1
            while chunk and b"\n" not in chunk:
                chunk = next(chunks, b"")
            chunk = chunk.partition(b"\n")[2]
            continue
        if not cut:
            pending.append(chunk)
        else:
            data = b"".join([*pending, memoryview(chunk)[:cut]])
            yield Block(source, line, data)
            line += _line_feeds(data)
            pending = [chunk[cut:]] if cut < len(chunk) else []
            held = 0
        held += len(chunk) - cut
        chunk = b""
    if pending and is_end:
        yield Block(source, line, b"".join([*pending, b"\n"]))


def _line_feeds(data: bytes) -> int:
    if len(data) < BLOCK_BYTES // 2:
        return data.count(b"\n")
    import numpy as np  # five times as fast, but not for small files, nor where it would be loaded

    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord("\n")))


def _beginning(source: str, chunks: Iterator[bytes]) -> bytes:
    """The first chunk of a file, less what marks its encoding. Raises InputError for no text."""
    first = next(chunks, b"")
    while 0 < len(first) < _TELLING and (more := next(chunks, b"")):
        first += more
    if what := compression.described(first):
        raise InputError(f"{source}: {what}")
    return first.removeprefix(BOM)


def cut_off(begin: bytes, longest: int) -> bytes:
    """What stands for a line that is too long: how it begins, and why that is all."""
    return begin[:_SHOWN] + _CUT + _too_long(longest).encode()


def refused(raw: bytes, reason: str) -> bytes:
    """A line that stands for a record that cannot be used, in a block of records that can."""
    return (
        raw.replace(b"\n", _LINE_FEED) + _CUT + reason.replace("\n", " ").encode(errors="replace")
    )


def split_refused(line: bytes) -> tuple[bytes, str]:
    """What was in a file of a line or several, and why one was cut off or refused, if it was."""
    why = _CUT_OFF.search(line)
    raw = _CUT_OFF.sub(b"", line).replace(_LINE_FEED, b"\n")
    return raw, "" if why is None else why[1].decode(errors="replace")


def _too_long(longest: int) -> str:
    return f"line is longer than {spelled_bytes(longest)}; raise that with --max-line, or split it"


def spelled_bytes(size: int) -> str:
    """A number of bytes for people, in whole units where it can be: `64 MiB`."""
    for unit, name in (30, "GiB"), (20, "MiB"), (10, "KiB"):
        if size >> unit and size % (1 << unit) == 0:
            return f"{size >> unit:,} {name}"
    return f"{size:,} bytes"


def parse_bytes(spelled: str) -> int:
    """A number of bytes: `64M` for 64 MiB, `1G`, `500k`. Raises ValueError."""
    number, unit = spelled, 0
    for letter, shift in ("k", 10), ("m", 20), ("g", 30):
        if spelled[-1:].lower() == letter:
            number, unit = spelled[:-1], shift
    if not (number.isascii() and number.isdecimal()):
        raise ValueError(spelled)
    return int(number) << unit


_longest_line = LONGEST_LINE


def limit_lines(longest: int) -> None:
    """From now on, refuse lines of more than that many bytes."""
    global _longest_line  # noqa: PLW0603  an option of the whole program
    _longest_line = longest


def longest_line() -> int:
    """How many bytes a line may have, in what is opened now."""
    return _longest_line


def of_records(blocks: Iterable[Block], most: int | None) -> Iterator[Block]:
    """Blocks of at most so many records each; as they are without `most`."""
    for block in blocks:
        size = block.data.count(b"\n")
        if most is None or size <= most:
            yield block
        else:
            yield from (block.part(start, start + most) for start in range(0, size, most))


def numbered(blocks: Iterable[Block], first: int = 0) -> Iterator[Block]:
    """Blocks with the position of their first record among all records, good or bad.

    `first`: the position of the very first record.
    """
    position = first
    for block in blocks:
        yield block._replace(first_record=position)
        position += count_records(block.data)


def count_records(data: bytes) -> int:
    """How many lines are not blank."""
    lines = _line_feeds(data)
    if data.startswith(b"{") and data.count(b"\n{") == lines - 1:
        return lines
    return sum(1 for line in data.split(b"\n") if line and not line.isspace())
