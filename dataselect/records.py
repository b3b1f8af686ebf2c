"""Lines of JSON to checked values and back, without touching a byte that is not ours."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from dataselect.inputs import Block


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
        try:
            found["raw"] = self.raw.decode()
        except UnicodeDecodeError:
            found["raw_base64"] = base64.b64encode(self.raw).decode()
        return orjson.dumps(found) + b"\n"


class _Refused(ValueError):
    """Why a line or one of its fields is refused, and what to do."""


@dataclass(frozen=True)
class Column:
    """One field that a command reads: where it is, what it must be, the option that renames it.

    `check(value)` returns the value to use or raises ValueError with a reason; `check_all`
    returns whether a whole list of values passes unchanged, which is the fast way.
    """

    path: str
    check: Callable[[Any], Any]
    check_all: Callable[[list[Any]], bool]
    option: str

    def find(self, record: Any) -> Any:
        """The field's raw value: `path` as a name goes before `path` as dotted steps inward.

        Raises KeyError or TypeError where there is none.
        """
        if "." not in self.path or self.path in record:
            return record[self.path]
        for key in self.path.split("."):
            record = record[key]
        return record

    def get(self, record: dict[str, Any]) -> Any:
        """The field's checked value. Raises ValueError, with what to do."""
        try:
            value = self.find(record)
        except (KeyError, TypeError):
            raise _Refused(
                f"field '{self.path}' is missing; name another with {self.option}"
            ) from None
        try:
            return self.check(value)
        except ValueError as error:
            raise _Refused(f"field '{self.path}' {error}") from None


_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")


def _check_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {_kind(value)}, not a string; correct it or skip it with --on-error")
    if not value.strip():
        raise ValueError("is empty; correct it or skip it with --on-error")
    if not value.isascii() and _LONE_SURROGATE.search(value):
        raise ValueError("holds half a surrogate pair; correct its \\u escapes")
    return value


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _all_texts(values: list[Any]) -> bool:
    try:
        return all(map(str.strip, values))
    except TypeError:
        return False


def _check_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"is {_kind(value)}, not a number; correct it or name another field")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number - number != 0:
        raise ValueError("is too large for a double; scale it down")
    return number


def _all_finite(values: list[Any]) -> bool:
    # A sum that is finite has no infinite term; one that is not is looked at record by record.
    return set(map(type, values)) <= {float, int} and abs(sum(values)) < float("inf")


def _check_cost(value: Any) -> float:
    cost = _check_number(value)
    if cost < 0:
        raise ValueError("is a negative cost; correct it or name another field with --cost")
    return cost


