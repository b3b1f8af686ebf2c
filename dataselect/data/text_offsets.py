"""Offsets in texts: which units they count, and whether they cut words."""

from __future__ import annotations

from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["UTF-16 units", "bytes"]

_ENCODINGS: dict[Unit, tuple[str, int]] = {"UTF-16 units": ("utf-16-le", 2), "bytes": ("utf-8", 1)}


def length_in(unit: Unit, text: str) -> int:
    """How long a text is.

    >>> length_in("UTF-16 units", "\U0001f3b5 play")
    7
    """
    encoding, size = _ENCODINGS[unit]
    return len(text.encode(encoding, "surrogatepass")) // size


def in_characters(text: str, start: int, end: int, unit: Unit) -> tuple[int, int] | None:
    """Offsets that count other units; None outside of the text, and inside a character.

    >>> in_characters("\U0001f3b5 play", 3, 7, "UTF-16 units")
    (2, 6)
    """
    encoding, size = _ENCODINGS[unit]
    data = text.encode(encoding, "surrogatepass")
    if not 0 <= start < end <= len(data) // size:
        return None
    try:
        first = len(data[: size * start].decode(encoding))
        return first, first + len(data[size * start : size * end].decode(encoding))
    except UnicodeDecodeError:
        return None


def cut_words(text: str, start: int, end: int) -> bool:
    """Whether a part of a text begins or ends inside a word.

    Only letters that have a case, and digits, are looked at: others may be written together, as in
    Chinese, or begin with an article, as in Hebrew.

    >>> cut_words("play jazz", 5, 8), cut_words("play jazz", 5, 9)
    (True, False)
    """
    edges = [text[place - 1 : place + 1] for place in (start, end) if 0 < place < len(text)]
    return any(all(map(_is_cased, edge)) or edge.isdecimal() for edge in edges)


def _is_cased(character: str) -> bool:
    return character.islower() or character.isupper()
