"""What a field must be, and every sentence about a bad one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.data.field_paths import fields_there, value_at
from dataselect.data.json_lines.json_values import REMEDY, RefusedError, kind_of

if TYPE_CHECKING:
    from dataselect.data.json_lines.field_decoder import FieldType


@dataclass(frozen=True)
class Column:
    """One field that a command reads: where it is, what it must be, the option that renames it.

    `path` is a name, or names and places in lists with dots between them (see `value_at`).
    `check(value)` returns the value to use or raises ValueError with a reason; `check_all`
    returns whether a whole list of values passes unchanged, which is the fast way. `instead` are
    paths to look at, in this order, in records that lack `path`. `decode`, where there is one,
    gives the values to use of the JSON of many; raises ValueError where it takes a `check`.
    """

    path: str
    check: Callable[[Any], Any]
    check_all: Callable[[list[Any]], bool]
    option: str
    instead: tuple[str, ...] = ()
    decode: Callable[[Sequence[bytes]], list[Any]] | None = None

    def find(self, record: Any) -> Any:
        """The field's raw value. Raises KeyError or TypeError where there is none."""
        try:
            return value_at(record, self.path)
        except (KeyError, TypeError):
            for path in self.instead:
                with suppress(KeyError, TypeError):
                    return value_at(record, path)
            raise

    @property
    def is_plain(self) -> bool:
        """Whether `path` is a name, and the only place to look."""
        return "." not in self.path and not self.instead

    @property
    def json_type(self) -> FieldType | None:
        """The type that a decoder may take for granted: whatever else is there is looked at alone.

        None where a decoder does not find the field.
        """
        if not self.is_plain:
            return None
        if self.decode is not None:
            return "json"
        if self.check_all in (_all_texts, _all_strings):
            return "string"
        return "number" if self.check in (_check_number, _check_cost, _check_weight) else None

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
            names = " or ".join(map(repr, (self.path, *self.instead)))
            there = fields_there(record, self.path)
            raise RefusedError(
                f"field {names} is missing; name another with {self.option} ({there})"
            ) from None
        try:
            return self.check(value)
        except ValueError as error:
            raise RefusedError(f"field '{self.path}' {error}") from None

    @staticmethod
    def text(path: str, option: str = "--text-field", *instead: str) -> Column:
        """A column of text: a string that is neither empty nor blank."""
        return Column(path, _check_text, _all_texts, option, instead)

    @staticmethod
    def text_of(files: str, path: str | None, *usual: str) -> Column:
        """A column of text of the files that an option names, which may have it elsewhere.

        `files`: the option, such as `--in-domain`; `path`: what is given by `--in-domain-field`, or
        None for the first that there is of the `usual` fields, and `text`.
        """
        names = dict.fromkeys((*usual, "text")) if path is None else [path]
        return Column.text(next(iter(names)), f"{files}-field", *[*names][1:])

    @staticmethod
    def hypothesis(path: str, option: str = "--text-field") -> Column:
        """A column of text that may be empty: a recogniser may hear nothing."""
        return Column(path, _check_hypothesis, _all_strings, option)

    @staticmethod
    def reference(path: str) -> Column:
        """A column of what was said, which may be nothing; absent or null, it is not known."""
        return Column(path, _check_hypothesis, _all_strings, "--reference-field")

    @staticmethod
    def number(path: str, option: str = "--by") -> Column:
        """A column of finite numbers, as float."""
        return Column(path, _check_number, _all_finite, option)

    @staticmethod
    def cost(path: str) -> Column:
        """A column of numbers that are not negative, as float."""
        return Column(path, _check_cost, lambda _: False, "--cost")

    @staticmethod
    def weight(path: str) -> Column:
        """A column of numbers above 0, as float."""
        return Column(path, _check_weight, lambda _: False, "--weight-field")

    @staticmethod
    def group(path: str, option: str = "--per") -> Column:
        """A column of labels: strings as they are; numbers, booleans and null by their JSON."""
        return Column(path, _check_group, _all_strings, option)

    @staticmethod
    def speaker(path: str) -> Column:
        """A column of who said a text: a label, as of `group`, that is neither null nor blank."""
        return Column(path, _check_speaker, lambda _: False, "--speaker-field")

    @staticmethod
    def optional(path: str, option: str = "") -> Column:
        """A column of any JSON value; None where there is nothing."""
        return _Optional(path, lambda value: value, lambda _: True, option)

    @staticmethod
    def optional_number(path: str) -> Column:
        """A column of finite numbers, as float; None where there is nothing, or null."""
        return _Optional(path, _check_optional_number, _all_numbers_or_none, "--by")

    @staticmethod
    def identity(path: str = "id") -> Column:
        """A column of what names a record, as `optional`."""
        return Column.optional(path, "--id-field")


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

    @property
    def json_type(self) -> FieldType | None:
        """A number or, where any value will do, a string, the commonest; null, or nothing."""
        if not super().is_plain:
            return None
        return "number?" if self.check is _check_optional_number else "string?"


def _check_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {kind_of(value)}, not a string; {REMEDY}")
    if not value.strip():
        raise ValueError(f"is empty; {REMEDY}")
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
        return all(values) and not any(map(str.isspace, values))
    except TypeError:
        return False


NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""A number in words, as cells of tables have it: not all that Python takes for one."""


def _check_number(value: Any) -> float:
    is_spelled = isinstance(value, str) and NUMBER.fullmatch(value.strip())
    return finite_number(float(value) if is_spelled else value)  # CSV has nothing but strings


def finite_number(value: Any) -> float:
    """A number of JSON as float. Raises ValueError for what is none, or too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"is {kind_of(value)}, not a number; correct it or name another field")
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


def _check_optional_number(value: Any) -> float | None:
    return None if value is None else _check_number(value)


def _all_numbers_or_none(values: list[Any]) -> bool:
    return set(map(type, values)) <= {float, int, type(None)}


def _check_cost(value: Any) -> float:
    cost = _check_number(value)
    if cost < 0:
        raise ValueError("is a negative cost; correct it or name another field with --cost")
    return cost


_MOST_WEIGHT = 1e9  # records that one stands for


def _check_weight(value: Any) -> float:
    weight = _check_number(value)
    if not 0 < weight <= _MOST_WEIGHT:
        raise ValueError(
            f"is no weight above 0 and up to {_MOST_WEIGHT:g}; correct it or name another with "
            "--weight-field"
        )
    return weight


def _check_group(value: Any) -> str:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, dict | list):
        raise ValueError(f"is {kind_of(value)}, not one value; name another field")
    if isinstance(value, float) and abs(value) >= _LARGEST_WHOLE:
        raise ValueError("is too large to tell from its neighbours; make it a string")
    return "null" if value is None else json.dumps(value)


def _check_speaker(value: Any) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError(f"names nobody; {REMEDY}")
    return _check_group(value)


_LARGEST_WHOLE = 2.0**64  # from here on orjson reads whole numbers as doubles, too


def _all_strings(values: list[Any]) -> bool:
    return set(map(type, values)) <= {str}


POSITION = Column("", int, lambda _: True, "")
"""Where a record stands among all records, from 0: no field, but known for `numbered` blocks."""
