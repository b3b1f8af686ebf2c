"""Readers of formats, called on files that a test writes."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from dataselect.data.formats.lines import Item, Layout
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord

Reader: TypeAlias = Callable[[Inputs, Layout], Iterator[Item]]


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> list[str]:
    """The paths of files, each a name in `folder` and its content."""
    paths = []
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(str(path))
    return paths


def read_files(
    reader: Reader,
    folder: Path,
    files: Mapping[str, str | bytes],
    layout: Layout | None = None,
) -> list[Any]:
    """The records of files, bad ones as their messages, from which `folder` is taken out."""
    items = reader(Inputs(write_files(folder, files)), layout or Layout())
    return [_shown(item, folder) for item in items]


def _shown(item: Item, folder: Path) -> Any:
    if isinstance(item, BadRecord):
        return str(item).replace(f"{folder}{os.sep}", "")
    return item.fields
