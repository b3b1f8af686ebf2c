"""Texts that say the same in the same words, whatever their case, spaces and punctuation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dataselect.content_keys import content_key
from dataselect.models.neighbours.blocks import blocks
from dataselect.models.ngrams.tokens import WORD_BYTES, word_hashes
from dataselect.models.normalization import (
    Normalization,
    composed,
    composed_lines,
    without_punctuation,
)

_PIECE = 1 << 20  # characters
_TEXTS_AT_ONCE = 1 << 14
_WORDS = Normalization(punctuation="remove")
_LINE_FEED, _SPACE, _APOSTROPHE = b"\n '"
_ASCII_WORDS = bytes(
    code if code >= 128 or chr(code).isalnum() or chr(code) in "'\n" else _SPACE
    for code in (ord(chr(each).lower()) if each < 128 else each for each in range(256))
)
"""Lower-case letters, digits and apostrophes for `bytes.translate`: ten times as fast as of str."""
_LONG = 1 << 10  # bytes; what is longer is hashed by itself


def first_places(texts: Sequence[str]) -> NDArray[np.intp]:
    """(n,) the place of the first text that each is a copy of: its own, if there is none before.

    Copies are equal once they are composed, after case folding, and with punctuation and
    symbols left out; texts of nothing else are compared as they are.

    >>> first_places(["Play Adele!", "...", "play  adele", "?"])
    array([0, 1, 0, 3])
    """
    _, first, inverse = np.unique(text_keys(texts), return_index=True, return_inverse=True)
    return first[inverse]


def canonical(text: str) -> str:
    """What a text has in common with its copies, and with no other text."""
    return _words(text) or composed(text).casefold().strip()


def _words(text: str) -> str:
    """The canonical form of a text that has letters or digits; nothing for any other."""
    if text.isascii() and (words := _in_pieces(_ascii_words, text)):
        return words
    return _in_pieces(_folded_words, text)


def _folded_words(text: str) -> str:
    return _WORDS(composed(text).casefold())


def _ascii_words(text: str) -> str:
    words = text.encode().translate(_ASCII_WORDS).split()
    if "'" in text:
        words = [inner for word in words if (inner := word.strip(b"'"))]
    return b" ".join(words).decode()


def _in_pieces(words_of: Callable[[str], str], text: str) -> str:
    """The words of a text; of a long one a piece at a time, for each takes 60 bytes meanwhile."""
    if len(text) <= _PIECE:
        return words_of(text)
    found: list[str] = []
    start = 0
    while start < len(text):
        end = text.find(" ", start + _PIECE)
        end = len(text) if end < 0 else end
        found.append(words_of(text[start:end]))
        start = end
    return " ".join(filter(None, found))


def text_keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    """(n,) hashes of the canonical forms of texts: copies have the same, others but for chance not.

    Many texts are done at once.
    """
    parts = [_keys(texts[rows]) for rows in blocks(len(texts), _TEXTS_AT_ONCE)]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    words: dict[int, str] = {}  # of what is so long that it is neither joined nor read twice
    joined = "\n".join(texts)
    if not joined.isascii() or joined.count("\n") >= len(texts) or len(joined) > _PIECE:
        lines = _lines(texts)
        for place, text in enumerate(texts):
            if len(text) > _PIECE and len(lines[place]) > _LONG:
                words[place], lines[place] = lines[place], ""
        joined = "\n".join(lines)
    data = f"\n{joined}\n".encode(errors="surrogatepass").translate(_ASCII_WORDS)
    buffer = np.frombuffer(bytearray(data), np.uint8)
    _blank_loose_apostrophes(buffer)
    is_space = buffer == _SPACE
    is_space[:-1] &= is_space[1:] | (buffer[1:] == _LINE_FEED)  # one before each word stays
    buffer = buffer[1:][~is_space[1:]]
    ends = np.flatnonzero(buffer == _LINE_FEED)
    starts = np.append(0, ends[:-1] + 1)
    starts += buffer[starts] == _SPACE
    lengths = ends - starts
    padded = np.append(buffer, np.zeros(WORD_BYTES, np.uint8))
    keys = word_hashes(padded, starts, np.minimum(lengths, _LONG))
    for place in np.flatnonzero((lengths == 0) | (lengths > _LONG)).tolist():
        form = (words.get(place) or canonical(texts[place])).encode(errors="surrogatepass")
        keys[place] = int.from_bytes(content_key(form), "little")
    return keys


def joint_keys(sides: Sequence[Sequence[str]]) -> NDArray[np.uint64]:
    """(n,) the same of texts of one side or of pairs, (n,) each: both texts have to be copies."""
    first, *others = map(text_keys, sides)
    for keys in others:
        first = first * _ODD + keys
    return first


def holds_keys(known: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """(n,) which keys are among those that are `known`, sorted, one or more."""
    found: NDArray[np.bool_] = known[np.searchsorted(known[:-1], keys)] == keys
    return found


_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio


def _blank_loose_apostrophes(buffer: NDArray[np.uint8]) -> None:
    """Make spaces of the runs of apostrophes that are not within a word."""
    places = np.flatnonzero(buffer == _APOSTROPHE)
    if not len(places):
        return
    first = np.flatnonzero(np.diff(places, prepend=-2) > 1)
    lengths = np.diff(first, append=len(places))
    before, after = buffer[places[first] - 1], buffer[places[first] + lengths]
    loose = (before <= _SPACE) | (after <= _SPACE)
    buffer[places[loose.repeat(lengths)]] = _SPACE


def _lines(texts: Sequence[str]) -> list[str]:
    """Texts of the same keys without line feeds: short ASCII ones as they are, of others words."""
    lines = list(texts)
    beyond = []
    for place, text in enumerate(texts):
        if len(text) > _PIECE:
            lines[place] = _words(text)
        elif not text.isascii():
            beyond.append(place)
        if "\n" in text:
            lines[place] = lines[place].replace("\n", " ")
    if not beyond:
        return lines
    pieces = np.cumsum([len(texts[place]) for place in beyond]) // _PIECE
    for places in np.split(np.array(beyond, np.intp), np.flatnonzero(np.diff(pieces)) + 1):
        folded = composed_lines([lines[place] for place in places.tolist()]).casefold()
        for place, line in zip(
            places.tolist(), without_punctuation(folded.split("\n")), strict=True
        ):
            lines[place] = line
    return lines
