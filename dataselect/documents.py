"""Typed documents: JSON from a file, checked against the type hints that describe it.

Hints may be dataclasses, NamedTuples and TypedDicts of each other, of lists, tuples, mappings,
unions, literals and plain values. A TypedDict keeps the keys that it does not name; the others
drop them. Whole numbers have 64 bits, and numbers are finite.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import json
import math
import types
from collections.abc import Callable
from functools import lru_cache
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

Document = TypeVar("Document")

_MOST_INTEGER = 1 << 63
_MOST_DEPTH = 100
_LONGEST_SHOWN, _LONGEST_REASON = 40, 120  # characters


class DocumentError(ValueError):
    """A document is not what its hints say: `cut.score: not a number`."""


@dataclasses.dataclass(frozen=True)
class Between:
    """Bounds of a number, for `Annotated`; both are allowed."""

    lowest: float
    highest: float = math.inf

    def __call__(self, value: Any) -> None:
        """Raise ValueError for a value outside."""
        if not self.lowest <= value <= self.highest:
            upper = "" if self.highest == math.inf else f" and at most {self.highest:g}"
            raise ValueError(f"not at least {self.lowest:g}{upper}")


Count = Annotated[int, Between(0)]


def parsed(data: bytes) -> Any:
    """JSON as its standard has it: no NaN, no name twice in an object. Raises DocumentError."""
    try:
        found = json.loads(data, parse_constant=_not_a_number, object_pairs_hook=_object)
    except RecursionError:
        raise DocumentError("nested too deep") from None
    except DocumentError:
        raise
    except ValueError:  # also of bytes that are not UTF-8, and of whole numbers beyond all sense
        raise DocumentError("not JSON") from None
    _check_depth(found)
    return found


def _not_a_number(spelled: str) -> Any:
    raise DocumentError(f"{spelled} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentError(f"{_shown(twice)} is there twice")
    return found


def _check_depth(value: Any) -> None:
    """Refuse what is nested so deep that writing it again would fail."""
    level = [value]
    for _ in range(_MOST_DEPTH):
        level = [
            each
            for outer in level
            if isinstance(outer, dict | list)
            for each in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(each, dict | list)
        ]
        if not level:
            return
    raise DocumentError("nested too deep")


def typed(kind: type[Document], value: Any) -> Document:
    """JSON as a value of a type. Raises DocumentError, which says what does not fit and where."""
    return cast("Document", _typed(kind, value, ""))


def _typed(hint: Any, value: Any, at: str) -> Any:
    """The value that a hint makes of JSON; `at` is the place of that, for messages."""
    if hint is Any:
        return value
    origin = get_origin(hint)
    if origin is Annotated:
        hint, *checks = get_args(hint)
        found = _typed(hint, value, at)
        for check in checks:
            _checked(at, check, found)
        return found
    if origin is Literal:
        if not any(value == each and type(value) is type(each) for each in get_args(hint)):
            raise _misfit(at, f"not {' or '.join(map(str, get_args(hint)))}")
        return value
    if origin in (Union, types.UnionType):
        return _one_of(get_args(hint), value, at)
    if origin is not None:
        return _collection(origin, get_args(hint), value, at)
    return _plain(hint, value, at) if hint in _PLAIN else _fields(hint, value, at)


def _one_of(hints: tuple[Any, ...], value: Any, at: str) -> Any:
    """The first of several types that fits; what is said is of the first that is not None."""
    if value is None and type(None) in hints:
        return None
    refusal = None
    for hint in hints:
        if hint is not type(None):
            try:
                return _typed(hint, value, at)
            except DocumentError as error:
                refusal = refusal or error
    assert refusal is not None
    raise refusal


def _collection(origin: Any, hints: tuple[Any, ...], value: Any, at: str) -> Any:
    if origin in (dict, collections.abc.Mapping):
        _require(isinstance(value, dict), at, "not an object")
        return {name: _typed(hints[1], each, _inside(at, name)) for name, each in value.items()}
    _require(isinstance(value, list), at, "not a list")
    if origin is tuple and Ellipsis not in hints:
        _require(len(value) == len(hints), at, f"not {len(hints)} values")
        return tuple(
            _typed(hint, each, f"{at}[{place}]")
            for place, (hint, each) in enumerate(zip(hints, value, strict=True))
        )
    found = [_typed(hints[0], each, f"{at}[{place}]") for place, each in enumerate(value)]
    return tuple(found) if origin is tuple else found


_PLAIN: dict[Any, str] = {
    bool: "not true or false",
    int: "not a whole number",
    float: "not a number",
    str: "not a text",
    type(None): "not null",
}


def _plain(kind: Any, value: Any, at: str) -> Any:
    if kind is float and type(value) in (int, float):
        try:
            value = float(value)
        except OverflowError:  # of a whole number
            value = math.inf
        _require(math.isfinite(value), at, "too large")
        return value
    _require(type(value) is kind, at, _PLAIN[kind])
    _require(kind is not int or abs(value) < _MOST_INTEGER, at, "too large")
    return value


def _fields(kind: Any, value: Any, at: str) -> Any:
    """An object of a dataclass, a NamedTuple or a TypedDict."""
    _require(isinstance(value, dict), at, "not an object")
    hints, required = _described(kind)
    missing = next((name for name in required if name not in value), None)
    if missing is not None:
        raise _misfit(_inside(at, missing), "missing")
    found = {
        name: _typed(hint, value[name], _inside(at, name))
        for name, hint in hints.items()
        if name in value
    }
    if is_typeddict(kind):
        return {**value, **found}
    try:
        return kind(**found)
    except ValueError as error:
        raise _misfit(at, str(error)) from None


@lru_cache
def _described(kind: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The hints of the fields of a type, and those without which it cannot be made."""
    hints = get_type_hints(kind, include_extras=True)
    if is_typeddict(kind):
        return hints, tuple(name for name in hints if name in kind.__required_keys__)
    if dataclasses.is_dataclass(kind):
        fields = [each for each in dataclasses.fields(kind) if each.init]
        has_none = dataclasses.MISSING
        required = [
            each.name
            for each in fields
            if each.default is has_none and each.default_factory is has_none
        ]
        return {each.name: hints[each.name] for each in fields}, tuple(required)
    return hints, tuple(name for name in hints if name not in kind._field_defaults)


def _checked(at: str, check: Callable[[Any], None], value: Any) -> None:
    if isinstance(check, collections.abc.Callable):  # type: ignore[arg-type]  # an annotation may be anything
        try:
            check(value)
        except ValueError as error:
            raise _misfit(at, str(error)) from None


def _require(fits: bool, at: str, what: str) -> None:
    if not fits:
        raise _misfit(at, what)


def _misfit(at: str, what: str) -> DocumentError:
    shown = what if len(what) <= _LONGEST_REASON else f"{what[:_LONGEST_REASON]}..."
    return DocumentError(f"{at}: {shown}" if at else shown)


def _inside(at: str, name: str) -> str:
    return f"{at}.{_shown(name)}" if at else _shown(name)


def _shown(name: str) -> str:
    """A name as messages have it: short, and without what would break the line."""
    spelled = name if name.isprintable() and name else json.dumps(name)
    return spelled if len(spelled) <= _LONGEST_SHOWN else f"{spelled[:_LONGEST_SHOWN]}..."
