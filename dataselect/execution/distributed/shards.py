"""Shards: the files that a distributed run reads, one task each, and what their outputs are called.

A pattern is a file, a folder, a quoted glob or a list of these, `@list.txt`; here or behind a URL.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, BinaryIO

from dataselect.data import storage
from dataselect.data.files.input_names import (
    MANIFEST,
    UNFINISHED,
    manifest_names,
    refuse_link_out,
    unfinished,
)
from dataselect.data.files.line_blocks import BOM, Block, longest_line, numbered
from dataselect.data.files.raw_files import STDIN, display
from dataselect.data.input_files import Inputs
from dataselect.data.storage import Status, is_url, unshared
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LIST = "@"
_COMMENT = "#"
_INVISIBLE = ("_", ".")  # to whoever reads a folder of shards, here as elsewhere


@dataclass(frozen=True)
class Shard:
    """One file to read. Its output is called `name`, which may have folders in it.

    `identity` changes whenever the content may have changed. `longest`: how many bytes a line may
    have, on whichever machine it is read.
    """

    path: str
    name: str
    size: int
    identity: str
    longest: int = field(default_factory=longest_line)

    def blocks(self, first_record: int | None = None) -> Iterator[Block]:
        """The shard's blocks of whole lines, `numbered` if it is known how many records precede.

        Raises InputError.
        """
        found = Shards([self]).blocks()
        return found if first_record is None else numbered(found, first_record)


class Shards(Inputs):
    """Shards to read in order, as any other inputs."""

    cuts = True

    def __init__(self, shards: Sequence[Shard], *, digest: bool = False) -> None:
        self._sizes = [shard.size for shard in shards]
        super().__init__([shard.path for shard in shards], digest=digest)
        self.longest = max((shard.longest for shard in shards), default=self.longest)

    @staticmethod
    def of_path(path: str) -> Shards:
        """A file by itself. Raises InputError."""
        return Shards([Shard(path, os.path.basename(path), *storage.status(path))])

    @property
    def size(self) -> int:
        """Bytes to read in all."""
        return sum(self._sizes)

    def _status_of(self, path: str) -> os.stat_result | None:
        return None if is_url(path) else super()._status_of(path)

    def _open(self, path: str) -> BinaryIO:
        return storage.open_for_reading(path)


def resolve(patterns: Sequence[str]) -> list[Shard]:
    """The shards that some patterns stand for: in their order, what each one matches sorted.

    Raises InputError for what is not there, OptionError for what cannot be a shard.
    """
    found = [item for entry in _entries(patterns or [STDIN]) for item in _files(entry)]
    names = _names([path for path, _ in found])
    return [Shard(path, name, *status) for name, (path, status) in zip(names, found, strict=True)]


def folders(patterns: Sequence[str]) -> list[str]:
    """The folders among some patterns: whatever is put into one is read by the next run."""
    return [path for path in map(storage.plain, _entries(patterns)) if storage.is_folder(path)]


def _entries(patterns: Sequence[str]) -> Iterator[str]:
    """Patterns, those that are lists replaced by what they hold."""
    for pattern in patterns:
        if pattern.startswith(_LIST):
            yield from _listed(pattern.removeprefix(_LIST))
        else:
            yield pattern


def _listed(path: str) -> list[str]:
    """The paths and patterns in a list. Raises InputError where it holds none."""
    lines = storage.read_document(storage.plain(path)).removeprefix(BOM).split(b"\n")
    entries = [os.fsdecode(line.strip()) for line in lines]
    entries = [entry for entry in entries if entry and not entry.startswith(_COMMENT)]
    if not entries:
        raise InputError(f"{path}: no file is listed; write one path or pattern on each line")
    return entries


def _files(pattern: str) -> list[tuple[str, Status]]:
    """The files that a pattern stands for, which is no list, in sorted order."""
    path = storage.plain(pattern)
    if path == STDIN:
        raise unshared(display(path))
    if storage.has_magic(path) and (is_url(path) or not os.path.lexists(path)):
        found = storage.files_matching(path)
        above = len(storage.above_magic(path))
    elif storage.is_folder(path):
        found = _below(path)
        above = len(storage.join(path, ""))
    else:
        return [(path, storage.status(path))]
    visible = [(each, found[each]) for each in found if not _is_invisible(each[above:])]
    if not visible:
        raise InputError(f"{pattern}: no file matches; check the pattern and the folder")
    return visible


def _below(folder: str) -> dict[str, Status]:
    """The files in a folder, by path. Raises InputError for an output that is not complete."""
    found = storage.files_below(folder)
    for name in found:
        before, marker, _ = f"/{name}/".partition(f"/{UNFINISHED}/")
        if marker:
            raise unfinished(storage.join(folder, before[1:]).rstrip("/"))
    names = list(found)
    if MANIFEST in found:  # in the order of the run that wrote it
        path = storage.join(folder, MANIFEST)
        names = manifest_names(path, storage.read_document(path))
        for name in names:
            if not is_url(folder):
                refuse_link_out(folder, name)
        missing = [name for name in names if name not in found]
        if missing:
            raise InputError(f"{storage.join(folder, missing[0])}: missing; make the folder anew")
    return {storage.join(folder, name): found[name] for name in names}


def _is_invisible(name: str) -> bool:
    return any(part.startswith(_INVISIBLE) for part in name.split("/"))


def _names(paths: Sequence[str]) -> list[str]:
    """What the outputs are called: the paths relative to the longest folder common to all.

    Raises OptionError for files that would have the same name there, or one that is invisible.
    """
    parts = [_parts(path) for path in paths]
    common = _depth([each[:-1] for each in parts])
    owners: dict[str, str] = {}
    for path, own in zip(paths, parts, strict=True):
        name = "/".join(own[common:])
        if name in owners:
            raise OptionError(
                f"{path}: its output would be that of {owners[name]}; give each file once"
            )
        if _is_invisible(name):
            raise OptionError(
                f"{path}: readers of the output leave out names such as {name}; "
                "begin none with '_' or '.'"
            )
        if is_url(path) and storage.has_magic(path):
            raise OptionError(f"{path}: '*', '?' and '[' make a pattern of a URL; rename the file")
        owners[name] = path
    return list(owners)


def _depth(folders: Sequence[list[str]]) -> int:
    """How many folders, from the first, are the same in all lists of them."""
    pairs = zip(min(folders), max(folders), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _parts(path: str) -> list[str]:
    """The names of the folders that a file is in, from the root or bucket, and its own."""
    whole = path.partition("://")[2] if is_url(path) else os.path.abspath(path)
    return [part for part in whole.split("/") if part]
