"""Which files an argument names: patterns, and folders that a distributed run has written."""

import glob
import json
import os
from collections.abc import Sequence

from dataselect.data.files.chunks import read_whole
from dataselect.data.files.raw_files import STDIN, spelled_out
from dataselect.errors import InputError

MANIFEST = "_manifest.json"
"""The file of an output folder that makes it complete, and names its shards."""
UNFINISHED = "_unfinished"
"""What an output folder holds until it is complete."""


def named(spelled: str) -> tuple[str, str]:
    """Name and path of `NAME=FILE`; a file whose own name holds a `=` is not split."""
    name, equals, path = spelled.partition("=")
    return (name, path) if equals and not os.path.exists(spelled) else ("", spelled)


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
