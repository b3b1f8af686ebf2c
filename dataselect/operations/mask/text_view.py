"""A text as it is searched: less what has no width, compatible characters made usual."""

from __future__ import annotations

from array import array
from typing import NamedTuple
from unicodedata import category, is_normalized, normalize

import regex

_FORMAT = regex.compile(r"\p{Cf}")
_AT_ONCE = 1 << 16  # characters, so that a long text is not held as so many strings


class TextView(NamedTuple):
    """`places`: where each character is in the text itself, None where nothing is different."""

    text: str
    places: array[int] | None

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of the view is in the text itself.

        >>> text_view("pin 1\u00ad2").place(4, 6)
        (4, 7)
        """
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def text_view(text: str) -> TextView:
    """The view of a text, in which format characters and wide digits hide nothing."""
    if text.isascii() or (is_normalized("NFKC", text) and not _FORMAT.search(text)):
        return TextView(text, None)
    pieces: list[str] = []
    places = array("I")
    for start in range(0, len(text), _AT_ONCE):
        for place, each in enumerate(text[start : start + _AT_ONCE], start=start):
            if each.isascii():
                pieces.append(each)
            elif category(each) == "Cf":
                continue
            else:
                plain = normalize("NFKC", each)
                pieces.append(plain if len(plain) == 1 else each)
            places.append(place)
        pieces = ["".join(pieces)]
    return TextView(pieces[0], places)
