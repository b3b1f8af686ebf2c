"""Hashed words and characters of whole batches of texts, without a Python loop over words.

The same text gives the same hashes in every process, on every machine and in every batch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.normalization import composed_lines, lowered

# An odd 64-bit multiplier, found by Steele & Vigna (2021, table 4) to spread well.
_TOKEN = np.uint64(0xD1342543DE82EF95)
_FOLD = np.uint64(32)

_NEWLINE, _SPACE, _APOSTROPHE = b"\n '"
_LOW_APOSTROPHE = 1
WORD_BYTES = 8
_PADDING = "\0" * WORD_BYTES
# _KEEP_LOW[k] keeps the k first bytes of eight that were read little-endian.
_KEEP_LOW = np.array([(1 << 8 * k) - 1 for k in range(WORD_BYTES + 1)], dtype=np.uint64)


def _is_separator(character: str) -> bool:
    """Whether a character ends a word: white space, control characters, punctuation.

    Letters, marks (Hindi vowel signs), digits, symbols and joiners belong to words.
    """
    return character == "_" or unicodedata.category(character) in _SEPARATORS


_SEPARATORS = frozenset(("Zs", "Zl", "Zp", "Cc", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"))
_ASCII = bytes(range(128))
# For `bytes.translate`: separators become spaces, apostrophes and line feeds stay below them.
# Bytes of UTF-8 sequences (128 and up) belong to words: _plain has replaced the other separators.
_CASED = bytearray(_SPACE if b < 128 and _is_separator(chr(b)) else b for b in range(256))
_CASED[_NEWLINE], _CASED[_APOSTROPHE] = _NEWLINE, _LOW_APOSTROPHE
_LOWERED = _CASED.lower()


@lru_cache(maxsize=1 << 14)
def _plain_character(character: str) -> str:
    if character in "\u2019\u02bc":
        return "'"
    return " " if _is_separator(character) else character


def _plain(texts: Sequence[str], lowercase: bool) -> bytes:
    """All texts in UTF-8, a line feed before and after each, and eight bytes more.

    Separators are made ASCII, which keeps its case. Line feeds within texts are left in.
    """
    joined = "\n".join(["", *texts, _PADDING])
    if not joined.isascii():
        texts = list(texts)
        odd = [place for place, text in enumerate(texts) if not text.isascii()]
        plain = _plain_beyond_ascii(_without_line_feeds([texts[p] for p in odd]), lowercase)
        for place, text in zip(odd, plain, strict=True):
            texts[place] = text
        joined = "\n".join(["", *texts, _PADDING])
    return joined.encode()


def _plain_beyond_ascii(texts: Sequence[str], lowercase: bool) -> list[str]:
    """Texts without line feeds, composed, with separators made ASCII.

    Slow for each character, so it is given only the texts that need it.
    """
    joined = composed_lines(texts)
    for character in set(joined.encode().translate(None, _ASCII).decode()):
        if (plain := _plain_character(character)) != character:
            joined = joined.replace(character, plain)
    return (lowered(joined) if lowercase else joined).split("\n")


def _without_line_feeds(texts: Sequence[str]) -> list[str]:
    return [text.replace("\n", " ") if "\n" in text else text for text in texts]


class Tokens(NamedTuple):
    """Tokens of a batch: `hashes` (t,) uint64; text i owns `bounds[i]` to `bounds[i + 1]`."""

    hashes: NDArray[np.uint64]
    bounds: NDArray[np.intp]


class Spans(NamedTuple):
    """Words of a batch: word i has `sizes[i]` bytes of `buffer` from `starts[i]` on, in UTF-8.

    Text j owns words `bounds[j]` to `bounds[j + 1]`.
    """

    buffer: NDArray[np.uint8]
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]
    bounds: NDArray[np.intp]

    def hashes(self) -> NDArray[np.uint64]:
        return word_hashes(self.buffer, self.starts, self.sizes)

    def between(self, first: int, last: int) -> Spans:
        """Some of the words, with the same texts."""
        own = slice(first, last)
        return Spans(
            self.buffer, self.starts[own], self.sizes[own], self.bounds.clip(first, last) - first
        )

    def spellings(self, words: NDArray[np.intp]) -> list[str]:
        """Some of the words as strings."""
        starts, ends = self.starts[words], self.starts[words] + self.sizes[words]
        first = starts.min(initial=len(self.buffer))
        data = self.buffer[first : ends.max(initial=0)].tobytes()
        starts -= first
        ends -= first
        places = zip(starts.tolist(), ends.tolist(), strict=True)
        return [data[start:end].decode() for start, end in places]


def word_spans(texts: Sequence[str], lowercase: bool) -> Spans:
    """Where the words of a batch are, once it is composed (`normalization.composed`)."""
    buffer = _separated(texts, lowercase)
    found = list(_pieces(buffer))
    feeds = np.concatenate([each.feeds for each in found])
    if len(feeds) > len(texts):
        return word_spans(_without_line_feeds(texts), lowercase)
    starts = np.concatenate([each.starts for each in found])
    bounds = np.append(0, starts.searchsorted(feeds))
    return Spans(buffer, starts, np.concatenate([each.sizes for each in found]), bounds)


def word_tokens(texts: Sequence[str], lowercase: bool) -> Tokens:
    """The words of a batch, hashed; of a text of many megabytes nothing larger is held."""
    buffer = _separated(texts, lowercase)
    hashes = np.empty(len(buffer) // 2, np.uint64)  # no more words than that
    words, bounds = 0, [np.zeros(1, np.intp)]
    for starts, sizes, feeds in _pieces(buffer):
        bounds.append(starts.searchsorted(feeds) + words)
        hashes[words : words + len(starts)] = word_hashes(buffer, starts, sizes)
        words += len(starts)
    found = np.concatenate(bounds)
    if len(found) > len(texts) + 1:
        return word_tokens(_without_line_feeds(texts), lowercase)
    return Tokens(hashes[:words], found)


def _separated(texts: Sequence[str], lowercase: bool) -> NDArray[np.uint8]:
    """`_plain` texts with separators as spaces; apostrophes are _LOW_APOSTROPHE."""
    table = _LOWERED if lowercase else _CASED
    return np.frombuffer(bytearray(_plain(texts, lowercase).translate(table)), np.uint8)


class _Piece(NamedTuple):
    """Where words start, how many bytes they have, and where texts end."""

    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]
    feeds: NDArray[np.intp]


def _pieces(buffer: NDArray[np.uint8]) -> Iterator[_Piece]:
    """Yield the words of `_separated` texts, some at a time, none of them divided.

    Makes apostrophes of those that are letters, as in "don't"; elsewhere they are quote marks.
    """
    first = 0
    while first < len(buffer) - WORD_BYTES:
        last = _space_from(buffer, first + _AT_ONCE)
        piece = buffer[first : last + 1]  # with a byte before its words and one after
        is_word = piece > _SPACE
        low = np.flatnonzero(piece[1:-1] < _SPACE)
        low += 1
        kinds = piece[low]
        inner = low[kinds == _LOW_APOSTROPHE]
        inner = inner[is_word[inner - 1] & is_word[inner + 1]]
        is_word[inner], piece[inner] = True, _APOSTROPHE
        edges = np.flatnonzero(is_word[1:] != is_word[:-1])
        edges += first + 1
        starts = np.ascontiguousarray(edges[::2])
        yield _Piece(starts, edges[1::2] - starts, low[kinds == _NEWLINE] + first)
        first = last


def _space_from(buffer: NDArray[np.uint8], place: int) -> int:
    """Where the next space is; there is one after all texts."""
    while place < len(buffer):
        own = buffer[place : place + _AT_ONCE] == _SPACE
        if own.any():
            return place + int(own.argmax())
        place += _AT_ONCE
    return len(buffer) - WORD_BYTES


def word_hashes(
    buffer: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """(w,) hash of each word: eight bytes at a time, read as little-endian integers.

    At least eight bytes have to follow the last word.
    """
    if len(starts) <= _AT_ONCE:
        return _hashes(buffer, starts, lengths)
    hashes = np.empty(len(starts), np.uint64)
    for first in range(0, len(starts), _AT_ONCE):
        own = slice(first, first + _AT_ONCE)
        hashes[own] = _hashes(buffer, starts[own], lengths[own])
    return hashes


def _hashes(
    buffer: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    if len(buffer) > _SMALL and len(starts):
        begin, end = starts.min(), (starts + lengths).max() + WORD_BYTES
        buffer, starts = buffer[begin:end], starts - begin
    windows = np.ndarray(len(buffer) - WORD_BYTES + 1, dtype="<u8", buffer=buffer, strides=(1,))
    # `take` copies all windows, eight times the buffer: of a small one that is the faster way.
    hashes = windows.take(starts) if len(buffer) <= _SMALL else windows[starts]
    hashes &= _KEEP_LOW.take(lengths, mode="clip")
    hashes *= _TOKEN
    offset = WORD_BYTES
    longer = np.flatnonzero(lengths > offset)
    while longer.size > _FEW:
        rest = windows[starts[longer] + offset]
        rest &= _KEEP_LOW[np.minimum(lengths[longer] - offset, WORD_BYTES)]
        part = hashes[longer]
        part ^= part >> _FOLD
        hashes[longer] = (part + rest) * _TOKEN
        offset += WORD_BYTES
        longer = longer[lengths[longer] > offset]
    view = memoryview(buffer)  # type: ignore[arg-type]  # an array is a buffer
    for word in longer.tolist():
        start = int(starts[word])
        long = view[start + offset : start + int(lengths[word])]
        hashes[word] = _hash_on(int(hashes[word]), long)
    hashes ^= hashes >> _FOLD
    return hashes


_AT_ONCE = 1 << 18  # bytes, or words: of a text of many megabytes nothing larger is made meanwhile
_SMALL = 1 << 20  # bytes
_FEW = 16  # so many words are hashed faster one by one; a single one may have millions of bytes


def _hash_on(value: int, rest: memoryview) -> int:
    """What `word_hashes` does to one word, from a hash of its beginning on."""
    for start in range(0, len(rest), WORD_BYTES):
        piece = int.from_bytes(rest[start : start + WORD_BYTES], "little")
        value = ((value ^ value >> 32) + piece) * int(_TOKEN) & _MASK
    return value


_MASK = (1 << 64) - 1


def character_tokens(texts: Sequence[str], lowercase: bool) -> Tokens:
    """The characters of a batch, hashed; of a text of many megabytes nothing larger is held."""
    characters, bounds = plain_characters(texts, lowercase)
    hashes = np.empty(len(characters), np.uint64)
    for first in range(0, len(characters), _AT_ONCE):
        own = slice(first, first + _AT_ONCE)
        hashes[own] = character_hashes(characters[own])
    return Tokens(hashes, bounds)


def character_hashes(characters: str) -> NDArray[np.uint64]:
    """(len(characters),) hash of each character."""
    hashes = np.frombuffer(characters.encode("utf-32-le"), dtype="<u4") * _TOKEN
    hashes ^= hashes >> _FOLD
    return hashes


def plain_characters(texts: Sequence[str], lowercase: bool) -> tuple[str, NDArray[np.intp]]:
    """The characters of all texts, runs of white space as one space, and each text's bounds."""
    encoded = _plain(texts, lowercase)
    lines = (encoded.lower() if lowercase else encoded).decode().split("\n")[1:-1]
    if len(lines) > len(texts):
        return plain_characters(_without_line_feeds(texts), lowercase)
    cleaned = [_single_spaced(line) for line in lines]
    bounds = np.zeros(len(cleaned) + 1, dtype=np.intp)
    np.cumsum([len(line) for line in cleaned], out=bounds[1:])
    return "".join(cleaned), bounds


def _single_spaced(line: str) -> str:
    if len(line) <= _AT_ONCE:
        return " ".join(line.split())
    whole_words = re.finditer(rf"(?s:.{{1,{_AT_ONCE}}})\S*", line)
    return " ".join(filter(None, (" ".join(piece.group().split()) for piece in whole_words)))
