"""Lines of JSON to checked values, without touching a byte that is not ours.

What the values must be is said by `fields`, and how some are added by `json_bytes`; both are
reached from here, too.
"""

import base64
import codecs
import contextlib
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import orjson

from dataselect.data.fields import (
    POSITION,
    Column,
    RefusedError,
    cost,
    group,
    hypothesis,
    identity,
    kind_of,
    number,
    optional,
    reference,
    text,
    text_of,
    value_at,
    whole,
)
from dataselect.data.files.first_bytes import explained
from dataselect.data.files.line_blocks import Block, told_apart
from dataselect.data.json_bytes import Fields, annotate, without_fields
from dataselect.data.json_lines.string_decoder import decode_strings
from dataselect.errors import InputError

__all__ = [
    "POSITION",
    "BadRecord",
    "Column",
    "Fields",
    "Records",
    "all_good",
    "annotate",
    "cost",
    "decoded",
    "encoded",
    "group",
    "hypothesis",
    "identity",
    "loads_leniently",
    "number",
    "numbers",
    "optional",
    "parse",
    "read",
    "reference",
    "text",
    "text_of",
    "value_at",
    "whole",
    "without_fields",
]

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
        raw, _ = told_apart(self.raw)
        try:
            found["raw"] = raw.decode()
        except UnicodeDecodeError:
            found["raw_base64"] = base64.b64encode(raw).decode()
        return encoded(found) + b"\n"


def encoded(value: Any, *, indent: bool = False) -> bytes:
    r"""JSON of anything, with `str` of what JSON has no form for.

    Names of files, fields and groups that are not Unicode are written with `\u` escapes.
    """
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 if indent else None)
    except TypeError:
        return json.dumps(value, default=str, indent=2 if indent else None).encode()


def all_good(items: Iterable[Item | BadRecord]) -> list[Item]:
    """The items. Raises InputError at the first bad record."""
    good = []
    for item in items:
        if isinstance(item, BadRecord):
            raise InputError(str(item))
        good.append(item)
    return good


def parse(line: bytes) -> dict[str, Any]:
    """One line as a record. Raises ValueError, with what to do, if it is not a JSON object."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        record = _parse_leniently(line, error)
    if not isinstance(record, dict):
        raise RefusedError(f"{kind_of(record)}, not a JSON object; write one object on each line")
    return record


def decoded(line: bytes) -> str:
    """The text of a line. Raises ValueError for what is not UTF-8, or is UTF-16 by its NULs."""
    try:
        text = line.decode()
    except UnicodeDecodeError as wrong:
        if why := told_apart(line)[1]:
            raise RefusedError(why) from None
        if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise RefusedError("is UTF-16; convert it with iconv -f UTF-16 -t UTF-8") from None
        if b"\0" in line:
            raise RefusedError(_UTF16) from None
        raise RefusedError(
            f"byte 0x{line[wrong.start]:02x} at column {wrong.start + 1} is not UTF-8; "
            "convert the file, for example with iconv"
        ) from None
    if "\0" in text:
        raise RefusedError(_UTF16)
    return text


_UTF16 = "holds NUL bytes, looks like UTF-16; convert it with iconv -f UTF-16LE -t UTF-8"


def _parse_leniently(line: bytes, error: orjson.JSONDecodeError) -> object:
    """Read the few correct lines that orjson refuses: lone surrogates, numbers beyond a double."""
    text = decoded(line)
    if text.startswith("\ufeff"):
        raise RefusedError("begins with a byte order mark, as joined files do; remove it there")
    try:
        record = loads_leniently(text)
    except RecursionError:
        raise RefusedError(_TOO_DEEP) from None
    except json.JSONDecodeError:
        # orjson's words are kept: it names the column too.
        what = str(error).split(": line 1")[0]
        raise RefusedError(
            f"not JSON ({what}, column {error.colno}); write one JSON object on each line"
        ) from None
    if _is_too_deep(record):
        raise RefusedError(_TOO_DEEP)
    return record


def loads_leniently(text: str) -> Any:
    """JSON with lone surrogates, and numbers of any size as doubles.

    Raises JSONDecodeError, RecursionError, ValueError for NaN and infinities.
    """
    with _room_to_recurse():
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_integer)


_DEEPEST = 1024  # what orjson takes; the json module's limit depends on version and call stack
_TOO_DEEP = f"nested more than {_DEEPEST:,} deep; flatten the record"


@contextlib.contextmanager
def _room_to_recurse() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + 2 * _DEEPEST)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _is_too_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        inner = [
            each.values() if isinstance(each, dict) else each for each in level if _holds(each)
        ]
        if not inner:
            return False
        level = list(chain.from_iterable(inner))
    return any(map(_holds, level))


def _holds(value: object) -> bool:
    return isinstance(value, dict | list)


def _refuse_constant(name: str) -> object:
    raise RefusedError(f"{name} is not JSON; write null or leave the field out")


def _integer(digits: str) -> int | float:
    # As orjson has it; Python refuses to convert more than 4,300 digits to an int.
    return int(digits) if len(digits) < 19 else float(digits)


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
    that are taken away later, which is faster where it is known here that there are none.
    """
    fields = [column for column in columns if column is not POSITION]
    found, positions = (
        _read_strings(block, fields, absent)
        or _read_fast(block, fields)
        or _read_slowly(block, fields, stop_at_first)
    )
    if len(fields) < len(columns):
        found.columns.insert(columns.index(POSITION), list(positions))
    return found


_Read = tuple[Records, Sequence[int]]  # and the position of each good record


def _read_strings(block: Block, columns: Sequence[Column], absent: Collection[str]) -> _Read | None:
    """Read a block of plain records of which only strings are wanted, else None."""
    if not all(column.holds_strings and column.is_plain for column in columns):
        return None
    paths = [column.path for column in columns]
    found = decode_strings(block.data, paths, absent)
    if found is None and absent:
        found = decode_strings(block.data, paths, ())
    if found is None:
        return None
    lines, values = found
    if not all(column.check_all(own) for column, own in zip(columns, values, strict=True)):
        return None
    return Records(lines, values, []), range(block.first_record, block.first_record + len(lines))


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


def numbers(values: Any) -> list[bytes]:
    """A float array as JSON numbers, each the shortest that reads back as the same double."""
    encoded = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    return encoded[1:-1].split(b",") if len(values) else []
