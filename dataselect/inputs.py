"""From paths to blocks of whole lines: globs, standard input, decompression, line numbers."""

import bz2
import contextlib
import fcntl
import glob
import hashlib
import json
import lzma
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Protocol

from dataselect.errors import InputError, OptionError, ReadError
from dataselect.scratch import Scratch

STDIN = "-"
MANIFEST = "_manifest.json"
"""The file of an output folder that makes it complete, and names its shards."""
UNFINISHED = "_unfinished"
"""What an output folder holds until it is complete."""
BLOCK_BYTES = 1 << 19  # the fastest of 64 KiB to 4 MiB: a block's arrays fit in the caches
_COMPRESSED_BYTES = 1 << 12  # text that repeats grows ten thousandfold, and is held in memory
BOM = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Whole lines of one file: `data` ends with a line feed, `first_line` counts from 1.

    `first_record`: how many records all files have before it, where blocks are `numbered`.
    """

    source: str
    first_line: int
    data: bytes
    first_record: int = 0


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _gzip_decoder() -> _Decoder:
    return zlib.decompressobj(wbits=31)


def _zstd_decoder() -> _Decoder:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    ".gz": _gzip_decoder,
    ".bz2": bz2.BZ2Decompressor,
    ".xz": lzma.LZMADecompressor,
    ".zst": _zstd_decoder,
}


def suffix(path: str) -> str:
    """The compression that a path's name promises: `.gz`, `.zst`, `.bz2`, `.xz`, or nothing."""
    ending = os.path.splitext(path)[1]
    return ending if ending in _DECODERS else ""


def display(path: str) -> str:
    """A path as messages show it."""
    return "<stdin>" if path == STDIN else path


def refuse_shared_stdin(paths: Sequence[str]) -> None:
    """Raise OptionError if more than one of `paths` is standard input."""
    if paths.count(STDIN) > 1:
        raise OptionError("standard input can be read once: give '-' to one option only")


def expand(patterns: Sequence[str]) -> list[str]:
    """Paths for patterns: a path that exists stands for itself, else a glob, in sorted order.

    The output folder of a distributed run stands for its shards. Raises InputError for a pattern
    that matches nothing. No pattern at all means standard input.
    """
    paths: list[str] = []
    for pattern in patterns or [STDIN]:
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
    with open_raw(path) as file:
        return [os.path.join(folder, name) for name in manifest_names(path, file.read())]


def manifest_names(path: str, data: bytes) -> list[str]:
    """The names of shards that a manifest lists, in order. Raises InputError."""
    try:
        return list(json.loads(data)["shards"])
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: damaged; name the files of the folder") from None


def holds(path: str, file: str) -> bool:
    """Whether a path is that of a file by whatever name, or of a folder that has it."""
    own, other = os.path.realpath(path), os.path.realpath(file)
    return own == other or other.startswith(os.path.join(own, ""))


def reason(error: OSError) -> str:
    """The operating system's words for an error, without number and path."""
    return error.strerror or str(error)


def unreadable(path: str, error: OSError) -> ReadError:
    """What to say of a file that cannot be read."""
    hint = {
        FileNotFoundError: "check the name",
        IsADirectoryError: "name a file, or a quoted pattern such as 'DIR/*.jsonl'",
        PermissionError: "check its permissions",
    }.get(type(error), "check the file")
    return ReadError(f"{display(path)}: {reason(error)}; {hint}")


