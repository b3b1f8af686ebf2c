"""JSON values: read as leniently as is right, written as they are, and named for people."""

import codecs
import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson

from dataselect.data.files.line_blocks import split_refused


class RefusedError(ValueError):
    """Why a line or one of its fields is refused, and what to do."""


_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    type(None): "null",
}


REMEDY = "correct it or skip it with --on-error skip"
"""What to do about a value of a record."""


def kind_of(value: object) -> str:
    """What JSON calls a value, with its article."""
    return _KINDS.get(type(value), "a number")


def encoded(value: Any, *, indent: bool = False) -> bytes:
    r"""JSON of anything, with `str` of what JSON has no form for.

    Names of files, fields and groups that are not Unicode are written with `\u` escapes.
    """
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 if indent else None)
    except TypeError:
        return json.dumps(value, default=str, indent=2 if indent else None).encode()


def numbers(values: Any) -> list[bytes]:
    """An array as JSON numbers, each double the shortest that reads back as the same."""
    encoded = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    return encoded[1:-1].split(b",") if len(values) else []


def objects(columns: Mapping[str, Sequence[bytes]]) -> list[bytes]:
    """Encoded values, (n,) of each name, as n JSON objects.

    >>> objects({"rank": [b"1", b"2"], "lm": [b"-0.5", b"-1.5"]})
    [b'{"rank":1,"lm":-0.5}', b'{"rank":2,"lm":-1.5}']
    """
    members = [orjson.dumps(name).replace(b"%", b"%%") + b":%b" for name in columns]
    return list(
        map((b"{" + b",".join(members) + b"}").__mod__, zip(*columns.values(), strict=True))
    )


def with_members(written: bytes, more: Mapping[str, Any]) -> bytes:
    """A JSON object that is not empty, with more members at its end.

    >>> with_members(b'{"rank":1}', {"slots": []})
    b'{"rank":1,"slots":[]}'
    """
    return written[:-1] + b"," + encoded(more)[1:] if more else written


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
        if why := split_refused(line)[1]:
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
