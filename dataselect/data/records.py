"""Lines of JSON to checked values and back, without touching a byte that is not ours."""

import base64
import codecs
import contextlib
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import orjson

from dataselect.data.first_bytes import explained
from dataselect.data.input_files import Block, told_apart
from dataselect.data.json_bytes import without
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


class _Refused(ValueError):
    """Why a line or one of its fields is refused, and what to do."""


@dataclass(frozen=True)
class Column:
    """One field that a command reads: where it is, what it must be, the option that renames it.

    `check(value)` returns the value to use or raises ValueError with a reason; `check_all`
    returns whether a whole list of values passes unchanged, which is the fast way. `instead` is
    where the value may be in records that lack `path`.
    """

    path: str
    check: Callable[[Any], Any]
    check_all: Callable[[list[Any]], bool]
    option: str
    instead: str | None = None

    def find(self, record: Any) -> Any:
        """The field's raw value: `path` as a name goes before `path` as dotted steps inward.

        Raises KeyError or TypeError where there is none.
        """
        if self.instead is None:
            return _at(record, self.path)
        try:
            return _at(record, self.path)
        except (KeyError, TypeError):
            return _at(record, self.instead)

    @property
    def is_plain(self) -> bool:
        """Whether `path` is a name, and the only place to look."""
        return "." not in self.path and self.instead is None

    @property
    def is_text(self) -> bool:
        """Whether it is a column of text that is not empty."""
        return self.check is _check_text

    def find_all(self, records: Sequence[Any]) -> list[Any]:
        """The raw values of the field, as `find` gives them."""
        if self.is_plain:
            path = self.path
            return [record[path] for record in records]
        return [self.find(record) for record in records]

    def get(self, record: dict[str, Any]) -> Any:
        """The field's checked value. Raises ValueError, with what to do."""
        try:
            value = self.find(record)
        except (KeyError, TypeError):
            names = f"'{self.path}'" + (f" or '{self.instead}'" if self.instead else "")
            there = _named(record)
            raise _Refused(
                f"field {names} is missing; name another with {self.option} ({there})"
            ) from None
        try:
            return self.check(value)
        except ValueError as error:
            raise _Refused(f"field '{self.path}' {error}") from None


def _at(record: Any, path: str) -> Any:
    if "." not in path or path in record:
        return record[path]
    for key in path.split("."):
        record = record[key]
    return record


def _named(record: dict[str, Any]) -> str:
    """The fields that a record has, for people, as far as they fit."""
    if not record:
        return "the record has no field"
    first = [
        name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in record
    ]
    more = f" and {len(first) - _MOST_NAMES:,} more" if len(first) > _MOST_NAMES else ""
    return "there are " + ", ".join(map(repr, first[:_MOST_NAMES])) + more


_MOST_NAMES, _LONGEST_NAME = 8, 40

_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    type(None): "null",
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")


def _check_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {_kind(value)}, not a string; correct it or skip it with --on-error")
    if not value.strip():
        raise ValueError("is empty; correct it or skip it with --on-error")
    return whole(value)


def _check_hypothesis(value: Any) -> str:
    is_blank = isinstance(value, str) and not value.strip()
    return value if is_blank else _check_text(value)


def whole(value: str) -> str:
    """A string that is Unicode. Raises ValueError where it holds half a surrogate pair."""
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
        return whole(value)
    if isinstance(value, dict | list):
        raise ValueError(f"is {_kind(value)}, not one value; name another field")
    if isinstance(value, float) and abs(value) >= _LARGEST_WHOLE:
        raise ValueError("is too large to tell from its neighbours; make it a string")
    return "null" if value is None else json.dumps(value)


_LARGEST_WHOLE = 2.0**64  # from here on orjson reads whole numbers as doubles, too


def _all_strings(values: list[Any]) -> bool:
    return set(map(type, values)) <= {str}


def text(path: str, option: str = "--text-field", instead: str | None = None) -> Column:
    """A column of text: a string that is neither empty nor blank."""
    return Column(path, _check_text, _all_texts, option, instead)


def hypothesis(path: str, option: str = "--text-field") -> Column:
    """A column of text that may be empty: a recogniser may hear nothing."""
    return Column(path, _check_hypothesis, _all_strings, option)


def reference(path: str) -> Column:
    """A column of what was said, which may be nothing; absent or null, it is not known."""
    return Column(path, _check_hypothesis, _all_strings, "--reference-field")


