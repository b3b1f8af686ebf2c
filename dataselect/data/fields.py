"""What a field must be, and every sentence about a bad one."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any


class RefusedError(ValueError):
    """Why a line or one of its fields is refused, and what to do."""


@dataclass(frozen=True)
class Column:
    """One field that a command reads: where it is, what it must be, the option that renames it.

    `path` is a name, or names and places in lists with dots between them (see `value_at`).
    `check(value)` returns the value to use or raises ValueError with a reason; `check_all`
    returns whether a whole list of values passes unchanged, which is the fast way. `instead` are
    paths to look at, in this order, in records that lack `path`.
    """

    path: str
    check: Callable[[Any], Any]
    check_all: Callable[[list[Any]], bool]
    option: str
    instead: tuple[str, ...] = ()

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
    def holds_strings(self) -> bool:
        """Whether `check_all` refuses whatever is not a string."""
        return self.check_all in (_all_texts, _all_strings)

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
            there = _fields_there(record, self.path)
            raise RefusedError(
                f"field {names} is missing; name another with {self.option} ({there})"
            ) from None
        try:
            return self.check(value)
        except ValueError as error:
            raise RefusedError(f"field '{self.path}' {error}") from None


def value_at(record: Any, path: str) -> Any:
    """The value at a path: that of the field of this name, or else of dotted steps inward.

    A step into a list is a place in it, from 0, or from -1 for the last one. Raises KeyError or
    TypeError where there is nothing.

    >>> value_at({"supervisions": [{"text": "hi"}]}, "supervisions.0.text")
    'hi'
    """
    if "." not in path or path in record:
        return record[path]
    for step in path.split("."):
        record = _inner(record, step)
    return record


def _inner(value: Any, step: str) -> Any:
    """What is one step inward. Raises KeyError or TypeError."""
    if not isinstance(value, list):
        return value[step]
    place = int(step) if _PLACE.fullmatch(step) else len(value)
    if not -len(value) <= place < len(value):
        raise KeyError(step)
    return value[place]


_PLACE = re.compile("-?[0-9]{1,18}")


def _fields_there(record: dict[str, Any], path: str) -> str:
    """The fields that a record has as far in as a path leads, for people, as far as they fit.

    First come those further in that are called as the end of the path is.
    """
    if not record:
        return "the record has no field"
    here: Any = record
    prefix = ""
    for step in path.split("."):
        try:
            inner = _inner(here, step)
        except (KeyError, TypeError):
            break
        if not inner or not isinstance(inner, dict | list):
            break
        here, prefix = inner, f"{prefix}{step}."
    if isinstance(here, list) and here[0] and isinstance(here[0], dict | list):
        here, prefix = here[0], f"{prefix}0."
    alike = islice(_called(here, path.rpartition(".")[2], prefix, _DEEPEST), _MOST_ALIKE)
    own = (f"{prefix}{step}" for step, _ in _members(here))
    names = list(dict.fromkeys([*alike, *own]))
    shown = [
        name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
        for name in names[:_MOST_NAMES]
    ]
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return "there are " + ", ".join(map(repr, shown)) + more


def _called(value: Any, name: str, prefix: str, depth: int) -> Iterator[str]:
    """Yield the paths of fields of a name, at most `depth` steps in; of lists, the first item."""
    for step, inner in _members(value):
        if step == name and isinstance(value, dict):
            yield f"{prefix}{step}"
        elif depth > 1:
            yield from _called(inner, name, f"{prefix}{step}.", depth - 1)


def _members(value: Any) -> Iterable[tuple[str, Any]]:
    """The steps that lead further in; of a list, the first."""
    if isinstance(value, dict):
        return value.items()
    return [("0", value[0])] if isinstance(value, list) and value else []


_MOST_ALIKE, _DEEPEST = 3, 5
_MOST_NAMES, _LONGEST_NAME = 8, 40


_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    type(None): "null",
}


def kind_of(value: object) -> str:
    """What JSON calls a value, with its article."""
    return _KINDS.get(type(value), "a number")


def _check_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(
            f"is {kind_of(value)}, not a string; correct it or skip it with --on-error"
        )
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


def _check_cost(value: Any) -> float:
    cost = _check_number(value)
    if cost < 0:
        raise ValueError("is a negative cost; correct it or name another field with --cost")
    return cost


def _check_group(value: Any) -> str:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, dict | list):
        raise ValueError(f"is {kind_of(value)}, not one value; name another field")
    if isinstance(value, float) and abs(value) >= _LARGEST_WHOLE:
        raise ValueError("is too large to tell from its neighbours; make it a string")
    return "null" if value is None else json.dumps(value)


_LARGEST_WHOLE = 2.0**64  # from here on orjson reads whole numbers as doubles, too


def _all_strings(values: list[Any]) -> bool:
    return set(map(type, values)) <= {str}


def text(path: str, option: str = "--text-field", *instead: str) -> Column:
    """A column of text: a string that is neither empty nor blank."""
    return Column(path, _check_text, _all_texts, option, instead)


def text_of(files: str, path: str | None, *usual: str) -> Column:
    """A column of text of the files that an option names, which may have it elsewhere.

    `files`: the option, such as `--in-domain`; `path`: what is given by `--in-domain-field`, or
    None for the first that there is of the `usual` fields, and `text`.
    """
    names = dict.fromkeys((*usual, "text")) if path is None else [path]
    return text(next(iter(names)), f"{files}-field", *[*names][1:])


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
