"""Parts of a text replaced by others, and offsets moved along."""

from __future__ import annotations

from collections.abc import Sequence
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


def moved(start: int, end: int, edits: Sequence[TextEdit]) -> MovedSpan:
    """Where a part of a text is after edits.

    >>> moved(10, 13, [TextEdit(5, 9, "<name_1>")])
    MovedSpan(start=14, end=17, cut_start=None, cut_end=None)
    """
    new_start, new_end = start, end
    cut_start = cut_end = None
    for edit in edits:
        longer = len(edit.new) - (edit.end - edit.start)
        if edit.end <= start:
            new_start += longer
        elif edit.start < start:
            new_start -= start - edit.start
            cut_start = start - edit.start
        if edit.end <= end:
            new_end += longer
        elif edit.start < end:
            new_end += longer + edit.end - end
            cut_end = end - edit.start
    return MovedSpan(new_start, new_end, cut_start, cut_end)
