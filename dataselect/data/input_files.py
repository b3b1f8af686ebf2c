"""From paths to blocks of whole lines: globs, standard input, decompression, line numbers."""

import contextlib
import errno
import fcntl
import glob
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from dataselect.data import compression
from dataselect.data.temporary_files import TemporaryFile, keep
from dataselect.errors import InputError, OptionError, ReadError

STDIN = "-"
MANIFEST = "_manifest.json"
"""The file of an output folder that makes it complete, and names its shards."""
UNFINISHED = "_unfinished"
"""What an output folder holds until it is complete."""
BLOCK_BYTES = 1 << 19  # the fastest of 64 KiB to 4 MiB: a block's arrays fit in the caches
_COMPRESSED_BYTES = 1 << 12  # text that repeats grows ten thousandfold, and is held in memory
BOM = b"\xef\xbb\xbf"
_TELLING = 6  # bytes that show what a file is
LONGEST_LINE = 1 << 26
"""How many bytes a line may have, unless `limit_lines` says otherwise."""
LEAST_LONGEST_LINE = 1 << 20  # more than a block, in which lines are not looked at one by one
_CUT = b"\xff\xfe\xff cut \xff"  # never UTF-8: nobody takes a line for whole that has it
_CUT_OFF = re.compile(re.escape(_CUT) + rb"(.*)")
_SHOWN = 1024  # bytes of a line that is cut off
MOST_OF_A_DOCUMENT = 1 << 28  # reports, manifests, weights


class Block(NamedTuple):
    """Whole lines of one file: `data` ends with a line feed, `first_line` counts from 1.

    `first_record`: how many records all files have before it, where blocks are `numbered`.
    """

    source: str
    first_line: int
    data: bytes
    first_record: int = 0


def named(spelled: str) -> tuple[str, str]:
    """Name and path of `NAME=FILE`; a file whose own name holds a `=` is not split."""
    name, equals, path = spelled.partition("=")
    return (name, path) if equals and not os.path.exists(spelled) else ("", spelled)


def display(path: str) -> str:
    """A path as messages show it."""
    own = _originals.get(path, path)
    return "<stdin>" if own == STDIN else own


_STDIN = re.compile(r"/dev/stdin|(/dev|/proc/(self|[0-9]+))/fd/0")


def spelled_out(path: str) -> str:
    """A path, or `-` where it is another name of this process' standard input."""
    found = _STDIN.fullmatch(path)
    if found is None or (found[2] or "self") not in ("self", str(os.getpid())):
        return path
    return STDIN


def refuse_shared_stdin(paths: Sequence[str]) -> None:
    """Raise OptionError if more than one of `paths` is standard input, or the same pipe."""
    if [spelled_out(path) for path in paths].count(STDIN) > 1:
        raise OptionError("standard input can be read once: give '-' to one option only")
    seen: dict[tuple[int, int], str] = {}
    for path in paths:
        if (pipe := _pipe(path)) is None:
            continue
        if pipe in seen:
            both = " and ".join(dict.fromkeys(map(display, (seen[pipe], path))))
            raise OptionError(
                f"{both}: a pipe can be read once; give it to one option, or write it to a file"
            )
        seen[pipe] = path


def _pipe(path: str) -> tuple[int, int] | None:
    """Device and inode of a pipe or socket, or None for anything else."""
    try:
        status = os.stat(0 if path == STDIN else path)
    except (OSError, ValueError):
        return None
    is_pipe = stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode)
    return (status.st_dev, status.st_ino) if is_pipe else None


def expand(patterns: Sequence[str]) -> list[str]:
    """Paths for patterns: a path that exists stands for itself, else a glob, in sorted order.

    The output folder of a distributed run stands for its shards. Raises InputError for a pattern
    that matches nothing. No pattern at all means standard input.
    """
    paths: list[str] = []
    for pattern in map(spelled_out, patterns or [STDIN]):
        if os.path.lexists(os.path.join(pattern, UNFINISHED)):
            raise unfinished(pattern)
        if is_output_folder(pattern):
            paths.extend(_shards(pattern))
            continue
        if pattern == STDIN or os.path.lexists(pattern) or not glob.has_magic(pattern):
            paths.append(pattern)
            continue
        matches = sorted(glob.glob(pattern, recursive=True))
        if not matches:
            raise InputError(f"{pattern}: no file matches; check the pattern and the folder")
        paths.extend(matches)
    return paths


def is_output_folder(path: str) -> bool:
    """Whether a folder is the complete output of a distributed run."""
    return os.path.isfile(os.path.join(path, MANIFEST))


def unfinished(folder: str) -> InputError:
    """What to say of an output folder that is not complete."""
    return InputError(f"{folder}: an unfinished output; finish it with --resume, or name its files")


