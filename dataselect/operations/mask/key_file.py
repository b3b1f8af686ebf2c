"""The key that takes masking back: JSON lines with what each placeholder of a record stands for."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.json_lines.json_values import encoded
from dataselect.documents import Count, DocumentError, parsed, typed
from dataselect.errors import InputError, OptionError
from dataselect.operations.mask.masking import MaskedRecord, SlotCut

VERSION = 1
_ID = re.compile("[0-9a-f]{16}")


class KeyHeader(NamedTuple):
    """The first line of a key: what it is the key to, and which fields were masked."""

    mask_key: int
    id: str
    text_field: str
    fields: list[str]
    slots_field: str


class KeyLine(NamedTuple):
    """What one record lost: `record` is its place in the input, from 0."""

    record: Count
    values: dict[str, str]
    cuts: list[SlotCut]


def new_header(text_field: str, fields: tuple[str, ...], slots_field: str) -> KeyHeader:
    """The header of a key with an id that no other has."""
    return KeyHeader(VERSION, secrets.token_hex(8), text_field, [*fields], slots_field)


def header_line(header: KeyHeader) -> bytes:
    """The first line of a key."""
    return encoded(header._asdict()) + b"\n"


def key_line(record: int, masked: MaskedRecord) -> bytes:
    """The line of the record at a place in the input."""
    line = {
        "record": record,
        "values": masked.values,
        "cuts": [each._asdict() for each in masked.cuts],
    }
    return encoded(line) + b"\n"


def refuse_existing(path: str) -> None:
    """Raise OptionError for a key that is there already, or that is no file."""
    if path == "-" or (os.path.exists(path) and not os.path.isfile(path)):
        raise OptionError(f"--key {path}: a key is a file, which only you may read; name one")
    if os.path.lexists(path):
        raise OptionError(
            f"--key {path} is there already, and a key is written once; name another file"
        )


@dataclass(frozen=True)
class Key:
    """A key that was read."""

    header: KeyHeader
    lines: dict[int, KeyLine] = field(repr=False)

    @classmethod
    def read(cls, path: str) -> Key:
        """Raises InputError for a file that is no key."""
        lines = _lines(path)
        place, first = next(lines, (f"{path}:1", b"null"))
        try:
            header = typed(KeyHeader, parsed(first))
            if header.mask_key != VERSION or not _ID.fullmatch(header.id):
                raise DocumentError("another version")  # noqa: TRY301  # told as all else is
            found: dict[int, KeyLine] = {}
            for place, line in lines:  # noqa: B007  # messages tell the last one
                own = typed(KeyLine, parsed(line))
                found[own.record] = own
        except DocumentError as error:
            raise InputError(
                f"{place}: not a line of a key ({error}); give what mask --key wrote"
            ) from None
        return cls(header, found)


def _lines(path: str) -> Iterator[tuple[str, bytes]]:
    for block in RecordFiles([path], source="jsonl").blocks():
        for number, line in block.numbered_lines():
            if line.strip():
                yield f"{block.source}:{number}", line
