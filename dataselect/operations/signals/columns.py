"""The fields that signals are computed from: durations, and lists of hypotheses."""

from __future__ import annotations

from typing import Any

from dataselect.data.fields import Column, whole
from dataselect.data.json_lines.json_values import REMEDY

_SHORTEST = 1e-6  # seconds; what divides by less is soon no double
_AGREEMENT = "--agreement-fields"


def duration(path: str) -> Column:
    """A column of seconds above 0."""
    plain = Column.number(path, "--duration-field")

    def check(value: Any) -> float:
        seconds: float = plain.check(value)
        if seconds < _SHORTEST:
            raise ValueError(f"is {value}, no duration in seconds; {REMEDY}")
        return seconds

    def check_all(values: list[Any]) -> bool:
        return plain.check_all(values) and min(values, default=1) >= _SHORTEST

    return Column(path, check, check_all, plain.option)


def hypotheses(path: str) -> Column:
    """A column of n-best lists, of which only the texts are checked; see `text_of`."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise ValueError(
                f"is not a list of hypotheses; name one, or several texts, with {_AGREEMENT} "
                "or skip it with --on-error skip"
            )
        for rank, each in enumerate(value, start=1):
            text = text_of(each)
            if not isinstance(text, str):
                raise ValueError(f"has a hypothesis without a text, number {rank}; give it a text")
            whole(text)
        return value

    return Column(path, check, lambda _: False, _AGREEMENT)


def text_of(hypothesis: Any) -> Any:
    """The text of a hypothesis, which may stand by itself; None where there is none.

    >>> text_of({"text": "play", "score": -1.5}), text_of("play")
    ('play', 'play')
    """
    return hypothesis.get("text") if isinstance(hypothesis, dict) else hypothesis
