"""Marian n-best lists: `N ||| text ||| F0= -1.5 ||| -0.75`, features and score always last.

Between text and features stand an alignment, hard (`0-0 1-1`) or soft (a row of shares a word),
and `WordScores= -0.1 -0.2`, where Marian was asked for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.fields import NUMBER
from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.nbest.candidates import (
    BAR,
    features,
    first_line,
    parts_of,
    read_lists,
)
from dataselect.data.formats.values import finite
from dataselect.data.input_files import Inputs

_LAYOUT = f"N {BAR} TEXT {BAR} F0= NUMBER {BAR} SCORE"
_WORD_SCORES = "WordScores="
_HARD = re.compile(r"(?:[0-9]+-[0-9]+(?: [0-9]+-[0-9]+)*)?")


def recognizes(first: bytes) -> bool:
    """Whether the first line ends in features and a score, with something else before them."""
    try:
        found = marian_candidate(first_line(first))
    except ValueError:
        return False
    return "alignment" in found or "word_scores" in found


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record for each list, as `read_lists`."""
    return read_lists(inputs, marian_candidate)


def marian_candidate(line: str) -> dict[str, Any]:
    """One line as `text`, `score`, `features`, `word_scores`, `alignment`. Raises ValueError.

    >>> marian_candidate("0 ||| a house ||| 0-0 1-1 ||| F0= -1.5 ||| -0.75")["alignment"]
    '0-0 1-1'
    """
    _, *words, named, score = ["", *parts_of(line, _LAYOUT)]
    if len(words) < 2 or "=" not in named:
        raise ValueError(f"no features and score at the end; write {_LAYOUT}")
    found: dict[str, Any] = {"score": finite(score, "score"), "features": features(named)}
    _, *text = words
    if len(text) > 1 and text[-1].startswith(_WORD_SCORES):
        numbers = text.pop().removeprefix(_WORD_SCORES).split()
        found["word_scores"] = [finite(number, "word score") for number in numbers]
    if len(text) > 1 and _is_alignment(text[-1]):
        found["alignment"] = text.pop()
    return {"text": f" {BAR} ".join(text), **found}


def _is_alignment(words: str) -> bool:
    if _HARD.fullmatch(words):
        return True
    rows = [row.split(",") for row in words.split(" ")]
    return len(rows[0]) > 1 and all(NUMBER.fullmatch(share) for row in rows for share in row)
