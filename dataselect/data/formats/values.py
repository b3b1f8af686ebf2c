"""Numbers, times and ids in files: what only Python takes for a number is refused."""

from __future__ import annotations

import math
import os
import sys
from decimal import Decimal
from typing import Any

from dataselect.data.fields import NUMBER, whole
from dataselect.data.files import compression
from dataselect.data.files.raw_files import display
from dataselect.data.json_lines.json_values import kind_of


def finite(word: str, what: str) -> float:
    """A number. Raises ValueError about `what`."""
    value = float(word) if NUMBER.fullmatch(word) else math.inf
    if math.isinf(value):
        raise ValueError(f"{what} '{word}' is not a finite number; correct it")
    return value


def seconds(word: str, what: str) -> float:
    """A time or a duration: a finite number that is not negative. Raises ValueError."""
    value = finite(word, what)
    if value < 0:
        raise ValueError(f"{what} '{word}' is negative; correct it")
    return value


def duration(start: float, end: float) -> float:
    """`end - start` in decimal, so that 4.3 - 4.2 is 0.1. Raises ValueError for less than 0."""
    if end < start:
        raise ValueError(f"the end {end} lies before the start {start}; correct one")
    return float(Decimal(repr(end)) - Decimal(repr(start)))


def checked_number(value: object, what: str) -> float:
    """A finite number in JSON. Raises ValueError about `what`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{what} is {kind_of(value)}, not a number; correct it")
    if not abs(value) <= sys.float_info.max:
        raise ValueError(f"{what} is not a finite number; correct it")
    return value


def number_of(value: object, what: str) -> float:
    """A finite number in JSON, or as the string that a cell of a table holds. Raises ValueError."""
    return finite(value, what) if isinstance(value, str) else checked_number(value, what)


def checked_seconds(value: object, what: str) -> float:
    """A time or a duration in JSON: a finite number that is not negative. Raises ValueError."""
    number = checked_number(value, what)
    if number < 0:
        raise ValueError(f"{what} {number} is negative; correct it")
    return number


def spelled(value: float) -> str:
    """The shortest decimal that reads back as the same double: `2` for 2.0."""
    return repr(value).removesuffix(".0")


def id_of(fields: dict[str, Any]) -> str:
    """The id of a record. Raises ValueError."""
    id_ = fields.get("id")
    if isinstance(id_, bool) or not isinstance(id_, str | int):
        raise ValueError("field 'id' is no id; add ids with --id PREFIX")
    return whole(str(id_))


def name_of(path: str) -> str:
    """The name of a file without its folder and the suffix of a compression."""
    name = os.path.basename(display(path)).strip("<>")
    packed = compression.of_path(path)
    return name if packed is None else name[: -len(packed.suffix)]


def stem_of(path: str) -> str:
    """The name of a file without its suffixes, to make ids of."""
    return os.path.splitext(name_of(path))[0]