def number(path: str, option: str = "--by") -> Column:
    """A column of finite numbers, as float."""
    return Column(path, _check_number, _all_finite, option)


def cost(path: str) -> Column:
    """A column of numbers that are not negative, as float."""
    return Column(path, _check_cost, lambda _: False, "--cost")


def group(path: str, option: str = "--per") -> Column:
    """A column of labels: strings as they are; numbers, booleans and null by their JSON."""
    return Column(path, _check_group, _all_strings, option)


class _Optional(Column):
    """A field that a record may lack."""

    def find(self, record: Any) -> Any:
        """The field's value, or None."""
        try:
            return super().find(record)
        except (KeyError, TypeError):
            return None

    @property
    def is_plain(self) -> bool:
        """Never: a look at a record by name alone fails where there is none."""
        return False


def optional(path: str, option: str = "") -> Column:
    """A column of any JSON value; None where there is nothing."""
    return _Optional(path, lambda value: value, lambda _: True, option)


def identity(path: str = "id") -> Column:
    """A column of what names a record, as `optional`."""
    return optional(path, "--id-field")


POSITION = Column("", int, lambda _: True, "")
"""Where a record stands among all records, from 0: no field, but known for `numbered` blocks."""


def parse(line: bytes) -> dict[str, Any]:
    """One line as a record. Raises ValueError, with what to do, if it is not a JSON object."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        record = _parse_leniently(line, error)
    if not isinstance(record, dict):
        raise _Refused(f"{_kind(record)}, not a JSON object; write one object on each line")
    return record


def decoded(line: bytes) -> str:
    """The text of a line. Raises ValueError for what is not UTF-8, or is UTF-16 by its NULs."""
    try:
        text = line.decode()
    except UnicodeDecodeError as wrong:
        if why := told_apart(line)[1]:
            raise _Refused(why) from None
        if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _Refused("is UTF-16; convert it with iconv -f UTF-16 -t UTF-8") from None
        if b"\0" in line:
            raise _Refused(_UTF16) from None
        raise _Refused(
            f"byte 0x{line[wrong.start]:02x} at column {wrong.start + 1} is not UTF-8; "
            "convert the file, for example with iconv"
        ) from None
    if "\0" in text:
        raise _Refused(_UTF16)
    return text


_UTF16 = "holds NUL bytes, looks like UTF-16; convert it with iconv -f UTF-16LE -t UTF-8"


def _parse_leniently(line: bytes, error: orjson.JSONDecodeError) -> object:
    """Read the few correct lines that orjson refuses: lone surrogates, numbers beyond a double."""
    text = decoded(line)
    if text.startswith("\ufeff"):
        raise _Refused("begins with a byte order mark, as joined files do; remove it there")
    try:
        record = loads_leniently(text)
    except RecursionError:
        raise _Refused(_TOO_DEEP) from None
    except json.JSONDecodeError:
        # orjson's words are kept: it names the column too.
        what = str(error).split(": line 1")[0]
        raise _Refused(
            f"not JSON ({what}, column {error.colno}); write one JSON object on each line"
        ) from None
    if _is_too_deep(record):
        raise _Refused(_TOO_DEEP)
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
    fields = [column for column in columns if column is not POSITION]
    found, positions = _read_fast(block, fields) or _read_slowly(block, fields, stop_at_first)
    if len(fields) < len(columns):
        found.columns.insert(columns.index(POSITION), list(positions))
    return found


_Read = tuple[Records, Sequence[int]]  # and the position of each good record


def _lines(block: Block) -> list[bytes]:
    lines = block.data.split(b"\n")
    lines.pop()
    return lines


def _read_fast(block: Block, columns: Sequence[Column]) -> _Read | None:
    """Read a block whose lines are all good and plain, else None."""
    loads = orjson.loads
    lines = _lines(block)
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
    checked = zip(columns, values, strict=True)
    if not all(column.check_all(found) for column, found in checked):
        return None
    positions = range(block.first_record, block.first_record + len(lines))
    return Records(lines, values, []), positions


def _read_slowly(block: Block, columns: Sequence[Column], stop: bool) -> _Read:
    """Read line by line, with the reason why each bad record is one."""
    good: list[bytes] = []
    values: list[list[Any]] = [[] for _ in columns]
    bad: list[BadRecord] = []
    positions: list[int] = []
    for number_, line in enumerate(_lines(block), start=block.first_line):
        if not line or line.isspace():
            continue
        try:
            record = parse(line)
            found = [column.get(record) for column in columns]
        except _Refused as refusal:
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


_CLOSING_BRACE = ord("}")
_EMPTY_ENDS = set(b"{ \t\r")  # what may stand before the brace of an object without fields

Fields = dict[str, Sequence[bytes]]
"""Fields to add: name, in ASCII, to one encoded JSON value a line."""

_ESCAPED_ASCII = re.compile(rb"\\u00[2-7]")  # nearly no program writes these


def annotate(lines: Sequence[bytes], fields: Fields) -> bytes:
    r"""Lines as text, with fields added at the end of each object in place of those of that name.

    >>> annotate([b'{"text": "hi"}'], {"relevance": [b"0.5"]})
    b'{"text": "hi","relevance":0.5}\n'
    """
    if not fields or not lines:
        return b"".join([line + b"\n" for line in lines])
    quoted = [orjson.dumps(name) for name in fields]
    text = b"\n".join(lines)
    if _may_hold(text, quoted):
        lines = _unannotated(lines, fields.keys(), quoted)
    labels = [b"," + name + b":" for name in quoted]
    if {line[-1] for line in lines} != {_CLOSING_BRACE} or not _EMPTY_ENDS.isdisjoint(
        {line[-2] for line in lines}
    ):
        tails = [
            b"".join(chain.from_iterable(zip(labels, values, strict=True)))
            for values in zip(*fields.values(), strict=True)
        ]
        return b"".join(map(_inserted, lines, tails))
    width = 1 + 2 * len(fields)  # a line, then a label and a value a field
    parts = [b""] * (width * len(lines))
    parts[::width] = [line[:-1] for line in lines]
    for place, (label, values) in enumerate(zip(labels, fields.values(), strict=True)):
        parts[2 * place + 1 :: width] = [label] * len(lines)
        parts[2 * place + 2 :: width] = values
    parts[width - 1 :: width] = [value + b"}\n" for value in values]
    return b"".join(parts)


def without_fields(lines: Sequence[bytes], names: Collection[str]) -> Sequence[bytes]:
    """Lines less their top-level fields of some names, the rest of each untouched.

    >>> without_fields([b'{"text": "hi", "dropped": "a copy"}'], ["dropped"])
    [b'{"text": "hi"}']
    """
    if not names:
        return lines
    quoted = [orjson.dumps(name) for name in names]
    return _unannotated(lines, names, quoted) if _may_hold(b"\n".join(lines), quoted) else lines


def _may_hold(text: bytes, quoted: Sequence[bytes]) -> bool:
    """Whether a field of one of these names may be in the text; nearly always right.

    Single bytes are found ten times faster than longer strings, and escapes are rare.
    """
    if b"\\" in text and _ESCAPED_ASCII.search(text):
        return True
    return any(name in text for name in quoted)


_LAST_NUMBER = re.compile(rb',("[^"\\]*"):[-+.0-9eE]+\}\Z')


def _unannotated(
    lines: Sequence[bytes], names: Collection[str], quoted: Sequence[bytes]
) -> list[bytes]:
    """Lines less the fields that an earlier run may have added."""
    plain = list(lines)
    others = []  # lines to be looked at as a whole
    for place, line in enumerate(lines):
        found = sum(map(line.count, quoted))
        # Our own spelling, a number at the very end, needs no look at the rest of the line.
        last = _LAST_NUMBER.search(line, max(len(line) - _LONGEST_TAIL, 0)) if found == 1 else None
        if _ESCAPED_ASCII.search(line) or (found and not (last and last[1] in quoted)):
            others.append(place)
        elif last:
            plain[place] = line[: last.start()] + b"}"
    for place, line in zip(others, without([lines[other] for other in others], names), strict=True):
        plain[place] = line
    return plain


_LONGEST_TAIL = 100


def _inserted(line: bytes, tail: bytes) -> bytes:
    end = line.rindex(b"}")
    if line[:end].rstrip().endswith(b"{"):  # an empty object: no comma before the first field
        tail = tail[1:]
    return line[:end] + tail + line[end:] + b"\n"


def numbers(values: Any) -> list[bytes]:
    """A float array as JSON numbers, each the shortest that reads back as the same double."""
    encoded = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    return encoded[1:-1].split(b",") if len(values) else []
