"""Annotated utterances read and written by a format's own functions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from format_files import Reader, write_files

from dataselect.data.formats.lines import Found, Layout
from dataselect.data.formats.writers import RecordWriter
from dataselect.data.input_files import Inputs

Writer = Callable[[Layout], RecordWriter]


def read_files(reader: Reader, folder: Path, *files: bytes, layout: Layout | None = None) -> Any:
    """All records of some files, and what is said about bad ones."""
    paths = write_files(folder, {f"f{number}": data for number, data in enumerate(files)})
    good, bad = [], []
    for item in reader(Inputs(paths), layout or Layout()):
        if isinstance(item, Found):
            good.append(item)
        else:
            bad.append(str(item).replace(f"{folder}/", ""))
    return good, bad


def fields(reader: Reader, folder: Path, *files: bytes) -> list[dict[str, Any]]:
    """All records of some files, none of which is bad."""
    good, bad = read_files(reader, folder, *files)
    assert bad == []
    return [item.fields for item in good]


def written(records: list[dict[str, Any]], *writers: Writer) -> list[bytes]:
    """The bytes of each file that some writers make of records."""
    made = []
    for writer in writers:
        one = writer(Layout())
        pieces = [one.write(record) for record in records]
        made.append(b"".join([*pieces, one.finish()]))
    return made
