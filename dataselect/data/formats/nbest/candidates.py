"""What lists of lines `ID ||| TEXT ||| ...` have in common, and their features."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dataselect.data.files.line_blocks import BOM
from dataselect.data.formats.lines import Found, Item, SourceLine, joined, lines
from dataselect.data.formats.values import finite
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import decoded
from dataselect.errors import InputError

BAR = "|||"


def read_lists(inputs: Inputs, candidate: Callable[[str], dict[str, Any]]) -> Iterator[Item]:
    """A record `id`, `nbest` for each run of lines with one id; one bad line makes it bad.

    Raises InputError for an id that comes back: no one could say which list is whole.
    """
    for blocks in inputs.by_file():
        closed: set[str] = set()
        for id_, group in _runs(lines(blocks)):
            if id_ in closed:
                line = group[0]
                raise InputError(
                    f"{line.source}:{line.number}: the lines of id '{id_}' are not together; "
                    "sort them with sort -s -n -k1,1"
                )
            closed.add(id_)
            yield nbest_record(joined(group), id_, group, candidate)


def nbest_record(
    whole: SourceLine,
    id_: str,
    group: list[SourceLine],
    candidate: Callable[[str], dict[str, Any]],
) -> Item:
    """A record `id`, `nbest` of a candidate for each line; one bad line makes it bad.

    `whole`: what the record is in its file.
    """
    candidates = []
    for line in group:
        try:
            candidates.append(candidate(line.text()))
        except ValueError as refusal:
            return whole._replace(number=line.number).bad(refusal)
    return Found(whole, {"id": id_, "nbest": candidates})


def _runs(found: Iterator[SourceLine]) -> Iterator[tuple[str, list[SourceLine]]]:
    """Runs of lines with the same id; a line without one spoils the run that it stands in."""
    current = ""
    group: list[SourceLine] = []
    for line in found:
        if line.blank():
            continue
        head, bar, _ = line.raw.partition(BAR.encode())
        own = (head.strip().decode(errors="replace") if bar else "") or current
        if group and own != current:
            yield current, group
            group = []
        current = own
        group.append(line)
    if group:
        yield current, group


def first_line(first: bytes) -> str:
    """The line that the first bytes of a file begin with. Raises ValueError if it breaks off."""
    line, feed, _ = first.partition(b"\n")
    if not feed:
        raise ValueError("no whole line")
    return decoded(line.removeprefix(BOM).removesuffix(b"\r"))


def parts_of(line: str, layout: str) -> list[str]:
    """What stands between the bars, id first. Raises ValueError where there is no id or text."""
    parts = [part.strip(" \t") for part in line.split(BAR)]
    if len(parts) < 2:
        raise ValueError(f"no '{BAR}'; write {layout}")
    if not parts[0]:
        raise ValueError(f"no id before the first '{BAR}'; write one")
    return parts


def features(words: str) -> dict[str, float]:
    """Named numbers, in their order: `lm: -4 -5` or `LM0= -4`, or each by itself, `glue=-2`.

    >>> features("lm: -4 -5 glue=2")
    {'lm0': -4.0, 'lm1': -5.0, 'glue': 2.0}
    """
    groups: dict[str, list[float]] = {}  # a name, with its `:` or `=`, to the numbers after it
    group: list[float] | None = None
    found: list[tuple[str, float]] = []
    for word in words.split():
        name, equals, value = word.rpartition("=")
        if word[-1] in ":=" and len(word) > 1:
            group = groups.setdefault(word[:-1], [])
        elif name and equals:
            found.append((name, finite(value, f"feature '{name}'")))
        elif group is None:
            raise ValueError(f"'{word}' stands before any feature name; write NAME: NUMBER ...")
        else:
            group.append(finite(word, "feature"))
    found += [pair for name, values in groups.items() for pair in _numbered(name, values)]
    if len(dict(found)) < len(found):
        raise ValueError("a feature name stands twice; rename one")
    return dict(found)


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