def _shards(folder: str) -> list[str]:
    """The files of an output folder, in the order of the run's input. Raises InputError."""
    path = os.path.join(folder, MANIFEST)
    names = manifest_names(path, read_whole(path))
    for name in names:
        refuse_link_out(folder, name)
    return [os.path.join(folder, name) for name in names]


def refuse_link_out(folder: str, name: str) -> None:
    """Raise InputError for a file that a manifest names, and that is a link to elsewhere."""
    path = os.path.join(folder, name)
    if not os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), "")):
        raise InputError(f"{path}: a link that leads out of its folder; name the file itself")


def manifest_names(path: str, data: bytes) -> list[str]:
    """The names of shards that a manifest lists, in order. Raises InputError."""
    try:
        shards = json.loads(data)["shards"]
    except (ValueError, KeyError, TypeError, RecursionError):
        shards = None
    if not isinstance(shards, dict | list) or len(set(map(str, shards))) < len(shards):
        raise InputError(f"{path}: damaged; name the files of the folder")
    for name in shards:
        if not is_inner_name(name):
            raise InputError(
                f"{path}: {name!r} is no file in its folder; name the files of the folder"
            )
    return list(shards)


def is_inner_name(name: object) -> bool:
    """Whether it is a file's name, perhaps with folders, that cannot lead out of a folder."""
    if not isinstance(name, str) or "\0" in name:
        return False
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return not {"", ".", ".."} & set(name.split("/"))


def holds(path: str, file: str) -> bool:
    """Whether a path is that of a file by whatever name, or of a folder that has it."""
    own, other = os.path.realpath(path), os.path.realpath(file)
    return own == other or other.startswith(os.path.join(own, ""))


def reason(error: OSError) -> str:
    """The operating system's words for an error, without number and path."""
    return error.strerror or str(error)


def unreadable(path: str, error: OSError) -> ReadError:
    """What to say of a file that cannot be read."""
    hint = _HINTS.get(error.errno or 0, "check the file")
    return ReadError(f"{display(path)}: {reason(error)}; {hint}")


_HINTS = {
    errno.ENOENT: "check the name",
    errno.ENOTDIR: "check the name",
    errno.EISDIR: "name a file, or a quoted pattern such as 'DIR/*.jsonl'",
    errno.EACCES: "check its permissions",
    errno.EPERM: "check its permissions",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "end other programs",
    errno.ENOMEM: "free some memory",
    errno.EIO: "check the disk",
}


def open_raw(path: str) -> BinaryIO:
    """Open a file, or standard input, for reading bytes, unbuffered. Raises InputError."""
    try:
        if path != STDIN or path in _kept:
            return open(_kept.get(path, path), "rb", buffering=0)
        if fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ACCMODE != os.O_WRONLY:
            return open(0, "rb", buffering=0, closefd=False)
    except OSError as error:
        raise unreadable(path, error) from None
    raise InputError("<stdin>: it is closed; pipe records in or name a file")


_kept: dict[str, str] = {}
_originals: dict[str, str] = {}  # the other way round


def rereadable(path: str) -> str:
    """A path that can be opened as often as wanted: that of a copy where it is a pipe.

    The copy, a temporary file, is there until the program ends; `open_raw` of the pipe opens it,
    too. Raises InputError, OutputError where there is no room.
    """
    path = spelled_out(path)
    if path not in _kept and (path == STDIN or _pipe(path) is not None):
        with open_raw(path) as raw:
            copy = keep(iter(lambda: raw.read(BLOCK_BYTES), b""), f"copying {display(path)}")
        _kept[path], _originals[copy] = copy, path
    return _kept.get(path, path)


