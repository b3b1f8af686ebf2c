"""Lines of JSON to checked values, without touching a byte that is not ours."""

import base64
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import orjson

from dataselect.data.fields import POSITION, Column
from dataselect.data.files.first_bytes import explained
from dataselect.data.files.line_blocks import Block, split_refused
from dataselect.data.json_lines.field_decoder import decode_fields
from dataselect.data.json_lines.json_bytes import without_values
from dataselect.data.json_lines.json_values import RefusedError, encoded, parse
from dataselect.data.json_lines.object_lines import ObjectLines
from dataselect.errors import InputError

Item = TypeVar("Item")


class BadRecord(NamedTuple):
    """A line that cannot be used, why, and what the user can do about it."""

    source: str
    line: int
    raw: bytes
    reason: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.reason}"

    def as_json(self) -> bytes:
        """A line for `--on-error FILE`: `raw` as text, or as base64 where it is not UTF-8."""
        found: dict[str, Any] = {"file": self.source, "line": self.line, "reason": self.reason}
        raw, _ = split_refused(self.raw)
        try:
            found["raw"] = raw.decode()
        except UnicodeDecodeError:
            found["raw_base64"] = base64.b64encode(raw).decode()
        return encoded(found) + b"\n"


def all_good(items: Iterable[Item | BadRecord]) -> list[Item]:
    """The items. Raises InputError at the first bad record."""
    good = []
    for item in items:
        if isinstance(item, BadRecord):
            raise InputError(str(item))
        good.append(item)
    return good


@dataclass(frozen=True)
class Records:
    """The good lines of a block (without line feeds), one list of values a column, and the rest."""

    lines: Sequence[bytes]
    columns: list[list[Any]]
    bad: list[BadRecord]


def read(
    block: Block,
    columns: Sequence[Column],
    *,
    stop_at_first: bool = False,
    absent: Collection[str] = (),
) -> Records:
    """Check every line of a block; blank lines do not count as records.

    `stop_at_first`: leave the rest alone after the first bad record. `absent`: names of fields
    that are taken away later, which is faster where it is known here that there are none, or where
    they are taken away here already.
    """
    fields = [column for column in columns if column is not POSITION]
    found, positions = (
        _read_plain(block, fields, absent)
        or _read_fast(block, fields)
        or _read_slowly(block, fields, stop_at_first)
    )
    if len(fields) < len(columns):
        found.columns.insert(columns.index(POSITION), list(positions))
    return found


_Read = tuple[Records, Sequence[int]]  # and the position of each good record


def _read_plain(block: Block, columns: Sequence[Column], absent: Collection[str]) -> _Read | None:
    """Read a block of good records of which a decoder finds all that is wanted, else None."""
    wanted = [(each.path, each.json_type) for each in columns if each.json_type]
    if len(wanted) < len(columns):
        return None
    found = decode_fields(block.data, wanted, absent)
    if found is None and absent:
        found = decode_fields(block.data, wanted, ())
    if found is None:
        return None
    lines, values = found
    try:
        used = [
            _checked(column, own) if column.decode is None else column.decode(own)
            for column, own in zip(columns, values, strict=True)
        ]
    except (ValueError, RecursionError):
        return None
    positions = range(block.first_record, block.first_record + len(lines))
    return Records(_shortened(lines, columns, values, absent), used, []), positions


def _shortened(
    lines: ObjectLines,
    columns: Sequence[Column],
    values: Sequence[list[Any]],
    absent: Collection[str],
) -> Sequence[bytes]:
    """The lines less a field that is taken away later, where its JSON is known and no other is."""
    for column, own in zip(columns, values, strict=True):
        if column.json_type == "json" and lines.lacks == set(absent) - {column.path}:
            return without_values(lines, column.path, own) if column.path in absent else lines
    return lines


def _read_fast(block: Block, columns: Sequence[Column]) -> _Read | None:
    """Read a block whose lines are all good and plain, else None."""
    loads = orjson.loads
    lines = block.lines()
    first, *others = columns
    try:
        if not others and first.is_plain:
            path = first.path
            values = [[loads(line)[path] for line in lines]]
        else:
            records = [loads(line) for line in lines]
            values = [column.find_all(records) for column in columns]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    try:
        values = [_checked(*each) for each in zip(columns, values, strict=True)]
    except ValueError:
        return None
    positions = range(block.first_record, block.first_record + len(lines))
    return Records(lines, values, []), positions


def _checked(column: Column, values: list[Any]) -> list[Any]:
    """The values to use. Raises ValueError where one is refused, or takes more than its check."""
    if column.check_all(values):
        return values
    if type(column).get is not Column.get:
        raise RefusedError
    return list(map(column.check, values))


def _read_slowly(block: Block, columns: Sequence[Column], stop: bool) -> _Read:
    """Read line by line, with the reason why each bad record is one."""
    good: list[bytes] = []
    values: list[list[Any]] = [[] for _ in columns]
    bad: list[BadRecord] = []
    positions: list[int] = []
    for number_, line in block.numbered_lines():
        if not line or line.isspace():
            continue
        try:
            record = parse(line)
            found = [column.get(record) for column in columns]
        except RefusedError as refusal:
            reason = explained(str(refusal), line, number_)
            bad.append(BadRecord(block.source, number_, line, reason))
            if stop:
                break
            continue
        positions.append(block.first_record + len(good) + len(bad))
        good.append(line)
        for kept, value in zip(values, found, strict=True):
            kept.append(value)
    return Records(good, values, bad), positions