def open_raw(path: str) -> BinaryIO:
    """Open a file, or standard input, for reading bytes, unbuffered. Raises InputError."""
    try:
        if path != STDIN:
            return open(path, "rb", buffering=0)
        if fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ACCMODE != os.O_WRONLY:
            return open(0, "rb", buffering=0, closefd=False)
    except OSError as error:
        raise unreadable(path, error) from None
    raise InputError("<stdin>: it is closed; pipe records in or name a file")


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
        new_decoder = _DECODERS.get(suffix(self._path))
        return self.plain(BLOCK_BYTES) if new_decoder is None else self._decoded(new_decoder)

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

    def _decoded(self, new_decoder: Callable[[], _Decoder]) -> Iterator[bytes]:
        """Collect what the decoder gives in small pieces to blocks of about one size."""
        pieces: list[bytes] = []
        size = 0
        for piece in self._pieces(new_decoder):
            pieces.append(piece)
            size += len(piece)
            if size >= BLOCK_BYTES:
                data = b"".join(pieces)
                pieces, size = [], 0
                for start in range(0, len(data), BLOCK_BYTES):
                    yield data[start : start + BLOCK_BYTES]
        if pieces:
            yield b"".join(pieces)

    def _pieces(self, new_decoder: Callable[[], _Decoder]) -> Iterator[bytes]:
        decoder, kind = new_decoder(), suffix(self._path)
        for chunk in self.plain(_COMPRESSED_BYTES):
            rest = chunk
            while rest := rest.lstrip(b"\0") if decoder.eof else rest:  # zeros may fill the end
                if decoder.eof:  # one file may hold several members
                    decoder = new_decoder()
                try:
                    data = decoder.decompress(rest)
                except Exception as error:  # each library has an exception of its own
                    raise InputError(
                        f"{self._path}: corrupt {kind} data ({error}); make the file anew"
                    ) from None
                if data:
                    yield data
                rest = decoder.unused_data if decoder.eof else b""
        if not decoder.eof:
            raise InputError(f"{self._path}: {kind} data ends too early; make the file anew")


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


_MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\0": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}


def _blocks(path: str, chunks: Iterator[bytes]) -> Iterator[Block]:
    """Cut chunks at their last line feed; a last line without one gets it."""
    source, line, pending = display(path), 1, []
    first = next(chunks, b"")
    for magic, name in _MAGIC.items():
        if first.startswith(magic):
            raise InputError(
                f"{source}: {name} data; name the file *{name}, or decompress it before the pipe"
            )
    while 0 < len(first) < len(BOM) and (more := next(chunks, b"")):
        first += more
    chunk = first.removeprefix(BOM)
    while chunk or (chunk := next(chunks, b"")):
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            pending.append(chunk)
        else:
            data = b"".join([*pending, chunk[:cut]])
            yield Block(source, line, data)
            line += data.count(b"\n")
            pending = [chunk[cut:]] if cut < len(chunk) else []
        chunk = b""
    if pending:
        yield Block(source, line, b"".join([*pending, b"\n"]))


class Inputs:
    """Files to read, in order, as often as asked; what cannot be opened is refused at once.

    Pipes can be read twice after `keep_for_rereading`.
    """

    def __init__(self, patterns: Sequence[str] = (), *, digest: bool = False) -> None:
        self.paths = expand(patterns)
        refuse_shared_stdin(self.paths)
        self.meter = Meter(digest)
        found = {path: self._status_of(path) for path in self.paths}
        self._status = {path: status for path, status in found.items() if status is not None}
        self._start = _position(0) if STDIN in self.paths else 0
        self._copies: dict[str, Scratch] = {}

    @property
    def size(self) -> int | None:
        """Bytes to read in all, or None where a pipe does not tell."""
        if not all(map(is_regular, self._status.values())):
            return None
        return sum(self._status[path].st_size for path in self.paths)

    def identities(self) -> dict[tuple[int, int], str]:
        """Device and inode of each regular file among the inputs, to compare outputs with."""
        return {
            (status.st_dev, status.st_ino): path
            for path, status in self._status.items()
            if is_regular(status)
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
                if path == STDIN and raw.seekable():
                    raw.seek(self._start)
            yield from _blocks(path, iter(_Chunks(path, raw, self.meter)))

    def keep_for_rereading(self) -> None:
        """Copy what is not a plain file to an unlinked temporary file, so that it can be reread."""
        for path, status in self._status.items():
            if is_regular(status) or path in self._copies:
                continue
            with open_raw(path) as raw:
                copy = Scratch(f"copying {display(path)}")
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