def _check_group(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        raise ValueError(f"is {_kind(value)}, not one value; name another field")
    return "null" if value is None else json.dumps(value)


def _all_strings(values: list[Any]) -> bool:
    return set(map(type, values)) <= {str}


def text(path: str, option: str = "--text-field") -> Column:
    """A column of text: a string that is neither empty nor blank."""
    return Column(path, _check_text, _all_texts, option)


def number(path: str, option: str = "--by") -> Column:
    """A column of finite numbers, as float."""
    return Column(path, _check_number, _all_finite, option)


def cost(path: str) -> Column:
    """A column of numbers that are not negative, as float."""
    return Column(path, _check_cost, lambda _: False, "--cost")


def group(path: str, option: str = "--per") -> Column:
    """A column of labels: strings as they are, numbers, booleans and null by their JSON spelling."""
    return Column(path, _check_group, _all_strings, option)


def parse(line: bytes) -> dict[str, Any]:
    """One line as a record. Raises ValueError, with what to do, if it is not a JSON object."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        record = _parse_leniently(line, error)
    if not isinstance(record, dict):
        raise _Refused(f"{_kind(record)}, not a JSON object; write one object on each line")
    return record


def _parse_leniently(line: bytes, error: orjson.JSONDecodeError) -> object:
    """Read the few correct lines that orjson refuses: lone surrogates, numbers beyond a double."""
    try:
        decoded = line.decode()
    except UnicodeDecodeError as wrong:
        raise _Refused(
            f"byte 0x{line[wrong.start]:02x} at column {wrong.start + 1} is not UTF-8; "
            "convert the file, for example with iconv"
        ) from None
    try:
        return json.loads(decoded, parse_constant=_refuse_constant, parse_int=_integer)
    except RecursionError:
        raise _Refused("nested too deeply; flatten the record") from None
    except json.JSONDecodeError:
        # orjson's words are kept: it names the column too.
        what = str(error).split(": line 1")[0]
        raise _Refused(
            f"not JSON ({what}, column {error.colno}); write one JSON object on each line"
        ) from None


def _refuse_constant(name: str) -> object:
    raise _Refused(f"{name} is not JSON; write null or leave the field out")


def _integer(digits: str) -> float:
    return float(digits)  # Python refuses to convert more than 4,300 digits to an int


@dataclass(frozen=True)
class Records:
    """The good lines of a block (without line feeds), one list of values a column, and the rest."""

    lines: list[bytes]
    columns: list[list[Any]]
    bad: list[BadRecord]


def read(block: Block, columns: Sequence[Column], *, stop_at_first: bool = False) -> Records:
    """Check every line of a block; blank lines do not count as records.

    `stop_at_first`: leave the rest alone after the first bad record.
    """
    lines = block.data.split(b"\n")
    lines.pop()
    values = _read_fast(lines, columns)
    if values is not None:
        return Records(lines, values, [])
    return _read_slowly(block.source, block.first_line, lines, columns, stop_at_first)


def _read_fast(lines: list[bytes], columns: Sequence[Column]) -> list[list[Any]] | None:
    """The columns of lines that are all good and plain, else None."""
    loads = orjson.loads
    first, *others = columns
    try:
        if not others and "." not in first.path:
            path = first.path
            values = [[loads(line)[path] for line in lines]]
        else:
            records = [loads(line) for line in lines]
            values = [[column.find(record) for record in records] for column in columns]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    checked = zip(columns, values, strict=True)
    return values if all(column.check_all(found) for column, found in checked) else None


def _read_slowly(
    source: str, first_line: int, lines: list[bytes], columns: Sequence[Column], stop: bool
) -> Records:
    good: list[bytes] = []
    values: list[list[Any]] = [[] for _ in columns]
    bad: list[BadRecord] = []
    for number_, line in enumerate(lines, start=first_line):
        if not line or line.isspace():
            continue
        try:
            record = parse(line)
            found = [column.get(record) for column in columns]
        except _Refused as refusal:
            bad.append(BadRecord(source, number_, line, str(refusal)))
            if stop:
                break
            continue
        good.append(line)
        for kept, value in zip(values, found, strict=True):
            kept.append(value)
    return Records(good, values, bad)


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)


def without(line: bytes, names: Iterable[str]) -> bytes:
    """A line, known to be a JSON object, less its top-level fields called `names`.

    >>> without(b'{"a": 1, "relevance": 0.5, "b": [1, 2]}', ["relevance"])
    b'{"a": 1, "b": [1, 2]}'
    """
    unwanted = set(names)
    depth, opening = 0, 0
    cuts: list[int] = []  # where a member ends: the commas of the object, and its closing brace
    keys: list[bytes] = []
    for token in _TOKEN.finditer(line):
        first = line[token.start()]
        if first in b"{[":
            depth += 1
            if depth == 1:
                opening = token.end()
        elif first in b"}]":
            depth -= 1
            if depth == 0:
                cuts.append(token.start())
        elif depth == 1:
            if first in b",":
                cuts.append(token.start())
            elif len(keys) == len(cuts):
                keys.append(token.group())
    if not any(_spelled(key) in unwanted for key in keys):
        return line
    starts = [opening, *[cut + 1 for cut in cuts[:-1]]]
    members = [
        line[start:end]
        for key, start, end in zip(keys, starts, cuts, strict=True)
        if _spelled(key) not in unwanted
    ]
    return line[:opening] + b",".join(members) + line[cuts[-1] :]


def _spelled(quoted: bytes) -> str:
    """The text of a quoted JSON string, lone surrogates included."""
    key: str = json.loads(quoted)
    return key


Fields = dict[str, Sequence[bytes]]
"""Fields to add: name to one encoded JSON value a line."""


def annotate(lines: list[bytes], fields: Fields) -> list[bytes]:
    """Add fields at the end of each line's object, in place of those of the same name.

    >>> annotate([b'{"text": "hi"}'], {"relevance": [b"0.5"]})
    [b'{"text": "hi","relevance":0.5}']
    """
    if not fields or not lines:
        return lines
    text = b"\n".join([*lines, b""])
    quoted = [orjson.dumps(name) for name in fields]
    if b"\\u" in text or any(name in text for name in quoted):  # an old field, perhaps
        lines = [
            without(line, fields)
            if b"\\u" in line or any(name in line for name in quoted)
            else line
            for line in lines
        ]
        text = b"\n".join([*lines, b""])
    labels = [b"," + name + b":" for name in quoted]
    first, *others = fields.values()
    tails = [labels[0] + value for value in first]
    for label, values in zip(labels[1:], others, strict=True):
        tails = [tail + label + value for tail, value in zip(tails, values, strict=True)]
    if text.count(b"}\n") == len(lines) and b"{}\n" not in text:
        return [line[:-1] + tail + b"}" for line, tail in zip(lines, tails, strict=True)]
    return [_inserted(line, tail) for line, tail in zip(lines, tails, strict=True)]


def _inserted(line: bytes, tail: bytes) -> bytes:
    end = line.rindex(b"}")
    if line[:end].rstrip().endswith(b"{"):  # an empty object: no comma before the first field
        tail = tail[1:]
    return line[:end] + tail + line[end:]


def numbers(values: Any) -> list[bytes]:
    """A float array as JSON numbers, each the shortest that reads back as the same double."""
    encoded = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    return encoded[1:-1].split(b",") if len(values) else []
