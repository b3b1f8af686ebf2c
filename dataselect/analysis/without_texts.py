"""What is left of explanations and reports for readers who may not see texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_QUOTED = re.compile("'[^']*'")


def numbers_of(value: Any) -> Any:
    """A JSON value less its strings; None where nothing is left.

    >>> numbers_of({"text": "hi", "nbest": [{"text": "hi", "score": -1.5}]})
    {'nbest': [{'score': -1.5}]}
    """
    if isinstance(value, Mapping):
        inner = {name: numbers_of(own) for name, own in value.items()}
        return {name: own for name, own in inner.items() if own is not None} or None
    if isinstance(value, list):
        return [own for own in map(numbers_of, value) if own is not None] or None
    return value if isinstance(value, int | float) else None


def without_listed_strings(value: Any) -> Any:
    """A JSON value less the lists that hold strings: n-grams, names and examples stand in lists.

    >>> without_listed_strings({"bits": 22, "sets": {"music": {"ngrams": [["play", 0.5]]}}})
    {'bits': 22, 'sets': {'music': {}}}
    """
    if not isinstance(value, Mapping):
        return value
    return {
        name: without_listed_strings(own) for name, own in value.items() if not _lists_strings(own)
    }


def _lists_strings(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(map(_holds_strings, value))


def _holds_strings(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_strings, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_strings, value))
    return isinstance(value, str)


def without_quotations(sentence: str) -> str:
    """A sentence less what it quotes.

    >>> without_quotations("30 are 'call me'; add --unique")
    '30 are (not shown); add --unique'
    """
    return _QUOTED.sub("(not shown)", sentence)


def hidden(report: Mapping[str, Any]) -> dict[str, Any]:
    """A run report less the lists that hold strings, its warnings without what they quote."""
    warnings = [without_quotations(each) for each in report.get("warnings", [])]
    return {**without_listed_strings(report), "warnings": warnings}
