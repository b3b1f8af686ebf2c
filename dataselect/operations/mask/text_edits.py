"""Parts of a text replaced by others, and offsets moved along."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple


class TextEdit(NamedTuple):
    """What stands in a text instead of a part of it."""

    start: int
    end: int
    new: str


def apply_edits(text: str, edits: Sequence[TextEdit]) -> str:
    """The text after edits, which are in order and do not overlap.

    >>> apply_edits("call anna now", [TextEdit(5, 9, "<name_1>")])
    'call <name_1> now'
    """
    pieces, done = [], 0
    for start, end, new in edits:
        pieces += [text[done:start], new]
        done = end
    return "".join([*pieces, text[done:]])


class MovedSpan(NamedTuple):
    """A part of a text after edits; it holds whole replacements.

    `cut_start`, `cut_end`: where in what was replaced the part began and ended, if inside of it.
    """

    start: int
    end: int
    cut_start: int | None = None
    cut_end: int | None = None


class Moves:
    """Where parts of a text are after edits, which are in order and do not overlap.

    >>> Moves([TextEdit(5, 9, "<name_1>")]).moved(10, 13)
    MovedSpan(start=14, end=17, cut_start=None, cut_end=None)
    """

    def __init__(self, edits: Sequence[TextEdit]) -> None:
        self._edits = edits
        self._ends = [each.end for each in edits]
        longer = (len(each.new) - (each.end - each.start) for each in edits)
        self._shifts = [*accumulate(longer, initial=0)]

    def moved(self, start: int, end: int) -> MovedSpan:
        """Where a part is now; one that cuts what was replaced holds all of it."""
        before, within = (bisect_right(self._ends, place) for place in (start, end))
        new_start, new_end = start + self._shifts[before], end + self._shifts[within]
        cut_start = cut_end = None
        if before < len(self._edits) and (edit := self._edits[before]).start < start:
            cut_start = start - edit.start
            new_start -= cut_start
        if within < len(self._edits) and (edit := self._edits[within]).start < end:
            cut_end = end - edit.start
            new_end += len(edit.new) - cut_end
        return MovedSpan(new_start, new_end, cut_start, cut_end)
