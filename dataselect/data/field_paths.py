"""Where fields are in records: paths with dots, and what there is instead of one."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any


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


def fields_there(record: dict[str, Any], path: str) -> str:
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
