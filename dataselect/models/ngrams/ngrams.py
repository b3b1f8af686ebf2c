"""Hashed n-grams of whole batches of texts.

An n-gram's hash is a polynomial of its tokens' hashes, and its top bits name a bucket. The same
text gives the same buckets in every process, on every machine and in every batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.ngrams.tokens import (
    Tokens,
    character_tokens,
    plain_characters,
    word_spans,
    word_tokens,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Analyzer = Literal["word", "char"]

# Odd 64-bit multipliers: the golden ratio, and one found by Steele & Vigna (2021, table 4) to
# spread well in multiplicative hashing.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_CHAIN = np.uint64(0xAF251AF3B0F025B5)


_AT_ONCE = 1 << 20  # tokens: of a text of many megabytes no n-grams of more are held at once


class NgramColumns(NamedTuple):
    """`counts` (n, f) of n-grams; column j is `buckets[j]`, of n-grams of `orders[j]` or more.

    `totals` (n,) how many tokens a text has.
    """

    counts: csr_array
    buckets: NDArray[np.intp]
    orders: NDArray[np.intp]
    totals: NDArray[np.intp]


class _Occurrences(NamedTuple):
    """N-grams of one length: the token that each starts at, its text and its bucket, (t,)."""

    starts: NDArray[np.intp]
    rows: NDArray[np.int32]
    buckets: NDArray[np.int32]


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
            return word_tokens(texts, self.lowercase)
        return character_tokens(texts, self.lowercase)

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
        shape = (len(texts), 1 << self.bits)
        return reduce(add, (_counts(some, shape) for some in self._occurrences(self.tokens(texts))))

    def columns(self, texts: Sequence[str]) -> NgramColumns:
        """Counts of the n-grams of each text, with columns for the buckets that occur alone."""
        from scipy.sparse import csr_array

        tokens = self.tokens(texts)
        counts = csr_array((len(texts), 1 << self.bits))
        orders = np.full(1 << self.bits, self.order + 1, np.int8)
        for some in self._occurrences(tokens):
            own = _counts(some, counts.shape)
            counts = counts + own if counts.nnz else own
            for n, (_, _, found) in enumerate(some, start=1):
                orders[found] = np.minimum(orders[found], n)
        buckets = np.flatnonzero(orders <= self.order)
        column = np.zeros(1 << self.bits, np.int32)
        column[buckets] = np.arange(len(buckets))
        entries = counts.data, column[counts.indices], counts.indptr
        kept = csr_array(entries, shape=(len(texts), len(buckets)))
        return NgramColumns(kept, buckets, orders[buckets].astype(np.intp), np.diff(tokens.bounds))

    def _occurrences(self, tokens: Tokens) -> Iterator[list[_Occurrences]]:
        """Yield the n-grams of each length from 1 on: of many million tokens some at a time."""
        hashes, bounds = tokens
        for first in range(0, max(len(hashes), 1), _AT_ONCE):
            own = np.diff(bounds.clip(first, first + _AT_ONCE))
            rows = np.repeat(np.arange(len(own), dtype=np.int32), own)
            following = hashes[first : first + _AT_ONCE + self.order - 1]
            found = []
            for n, buckets in enumerate(self.buckets(following), start=1):
                within = np.ones(min(len(buckets), len(rows)), bool)
                within[crossing(bounds - first, n, len(within))] = False
                starts = np.flatnonzero(within)
                some = rows[starts], buckets[starts].astype(np.int32)
                found.append(_Occurrences(starts + first, *some))
            yield found

    def spellings(
        self, texts: Sequence[str], owners: NDArray[np.intp], buckets: NDArray[np.intp]
    ) -> list[str]:
        """(b,) the first of the shortest n-grams in each of `buckets` that text `owners` has."""
        read, rows = np.unique(owners, return_inverse=True)
        texts = [texts[row] for row in read.tolist()]
        tokens = self.tokens(texts)
        wanted, asked = np.unique(rows << self.bits | buckets, return_inverse=True)
        size = len(tokens.hashes)
        first = np.full(len(wanted), (self.order + 1) * size)  # n * size + its start
        for some in self._occurrences(tokens):
            for n, each in enumerate(some, start=1):
                keys = each.rows.astype(np.intp) << self.bits | each.buckets
                found = np.flatnonzero(np.isin(keys, wanted))
                codes = n * size + each.starts[found]
                np.minimum.at(first, wanted.searchsorted(keys[found]), codes)
        lengths, starts = np.divmod(first[asked], size)
        if self.analyzer == "char":
            characters, _ = plain_characters(texts, self.lowercase)
            spans = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
            return [characters[start:end] for start, end in spans]
        words = np.minimum(starts[:, None] + np.arange(self.order), size - 1)
        spelt = word_spans(texts, self.lowercase).spellings(words.ravel())
        places = zip(range(0, len(spelt), self.order), lengths.tolist(), strict=True)
        return [" ".join(spelt[start : start + n]) for start, n in places]

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
            return plain_characters([text], self.lowercase)[0]
        spans = word_spans([text], self.lowercase)
        return spans.spellings(np.arange(len(spans.starts)))


def _counts(some: Sequence[_Occurrences], shape: tuple[int, int]) -> csr_array:
    """How often each text has each bucket; with 32-bit indices, as scikit-learn wants them."""
    from scipy.sparse import csr_array

    rows = np.concatenate([np.empty(0, np.int32), *(each.rows for each in some)])
    columns = np.concatenate([np.empty(0, np.int32), *(each.buckets for each in some)])
    counts = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    counts.sum_duplicates()
    return counts


def crossing(ends: NDArray[np.intp], n: int, size: int) -> NDArray[np.intp]:
    """Positions among `size` n-grams where one starts before a text ends, and ends after that.

    `ends` of texts, ascending; those of other tokens do no harm.
    """
    backs = np.arange(1, n)
    first, last = ends.searchsorted([backs, size + backs])
    within = zip(first.tolist(), last.tolist(), strict=True)
    own = [ends[start:end] - back for back, (start, end) in enumerate(within, start=1)]
    return np.concatenate([np.empty(0, np.intp), *own])
