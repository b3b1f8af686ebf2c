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
from typing import BinaryIO

from dataselect.data import compression
from dataselect.data.line_blocks import (
    BLOCK_BYTES,
    Block,
    blocks_of,
    longest_line,
    regrouped,
    spelled_bytes,
)
from dataselect.data.temporary_files import TemporaryFile, keep
from dataselect.errors import InputError, OptionError, ReadError

STDIN = "-"
MANIFEST = "_manifest.json"
"""The file of an output folder that makes it complete, and names its shards."""
UNFINISHED = "_unfinished"
"""What an output folder holds until it is complete."""
_COMPRESSED_BYTES = 1 << 12  # text that repeats grows ten thousandfold, and is held in memory
MOST_OF_A_DOCUMENT = 1 << 28  # reports, manifests, weights


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
        return regrouped(found.decode(self.plain(_COMPRESSED_BYTES), self._path))

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
    _of_file: dict[str, int] = field(default_factory=dict)
    _hashes: dict[str, "hashlib._Hash"] = field(default_factory=dict)

    def forget(self, paths: Iterable[str]) -> None:
        """Count files anew that are about to be read again."""
        for path in paths:
            self.bytes_read -= self._of_file.pop(path, 0)
            self._hashes.pop(path, None)

    def count(self, path: str, chunk: bytes) -> None:
        """Take note of a chunk as it stands in the file."""
        self.bytes_read += len(chunk)
        self._of_file[path] = self._of_file.get(path, 0) + len(chunk)
        if self.digest:
            if path not in self._hashes:
                self._hashes[path] = hashlib.sha256()
            self._hashes[path].update(chunk)

    def digests(self) -> dict[str, str]:
        """Path to hexadecimal SHA-256 of the bytes in the file, as `sha256sum` prints it."""
        return {display(path): digest.hexdigest() for path, digest in self._hashes.items()}


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
        self.meter.forget(self.paths)
        return [self._blocks_of(path) for path in self.paths]

    def first_bytes(self, path: str, most: int) -> bytes:
        """How a file begins, decompressed; nothing of what can be read only once."""
        if path == STDIN or (path in self._status and not is_regular(self._status[path])):
            return b""
        begin = b""
        with self._open(path) as raw:
            for chunk in _Chunks(path, raw, Meter()):
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
            if path == STDIN and STDIN not in _kept and raw.seekable():
                raw.seek(self._start)
            yield raw

    @contextlib.contextmanager
    def open_in_any_order(self, path: str) -> Iterator[BinaryIO]:
        """Likewise, for those who seek; it is counted and digested as a whole."""
        with self.open(path) as raw:
            for _ in _Chunks(path, raw, self.meter).plain(BLOCK_BYTES):
                pass
        with self.open(path) as raw:
            yield raw

    def _blocks_of(self, path: str) -> Iterator[Block]:
        with self.open(path) as raw:
            chunks = iter(_Chunks(path, raw, self.meter))
            yield from blocks_of(display(path), chunks, self.longest, cuts=self.cuts)

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


class PartOfInputs(Inputs):
    """Some files of other inputs, for one reader; counted and copied where those are."""

    def __init__(self, whole: Inputs, paths: Sequence[str]) -> None:
        vars(self).update(vars(whole))
        self.paths, self.cuts, self._whole = list(paths), whole.cuts, whole
        self._status = {path: at for path, at in self._status.items() if path in paths}

    def _open(self, path: str) -> BinaryIO:
        return self._whole._open(path)  # noqa: SLF001  of the same class


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
