"""Moses n-best lists: `id ||| text ||| features ||| score`, the lines of one id together.

Features come in groups, `d: 0 -7.6 lm: -41` or `Distortion0= -7.6 LM0= -41`, or one by one,
`glue=-2`. Moses may leave out features and score, and may append alignments of phrases
(`0-1=0-0`) and words (`0-0 1-1`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataselect.data.fields import NUMBER, whole
from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.nbest.candidates import (
    BAR,
    features,
    first_line,
    parts_of,
    read_lists,
)
from dataselect.data.formats.values import checked_number, finite, id_of, spelled
from dataselect.data.formats.writers import LineWriter
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import kind_of

_LAYOUT = f"ID {BAR} TEXT {BAR} FEATURES {BAR} SCORE"
_ALIGNMENTS = ("phrase_alignment", "alignment")


def recognizes(first: bytes) -> bool:
    """Whether the first line has features and a score, with Moses' alignments or without."""
    try:
        found = candidate(first_line(first))
    except ValueError:
        return False
    return "score" in found and "features" in found


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record for each list, as `read_lists`."""
    return read_lists(inputs, candidate)


def candidate(line: str) -> dict[str, Any]:
    """One line as `text`, `score`, `features`, alignments, what it has. Raises ValueError.

    >>> candidate("0 ||| a house ||| lm: -4 -5 w: -2 ||| -1.5")["features"]
    {'lm0': -4.0, 'lm1': -5.0, 'w0': -2.0}
    """
    parts = parts_of(line, _LAYOUT)
    named, score, *alignments = [*parts[2:], "", ""]
    if len(parts) == 3 and NUMBER.fullmatch(named):
        named, score = "", named
    found: dict[str, Any] = {"text": parts[1]}
    if score:
        found["score"] = finite(score, "score")
    if named:
        found["features"] = features(named)
    for alignment in filter(None, alignments):
        found.setdefault(_ALIGNMENTS["=" not in alignment], alignment)
    return found


def writer(layout: Layout) -> LineWriter:
    """The lines of a record's list."""

    def write(fields: dict[str, Any]) -> bytes:
        id_, nbest = _part(id_of(fields), "the id"), fields.get("nbest")
        if not id_.strip():
            raise ValueError("field 'id' is blank; correct it")
        if not (
            isinstance(nbest, list) and nbest and all(isinstance(each, dict) for each in nbest)
        ):
            raise ValueError("field 'nbest' is no list of candidates; write a format without lists")
        return "\n".join(_line(id_, each) for each in nbest).encode()

    return LineWriter(write)


def _line(id_: str, candidate: dict[str, Any]) -> str:
    named = candidate.get("features") or {}
    if not isinstance(named, dict):
        raise ValueError("'features' of a candidate is no object; correct it")
    parts = [
        id_,
        _part(candidate.get("text"), "the text of a candidate"),
        " ".join(_feature(name, value) for name, value in named.items()),
        spelled(checked_number(candidate["score"], "the score"))
        if candidate.get("score") is not None
        else "",
        *(_part(candidate[name], name) for name in _ALIGNMENTS if candidate.get(name)),
    ]
    while len(parts) > 2 and not parts[-1]:
        parts.pop()
    return f" {BAR} ".join(parts)


def _part(text: Any, what: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{what} is {kind_of(text)}, not a string; correct it")
    for mark in (BAR, "\n", "\r", "\0"):
        if mark in text:
            raise ValueError(f"{what} holds {mark!r}, which parts fields or lines; remove it")
    return whole(text)


def _feature(name: str, value: Any) -> str:
    """Spelt so that it is read back under its name: `lm0= -4`, but `glue=-2`."""
    if not name or name.split() != [name] or BAR in name:
        raise ValueError(f"feature name '{name}' holds white space or '{BAR}'; rename it")
    return (
        f"{whole(name)}={' ' if name[-1].isdigit() else ''}{spelled(checked_number(value, name))}"
    )
