"""Keyed text, Kaldi's line: an id, then the rest, apart by the first run of spaces and tabs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from dataselect.data.files.line_blocks import Block
from dataselect.data.formats.lines import SourceLine, lines

Value = TypeVar("Value")

_KEYED = re.compile(r"([^ \t]+)[ \t]*(.*)", re.DOTALL)


class KeyedLine(NamedTuple):
    """A line and its id, which is empty where the line has none."""

    id: str
    line: SourceLine

    def value(self) -> str:
        """What follows the id, perhaps nothing. Raises ValueError for a line without id, too."""
        found = _KEYED.fullmatch(self.line.text())
        if found is None:
            raise ValueError("no id at the beginning; write ID TEXT")
        return found[2].rstrip(" \t")


def keyed_lines(blocks: Iterable[Block]) -> Iterator[KeyedLine]:
    """Every line that is not blank."""
    for line in lines(blocks):
        if not line.blank():
            found = _KEYED.match(line.raw.removesuffix(b"\r").decode(errors="surrogateescape"))
            yield KeyedLine(found[1] if found else "", line)


class BadLineError(ValueError):
    """A record is bad for what stands on `line`, of another file than its text."""

    def __init__(self, line: SourceLine, reason: object) -> None:
        super().__init__(str(reason))
        self.line = line


class KeyedTable:
    """The lines of a file by their ids, held in memory."""

    def __init__(self, name: str, blocks: Iterable[Block]) -> None:
        self._name = name
        self._lines: dict[str, KeyedLine] = {}
        self._repeated: dict[str, SourceLine] = {}
        for found in keyed_lines(blocks):
            if self._lines.setdefault(found.id, found) is not found:
                self._repeated[found.id] = found.line

    def __iter__(self) -> Iterator[KeyedLine]:
        """The first line of each id."""
        return iter(self._lines.values())

    def __contains__(self, id_: str) -> bool:
        """Whether the file has a line of that id."""
        return id_ in self._lines

    def look_up(self, id_: str, parse: Callable[[str], Value]) -> Value:
        """What `parse` makes of the value of an id.

        Raises ValueError for an id that is not there, BadLineError for a line that is wrong.
        """
        if id_ not in self._lines:
            raise ValueError(f"id '{id_}' is not in {self._name}; add it there or leave it out")
        if id_ in self._repeated:
            raise BadLineError(self._repeated[id_], f"id '{id_}' stands twice; remove one")
        try:
            return parse(self._lines[id_].value())
        except ValueError as refusal:
            raise BadLineError(self._lines[id_].line, refusal) from None
