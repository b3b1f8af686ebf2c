"""From paths to blocks of whole lines: globs, standard input, decompression, line numbers."""

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from dataselect.data.files import compression
from dataselect.data.files.chunks import Chunks, Meter
from dataselect.data.files.file_parts import FilePart, parts_of
from dataselect.data.files.input_names import expand
from dataselect.data.files.line_blocks import (
    BLOCK_BYTES,
    Block,
    blocks_of,
    longest_line,
)
from dataselect.data.files.raw_files import (
    STDIN,
    display,
    file_status,
    is_kept,
    is_of_one_process,
    is_regular,
    open_raw,
    position,
    refuse_shared_stdin,
)
from dataselect.data.files.temporary_files import TemporaryFile


class Inputs:
    """Files to read, in order, as often as asked; what cannot be opened is refused at once.

    Pipes can be read twice after `keep_for_rereading`. `cuts`: whether a line that is too long
    is a bad record, as `cut_off` makes it, rather than an error: for those who can tell.
    """

    cuts = False

    def __init__(self, patterns: Sequence[str] = (), *, digest: bool = False) -> None:
        self.paths = expand(patterns)
        refuse_shared_stdin(self.paths)
        self.meter = Meter(digest)
        self.longest = longest_line()
        found = {path: self._status_of(path) for path in self.paths}
        self._status = {path: status for path, status in found.items() if status is not None}
        self._start = position(0) if STDIN in self.paths else 0
        self._copies: dict[str, TemporaryFile] = {}

    @property
    def size(self) -> int | None:
        """Bytes to read in all, or None where a pipe does not tell."""
        if not all(map(is_regular, self._status.values())):
            return None
        return sum(self._status[path].st_size for path in self.paths)

    def identities(self) -> dict[tuple[int, int], str]:
        """Device and inode of each file or pipe among the inputs, to compare outputs with."""
        return {
            (status.st_dev, status.st_ino): path
            for path, status in self._status.items()
            if is_regular(status) or stat.S_ISFIFO(status.st_mode)
        }

    def blocks(self) -> Iterator[Block]:
        """Blocks of whole lines of all files in order, from the start at every call."""
        for blocks in self.by_file():
            yield from blocks

    def pieces(self) -> Iterator[Block | FilePart]:
        """Likewise, but of plain files only where the lines are, for others to read them there."""
        self.meter.forget(self.paths)
        for path in self.paths:
            yield from self._pieces_of(path)

    def by_file(self) -> list[Iterator[Block]]:
        """The blocks of each file by itself, so that files can be read in step."""
        self.meter.forget(self.paths)
        return [self._blocks_of(path) for path in self.paths]

    def first_bytes(self, path: str, most: int) -> bytes:
        """How a file begins, decompressed; nothing of what can be read only once."""
        if path == STDIN or (path in self._status and not is_regular(self._status[path])):
            return b""
        begin = b""
        with self._open(path) as raw:
            for chunk in Chunks(path, raw, Meter()):
                begin += chunk
                if len(begin) >= most:
                    break
        return begin[:most]

    def _status_of(self, path: str) -> os.stat_result | None:
        """What a path leads to, or None where that is not on this machine. Raises InputError."""
        return file_status(path)

    def _open(self, path: str) -> BinaryIO:
        """Open one of the files. Raises InputError."""
        return open_raw(path)

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """One of the files, or its copy, at its start. Raises InputError."""
        if path in self._copies:
            raw = self._copies[path].file
            raw.seek(0)
            yield raw
            return
        with self._open(path) as raw:
            if path == STDIN and not is_kept(STDIN) and raw.seekable():
                raw.seek(self._start)
            yield raw

    @contextlib.contextmanager
    def open_in_any_order(self, path: str) -> Iterator[BinaryIO]:
        """Likewise, for those who seek; it is counted and digested as a whole."""
        with self.open(path) as raw:
            for _ in Chunks(path, raw, self.meter).plain(BLOCK_BYTES):
                pass
        with self.open(path) as raw:
            yield raw

    def _blocks_of(self, path: str) -> Iterator[Block]:
        with self.open(path) as raw:
            chunks = iter(Chunks(path, raw, self.meter))
            yield from blocks_of(display(path), chunks, self.longest, cuts=self.cuts)

    def _pieces_of(self, path: str) -> Iterator[Block | FilePart]:
        if not (self.cuts and self._is_plain(path)):
            yield from self._blocks_of(path)
            return
        with self.open(path) as raw:
            for part in parts_of(path, self.longest):
                chunk = raw.read(part.length) if self.meter.digest else b""
                self.meter.count(path, part.length, chunk)
                yield part

    def _is_plain(self, path: str) -> bool:
        """Whether a file's lines are where they are in its bytes, and can be read anywhere."""
        status = self._status.get(path)
        is_here = path != STDIN and path not in self._copies and not is_kept(path)
        return (
            is_here
            and not is_of_one_process(path)
            and status is not None
            and is_regular(status)
            and status.st_size > 0  # as of files that the system makes while they are read
            and compression.of_path(path) is None
        )

    def keep_for_rereading(self) -> None:
        """Copy what is not a plain file to an unlinked temporary file, so that it can be reread."""
        for path, status in self._status.items():
            if is_regular(status) or path in self._copies:
                continue
            with open_raw(path) as raw:
                copy = TemporaryFile(f"copying {display(path)}")
                for chunk in Chunks(path, raw, Meter()).plain(BLOCK_BYTES):
                    copy.write(chunk)
            self._copies[path] = copy


class PartOfInputs(Inputs):
    """Some files of other inputs, for one reader; counted and copied where those are."""

    def __init__(self, whole: Inputs, paths: Sequence[str]) -> None:
        vars(self).update(vars(whole))
        self.paths, self.cuts, self._whole = list(paths), whole.cuts, whole
        self._status = {path: at for path, at in self._status.items() if path in paths}

    def _open(self, path: str) -> BinaryIO:
        return self._whole._open(path)  # noqa: SLF001  of the same class
