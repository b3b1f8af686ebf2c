"""Hashed n-grams of whole batches of texts, without a Python loop over words.

A text becomes a sequence of 64-bit token hashes (words or characters); an n-gram's hash is a
polynomial of its tokens' hashes, and its top bits name a bucket. The same text gives the same
buckets in every process, on every machine and in every batch.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.normalization import composed_lines, lowered

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Analyzer = Literal["word", "char"]

# Odd 64-bit multipliers: the golden ratio, and two found by Steele & Vigna (2021, table 4) to
# spread well in multiplicative hashing.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_TOKEN = np.uint64(0xD1342543DE82EF95)
_CHAIN = np.uint64(0xAF251AF3B0F025B5)
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
    return [text.replace("\n", " ") for text in texts]


class Tokens(NamedTuple):
    """Tokens of a batch: `hashes` (t,) uint64; text i owns `bounds[i]` to `bounds[i + 1]`."""

    hashes: NDArray[np.uint64]
    bounds: NDArray[np.intp]


class Spans(NamedTuple):
    """Words of a batch: word i is `buffer[starts[i]:ends[i]]`, in UTF-8 without separators.

    Text j owns words `bounds[j]` to `bounds[j + 1]`.
    """

    buffer: NDArray[np.uint8]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    bounds: NDArray[np.intp]

    def hashes(self) -> NDArray[np.uint64]:
        return word_hashes(self.buffer, self.starts, self.ends - self.starts)

    def spellings(self, words: NDArray[np.intp]) -> list[str]:
        """Some of the words as strings."""
        data = self.buffer.tobytes()
        places = zip(self.starts[words].tolist(), self.ends[words].tolist(), strict=True)
        return [data[start:end].decode() for start, end in places]


def word_spans(texts: Sequence[str], lowercase: bool) -> Spans:
    """Where the words of a batch are, once it is composed (`normalization.composed`)."""
    data = _plain(texts, lowercase).translate(_LOWERED if lowercase else _CASED)
    buffer = np.frombuffer(bytearray(data), np.uint8)
    is_word = buffer > _SPACE
    low = np.flatnonzero(buffer < _SPACE)
    kinds = buffer[low]
    feeds = low[kinds == _NEWLINE]
    if len(feeds) > len(texts) + 1:
        return word_spans(_without_line_feeds(texts), lowercase)
    inner = low[kinds == _LOW_APOSTROPHE]  # a letter in "don't", a quote mark elsewhere
    inner = inner[is_word[inner - 1] & is_word[inner + 1]]
    is_word[inner], buffer[inner] = True, _APOSTROPHE
    changes = np.zeros(len(buffer), bool)
    np.not_equal(is_word[1:], is_word[:-1], out=changes[1:])
    starts, ends = np.ascontiguousarray(np.flatnonzero(changes).reshape(-1, 2).T)
    bounds = np.searchsorted(starts, feeds)
    return Spans(buffer, starts, ends, bounds)


def word_hashes(
    buffer: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """(w,) hash of each word: eight bytes at a time, read as little-endian integers.

    At least eight bytes have to follow the last word.
    """
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


_SMALL = 1 << 20  # bytes
_FEW = 16  # so many words are hashed faster one by one; a single one may have millions of bytes


def _hash_on(value: int, rest: memoryview) -> int:
    """What `word_hashes` does to one word, from a hash of its beginning on."""
    for start in range(0, len(rest), WORD_BYTES):
        piece = int.from_bytes(rest[start : start + WORD_BYTES], "little")
        value = ((value ^ value >> 32) + piece) * int(_TOKEN) & _MASK
    return value


_MASK = (1 << 64) - 1


def character_hashes(characters: str) -> NDArray[np.uint64]:
    """(len(characters),) hash of each character."""
    hashes = np.frombuffer(characters.encode("utf-32-le"), dtype="<u4") * _TOKEN
    hashes ^= hashes >> _FOLD
    return hashes


def _characters(texts: Sequence[str], lowercase: bool) -> tuple[str, NDArray[np.intp]]:
    """The characters of all texts, runs of separators as one space, and each text's bounds."""
    encoded = _plain(texts, lowercase)
    lines = (encoded.lower() if lowercase else encoded).decode().split("\n")[1:-1]
    if len(lines) > len(texts):
        return _characters(_without_line_feeds(texts), lowercase)
    cleaned = [" ".join(line.split()) for line in lines]
    bounds = np.zeros(len(cleaned) + 1, dtype=np.intp)
    np.cumsum([len(line) for line in cleaned], out=bounds[1:])
    return "".join(cleaned), bounds