def file_digest(path: str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises InputError."""
    found = hashlib.sha256()
    with open_raw(path) as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


class _Chunks:
    """The bytes of one file, decompressed, in chunks; counts and digests what it reads."""

    def __init__(self, path: str, raw: BinaryIO, meter: "Meter") -> None:
        self._path, self._raw, self._meter = path, raw, meter

    def __iter__(self) -> Iterator[bytes]:
        found = compression.of_path(self._path)
        if found is None:
            return self.plain(BLOCK_BYTES)
        return _regrouped(found.decode(self.plain(_COMPRESSED_BYTES), self._path))

    def plain(self, size: int) -> Iterator[bytes]:
        """The bytes as they stand in the file, in chunks of up to `size`."""
        while True:
            try:
                chunk = self._raw.read(size)
            except OSError as error:
                raise unreadable(self._path, error) from None
            if not chunk:
                return
            self._meter.count(self._path, chunk)
            yield chunk


def _regrouped(small: Iterable[bytes]) -> Iterator[bytes]:
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


def read_whole(path: str, most: int = MOST_OF_A_DOCUMENT) -> bytes:
    """All that is in a file, decompressed by its suffix; `most` bytes. Raises InputError."""
    pieces: list[bytes] = []
    size = 0
    with open_raw(path) as raw:
        for chunk in _Chunks(path, raw, Meter()):
            pieces.append(chunk)
            size += len(chunk)
            if size > most:
                raise InputError(
                    f"{display(path)}: longer than {spelled_bytes(most)}, more than any such file "
                    "has; name another"
                )
    return b"".join(pieces)


@dataclass
class Meter:
    """How much has been read: raw bytes in all, and a SHA-256 of each file where asked for."""

    digest: bool = False
    bytes_read: int = 0
    _hashes: dict[str, "hashlib._Hash"] = field(default_factory=dict)

    def count(self, path: str, chunk: bytes) -> None:
        """Take note of a chunk as it stands in the file."""
        self.bytes_read += len(chunk)
        if self.digest:
            if path not in self._hashes:
                self._hashes[path] = hashlib.sha256()
            self._hashes[path].update(chunk)

    def digests(self) -> dict[str, str]:
        """Path to hexadecimal SHA-256 of the bytes in the file, as `sha256sum` prints it."""
        return {display(path): digest.hexdigest() for path, digest in self._hashes.items()}


def _blocks(path: str, chunks: Iterator[bytes], longest: int, *, cuts: bool) -> Iterator[Block]:
    """Cut chunks at their last line feed; a last line without one gets it.

    A line of more than `longest` bytes is never held as a whole: where it `cuts`, a block by itself
    has what `cut_off` makes of its beginning; else that raises InputError.
    """
    source, line = display(path), 1
    first = next(chunks, b"")
    while 0 < len(first) < _TELLING and (more := next(chunks, b"")):
        first += more
    if what := compression.described(first):
        raise InputError(f"{source}: {what}")
    chunk = first.removeprefix(BOM)
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
            data = b"".join([*pending, chunk[:cut]])
            yield Block(source, line, data)
            line += data.count(b"\n")
            pending = [chunk[cut:]] if cut < len(chunk) else []
            held = 0
        held += len(chunk) - cut
        chunk = b""
    if pending:
        yield Block(source, line, b"".join([*pending, b"\n"]))


def cut_off(begin: bytes, longest: int) -> bytes:
    """What stands for a line that is too long: how it begins, and why that is all."""
    return begin[:_SHOWN] + _CUT + _too_long(longest).encode()


def told_apart(line: bytes) -> tuple[bytes, str]:
    """What was in a file of a line, or of several, and why one was cut off, if it was."""
    why = _CUT_OFF.search(line)
    return _CUT_OFF.sub(b"", line), "" if why is None else why[1].decode(errors="replace")


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
        self._start = _position(0) if STDIN in self.paths else 0
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

    def by_file(self) -> list[Iterator[Block]]:
        """The blocks of each file by itself, so that files can be read in step."""
        self.meter = Meter(self.meter.digest)
        return [self._blocks_of(path) for path in self.paths]

    def _status_of(self, path: str) -> os.stat_result | None:
        """What a path leads to, or None where that is not on this machine. Raises InputError."""
        return file_status(path)

    def _open(self, path: str) -> BinaryIO:
        """Open one of the files. Raises InputError."""
        return open_raw(path)

    def _blocks_of(self, path: str) -> Iterator[Block]:
        with contextlib.ExitStack() as stack:
            if path in self._copies:
                raw = self._copies[path].file
                raw.seek(0)
            else:
                raw = stack.enter_context(self._open(path))
                if path == STDIN and STDIN not in _kept and raw.seekable():
                    raw.seek(self._start)
            chunks = iter(_Chunks(path, raw, self.meter))
            yield from _blocks(path, chunks, self.longest, cuts=self.cuts)

    def keep_for_rereading(self) -> None:
        """Copy what is not a plain file to an unlinked temporary file, so that it can be reread."""
        for path, status in self._status.items():
            if is_regular(status) or path in self._copies:
                continue
            with open_raw(path) as raw:
                copy = TemporaryFile(f"copying {display(path)}")
                for chunk in _Chunks(path, raw, Meter()).plain(BLOCK_BYTES):
                    copy.write(chunk)
            self._copies[path] = copy


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
    return sum(1 for line in data.split(b"\n") if line and not line.isspace())


def file_status(path: str) -> os.stat_result:
    """What a path leads to, which can be read. Raises InputError."""
    if path == STDIN or not os.access(path, os.R_OK) or os.path.isdir(path):
        with open_raw(path) as raw:  # raises the error that says why
            return os.fstat(raw.fileno())
    return os.stat(path)


def is_regular(status: os.stat_result) -> bool:
    """Whether it is a file that can be read more than once, and not a pipe or a device."""
    return stat.S_ISREG(status.st_mode)


def _position(descriptor: int) -> int:
    """Where a descriptor stands: a shell may have read the first lines of standard input."""
    try:
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return 0
