"""Texts as numbers of a vocabulary: any part of them can be taken, counted and trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.vocabulary import BEGIN, END, Vocabulary

# Stafford's variant 13 of the finaliser of MurmurHash3, as in SplitMix64 (Steele et al. 2014).
_MIXERS = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)
_SHIFTS = np.array([30, 27, 31], np.uint64)
_CHAIN = np.uint64(0x9E3779B97F4A7C15)  # odd: what multiplies by it keeps all its bits


@dataclass(frozen=True)
class TokenizedCorpus:
    """Texts in a row: `tokens` (t,) int32 as `Vocabulary.encode` gives them, 4 bytes a word.

    >>> corpus = Corpus.encoded([["play jazz", "play it", "play jazz"]], Vocabulary())
    >>> len(corpus), corpus.words, len(set(corpus.ngrams(2).tolist()))
    (3, 6, 2)
    """

    tokens: NDArray[np.int32]

    @classmethod
    def encoded(cls, batches: Iterable[Sequence[str]], vocabulary: Vocabulary) -> TokenizedCorpus:
        """All texts; words that are new join the vocabulary."""
        return cls.joined(vocabulary.encode(batch, grow=True) for batch in batches)

    @classmethod
    def joined(cls, parts: Iterable[NDArray[np.int32]]) -> TokenizedCorpus:
        """The texts of several arrays of tokens."""
        return cls(np.concatenate([np.empty(0, np.int32), *parts]))

    def __len__(self) -> int:
        """How many texts."""
        return len(self._begins)

    @property
    def words(self) -> int:
        """How many words, markers left out."""
        return len(self.tokens) - 2 * len(self)

    @cached_property
    def _begins(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.tokens == BEGIN)

    @cached_property
    def _lengths(self) -> NDArray[np.intp]:
        return np.diff(self._begins, append=len(self.tokens))

    def part(self, kept: NDArray[np.bool_]) -> TokenizedCorpus:
        """The texts of a mask, (n,)."""
        return TokenizedCorpus(self.tokens[np.repeat(kept, self._lengths)])

    def texts(self, vocabulary: Vocabulary) -> list[str]:
        """The texts themselves, with one space between words."""
        words = vocabulary.words
        spelled = [words[token] for token in self.tokens.tolist()]
        ends = self._begins + self._lengths - 1
        bounds = zip((self._begins + 1).tolist(), ends.tolist(), strict=True)
        return [b" ".join(spelled[begin:end]).decode() for begin, end in bounds]

    def keys(self) -> NDArray[np.uint64]:
        """(n,) a hash of each text, equal for the same words in the same order."""
        if not len(self):
            return np.empty(0, np.uint64)
        places = np.arange(len(self.tokens)) - np.repeat(self._begins, self._lengths)
        return np.add.reduceat(_mixed(_mixed(self.tokens) + places.view(np.uint64)), self._begins)

    def copies_of(self, other: TokenizedCorpus) -> int:
        """How many of the texts another corpus has, too."""
        return int(np.isin(self.keys(), other.keys()).sum())

    def ngrams(self, n: int) -> NDArray[np.int64]:
        """(m,) a hash of each run of `n` words inside one text, in order, without markers."""
        starts = self._starts(n)
        words = _mixed(self.tokens)
        found = words[starts]
        for place in range(1, n):
            found = found * _CHAIN + words[starts + place]
        return found.view(np.int64)

    def word_numbers(self) -> NDArray[np.intp]:
        """(m,) which word of the vocabulary each of `ngrams(1)` is."""
        return self.tokens[self._starts(1)].astype(np.intp)

    def text_numbers(self, n: int) -> NDArray[np.intp]:
        """(m,) which text each of `ngrams(n)` is in."""
        return np.repeat(np.arange(len(self)), np.maximum(self._lengths - 2 - (n - 1), 0))

    def _starts(self, n: int) -> NDArray[np.intp]:
        """(m,) where the runs of `n` words begin among the tokens."""
        is_word = (self.tokens != BEGIN) & (self.tokens != END)
        inside = is_word[: max(len(is_word) - n + 1, 0)].copy()
        for place in range(1, n):
            inside &= is_word[place : place + len(inside)]
        return np.flatnonzero(inside)


def drawn(total: int, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(total,) a mask of `count` texts drawn at random, for `TokenizedCorpus.part`."""
    mask = np.zeros(total, bool)
    mask[rng.choice(total, count, replace=False)] = True
    return mask


def _mixed(values: NDArray[np.int32] | NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers spread over 64 bits, each to a number of its own."""
    found = values.astype(np.uint64) + _CHAIN
    for mixer, shift in zip(_MIXERS, _SHIFTS, strict=False):
        found ^= found >> shift
        found *= mixer
    found ^= found >> _SHIFTS[2]
    return found