class NgramColumns(NamedTuple):
    """`counts` (n, f) of n-grams; column j is `buckets[j]`, of n-grams of `orders[j]` or more."""

    counts: csr_array
    buckets: NDArray[np.intp]
    orders: NDArray[np.intp]


@dataclass(frozen=True)
class Ngrams:
    """What counts as an n-gram: words or characters, up to `order`, hashed to 2**`bits` buckets."""

    order: int = 3
    analyzer: Analyzer = "word"
    lowercase: bool = True
    bits: int = 22

    @cached_property
    def _shift(self) -> np.uint64:
        return np.uint64(64 - self.bits)

    def tokens(self, texts: Sequence[str]) -> Tokens:
        if not texts:
            return Tokens(np.empty(0, np.uint64), np.zeros(1, np.intp))
        if self.analyzer == "word":
            spans = word_spans(texts, self.lowercase)
            return Tokens(spans.hashes(), spans.bounds)
        characters, bounds = _characters(texts, self.lowercase)
        return Tokens(character_hashes(characters), bounds)

    def buckets(self, hashes: NDArray[np.uint64]) -> Iterator[NDArray[np.intp]]:
        """Yield, for n = 1 to `order`, the buckets of the n-grams that start at each token.

        The array for n is n - 1 shorter than `hashes`, and holds n-grams that cross from one text
        into the next: see `crossing`.
        """
        spread = hashes * _GOLDEN
        chain = spread
        for n in range(1, self.order + 1):
            if n > 1:
                if len(hashes) < n:
                    return
                chain = chain[:-1] * _CHAIN
                chain += spread[n - 1 :]
            yield (chain >> self._shift).view(np.int64)

    def matrix(self, texts: Sequence[str]) -> csr_array:
        """Counts of the n-grams of each text, (len(texts), 2**bits) sparse float64."""
        rows, buckets, _ = self._occurrences(texts)
        return _counts(rows, buckets, (len(texts), 1 << self.bits))

    def columns(self, texts: Sequence[str]) -> NgramColumns:
        """Counts of the n-grams of each text, with columns for the buckets that occur alone."""
        rows, found, sizes = self._occurrences(texts)
        column = np.zeros(1 << self.bits, np.int32)
        column[found] = 1
        buckets = np.flatnonzero(column)
        column[buckets] = np.arange(len(buckets))
        columns = column[found]
        orders = np.empty(len(buckets), np.intp)
        orders[columns[::-1]] = np.repeat(np.arange(1, len(sizes) + 1), sizes)[::-1]
        return NgramColumns(_counts(rows, columns, (len(texts), len(buckets))), buckets, orders)

    def _occurrences(
        self, texts: Sequence[str]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], list[int]]:
        """(t,) text and (t,) bucket of every n-gram, by n, and how many there are of each n."""
        tokens = self.tokens(texts)
        owners = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(tokens.bounds))
        rows, columns = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        for n, buckets in enumerate(self.buckets(tokens.hashes), start=1):
            within = np.ones(len(buckets), bool)
            within[crossing(tokens.bounds, n, len(buckets))] = False
            rows.append(owners[: len(buckets)][within])
            columns.append(buckets[within].astype(np.int32))
        return np.concatenate(rows), np.concatenate(columns), [len(own) for own in rows[1:]]

    def strings(self, text: str) -> list[tuple[int, str]]:
        """Bucket and spelling of every n-gram of one text, shortest first."""
        tokens = self.tokens([text])
        spellings = self._spellings(text)
        glue = " " if self.analyzer == "word" else ""
        return [
            (int(bucket), glue.join(spellings[start : start + n]))
            for n, buckets in enumerate(self.buckets(tokens.hashes), start=1)
            for start, bucket in enumerate(buckets)
        ]

    def _spellings(self, text: str) -> Sequence[str]:
        if self.analyzer == "char":
            return _characters([text], self.lowercase)[0]
        spans = word_spans([text], self.lowercase)
        return spans.spellings(np.arange(len(spans.starts)))


def _counts(
    rows: NDArray[np.int32], columns: NDArray[np.int32], shape: tuple[int, int]
) -> csr_array:
    """How often each row has each column; with 32-bit indices, as scikit-learn wants them."""
    from scipy.sparse import csr_array

    counts = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    counts.sum_duplicates()
    return counts


def crossing(bounds: NDArray[np.intp], n: int, size: int) -> NDArray[np.intp]:
    """Positions among `size` n-grams where one starts in one text and ends in another."""
    ends = bounds[1:-1]
    first, last = ends.searchsorted([np.arange(1, n), size + np.arange(1, n)])
    within = zip(first.tolist(), last.tolist(), strict=True)
    own = [ends[start:end] - back for back, (start, end) in enumerate(within, start=1)]
    return np.concatenate([np.empty(0, np.intp), *own])
