"""Moses n-best lists: `id ||| text ||| features ||| score`, the lines of one id together.

Features come in groups, `d: 0 -7.6 lm: -41` or `Distortion0= -7.6 LM0= -41`, or one by one,
`glue=-2`. Moses may leave out features and score, and may append fields (alignments), which are
passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, joined, lines
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

_BAR = "|||"
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `id`, `nbest` for each run of lines with one id; one bad line makes it bad.

    Raises InputError for an id that comes back: no one could say which list is whole.
    """
    for blocks in inputs.by_file():
        closed: set[str] = set()
        for id_, group in _lists(lines(blocks)):
            if id_ in closed:
                line = group[0]
                raise InputError(
                    f"{line.source}:{line.number}: the lines of id '{id_}' are not together; "
                    "sort them with sort -s -n -k1,1"
                )
            closed.add(id_)
            yield _item(id_, group)


def _item(id_: str, group: list[SourceLine]) -> Item:
    whole = joined(group)
    candidates = []
    for line in group:
        try:
            candidates.append(candidate(line.text()))
        except ValueError as refusal:
            return whole._replace(number=line.number).bad(refusal)
    return Found(whole, {"id": id_, "nbest": candidates})


def _lists(found: Iterator[SourceLine]) -> Iterator[tuple[str, list[SourceLine]]]:
    """Runs of lines with the same id; a line without one spoils the run that it stands in."""
    current = ""
    group: list[SourceLine] = []
    for line in found:
        if line.blank():
            continue
        head, bar, _ = line.raw.partition(_BAR.encode())
        own = (head.strip().decode(errors="replace") if bar else "") or current
        if group and own != current:
            yield current, group
            group = []
        current = own
        group.append(line)
    if group:
        yield current, group


def candidate(line: str) -> dict[str, Any]:
    """One line as `text`, `score`, `features`, where it has them. Raises ValueError.

    >>> candidate("0 ||| a house ||| lm: -4 -5 w: -2 ||| -1.5")["features"]
    {'lm0': -4.0, 'lm1': -5.0, 'w0': -2.0}
    """
    parts = [part.strip() for part in line.split(_BAR)]
    if len(parts) < 2:
        raise ValueError(f"no '{_BAR}'; write ID {_BAR} TEXT {_BAR} FEATURES {_BAR} SCORE")
    if not parts[0]:
        raise ValueError(f"no id before the first '{_BAR}'; write one")
    features, score, *_ = [*parts[2:], "", ""]
    if len(parts) == 3 and _NUMBER.fullmatch(features):
        features, score = "", features
    found: dict[str, Any] = {"text": parts[1]}
    if score:
        found["score"] = _number(score, "score")
    if features:
        found["features"] = _features(features)
    return found


def _features(words: str) -> dict[str, float]:
    """The named numbers of the third field, in its order."""
    groups: dict[str, list[float]] = {}  # a name, with its `:` or `=`, to the numbers after it
    named: list[tuple[str, float]] = []
    group: list[float] | None = None
    for word in words.split():
        name, equals, value = word.rpartition("=")
        if word[-1] in ":=" and len(word) > 1:
            group = groups.setdefault(word[:-1], [])
        elif name and equals:
            named.append((name, _number(value, f"feature '{name}'")))
        elif group is None:
            raise ValueError(f"'{word}' stands before any feature name; write NAME: NUMBER ...")
        else:
            group.append(_number(word, "feature"))
    named += [pair for name, values in groups.items() for pair in _numbered(name, values)]
    features = dict(named)
    if len(features) < len(named):
        raise ValueError("a feature name stands twice; rename one")
    return features


def _numbered(name: str, values: list[float]) -> list[tuple[str, float]]:
    """Each number under its group's name and its place: `lm` gives `lm0`, `lm1`.

    Moses itself numbers `LM0=`, `LM1=`: such a name stays if it has one number, else the place
    follows an underscore, so that `LM1=` and `LM10=` cannot meet.
    """
    if not name[-1].isdigit():
        return [(f"{name}{place}", value) for place, value in enumerate(values)]
    if len(values) == 1:
        return [(name, values[0])]
    return [(f"{name}_{place}", value) for place, value in enumerate(values)]


def _number(word: str, what: str) -> float:
    value = float(word) if _NUMBER.fullmatch(word) else float("inf")
    if abs(value) == float("inf"):
        raise ValueError(f"{what} '{word}' is not a finite number; correct it")
    return value
