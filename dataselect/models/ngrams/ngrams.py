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
    character_hashes,
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
            return word_tokens(texts, self.lowercase)
        characters, bounds = plain_characters(texts, self.lowercase)
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
        shape = (len(texts), 1 << self.bits)
        return reduce(add, (_counts(rows, own, shape) for rows, own, _ in self._occurrences(texts)))

    def columns(self, texts: Sequence[str]) -> NgramColumns:
        """Counts of the n-grams of each text, with columns for the buckets that occur alone."""
        from scipy.sparse import csr_array

        counts = csr_array((len(texts), 1 << self.bits))
        orders = np.full(1 << self.bits, self.order + 1, np.int8)
        for rows, found, sizes in self._occurrences(texts):
            own = _counts(rows, found, counts.shape)
            counts = counts + own if counts.nnz else own
            for n, of_order in enumerate(np.split(found, np.cumsum(sizes)[:-1]), start=1):
                orders[of_order] = np.minimum(orders[of_order], n)
        buckets = np.flatnonzero(orders <= self.order)
        column = np.zeros(1 << self.bits, np.int32)
        column[buckets] = np.arange(len(buckets))
        entries = counts.data, column[counts.indices], counts.indptr
        kept = csr_array(entries, shape=(len(texts), len(buckets)))
        return NgramColumns(kept, buckets, orders[buckets].astype(np.intp))

    def _occurrences(
        self, texts: Sequence[str]
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], list[int]]]:
        """Yield (t,) text and (t,) bucket of every n-gram, by n, and how many there are of each n.

        Of a text of many megabytes some at a time.
        """
        hashes, bounds = self.tokens(texts)
        owners = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(bounds))
        for first in range(0, max(len(hashes), 1), _AT_ONCE):
            rows, columns = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
            own = owners[first : first + _AT_ONCE]
            following = hashes[first : first + _AT_ONCE + self.order - 1]
            for n, buckets in enumerate(self.buckets(following), start=1):
                within = np.ones(min(len(buckets), len(own)), bool)
                within[crossing(bounds - first, n, len(within))] = False
                rows.append(own[: len(within)][within])
                columns.append(buckets[: len(within)][within].astype(np.int32))
            yield np.concatenate(rows), np.concatenate(columns), [len(each) for each in rows[1:]]

    def spellings(self, text: str, buckets: NDArray[np.intp]) -> dict[int, str]:
        """Some of the buckets of a text, each with its first of the shortest n-grams."""
        first: dict[int, tuple[int, int]] = {}
        for n, own in enumerate(self.buckets(self.tokens([text]).hashes), start=1):
            places = np.flatnonzero(np.isin(own, buckets))
            found, indices = np.unique(own[places], return_index=True)
            for bucket, place in zip(found.tolist(), places[indices].tolist(), strict=True):
                first.setdefault(bucket, (place, place + n))
        if self.analyzer == "char":
            characters, _ = plain_characters([text], self.lowercase)
            return {bucket: characters[start:end] for bucket, (start, end) in first.items()}
        spans = word_spans([text], self.lowercase)
        return {
            bucket: " ".join(spans.spellings(np.arange(*place))) for bucket, place in first.items()
        }

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


def _counts(
    rows: NDArray[np.int32], columns: NDArray[np.int32], shape: tuple[int, int]
) -> csr_array:
    """How often each row has each column; with 32-bit indices, as scikit-learn wants them."""
    from scipy.sparse import csr_array

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
