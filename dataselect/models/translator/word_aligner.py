"""Which words of a text and its translation say the same, learnt from pairs.

IBM model 1 (Brown et al. 1993) in both directions, with a prior for words at about the same place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from dataselect.errors import InputError
from dataselect.models.normalization import composed
from dataselect.models.unicode_scripts import UNSPACED

MOST_PAIRS = 50_000  # of more, more memory than use
_ROUNDS = 8
_DISTANCE = 2.0  # weight of the distance, in shares of the lengths
_UNSEEN = 1e-7
_WORD = regex.compile(rf"(?=[{UNSPACED}])\X|(?:(?![{UNSPACED}])\w)+|[^\w\s]", regex.VERSION1)


class TextWords(NamedTuple):
    """The words of a text, in lower case, and where they stand. Scripts without spaces: letters."""

    words: list[str]
    spans: list[tuple[int, int]]

    @classmethod
    def of(cls, text: str) -> TextWords:
        """The words of a text."""
        found = list(_WORD.finditer(text))
        return cls([composed(each[0].lower()) for each in found], [each.span() for each in found])


class WordAligner:
    """Probabilities of words given a word of the other language.

    >>> pairs = [("das haus", "the house"), ("das buch", "the book"), ("ein buch", "a book")] * 3
    >>> aligner = WordAligner(pairs)
    >>> aligner.shares(["das", "buch"], ["the", "book"]).by_target.round().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Learn from pairs of text and translation. Raises InputError where none has words."""
        split = [(TextWords.of(src).words, TextWords.of(tgt).words) for src, tgt in pairs]
        if not any(src and tgt for src, tgt in split):
            raise InputError("no pair has words on both sides; give a few hundred that do")
        self._forward = _Lexicon(split)
        self._backward = _Lexicon([(tgt, src) for src, tgt in split])

    def shares(self, source: Sequence[str], target: Sequence[str]) -> Shares:
        """How much of each word is explained by each of the other side."""
        forward = self._forward.shares(source, target)
        return Shares(forward, self._backward.shares(target, source).T)


class Shares(NamedTuple):
    """(source, target) shares: `by_target` columns, `by_source` rows sum to 1 or less.

    The rest is what no word explains.
    """

    by_target: NDArray[np.float64]
    by_source: NDArray[np.float64]

    @property
    def joint(self) -> NDArray[np.float64]:
        """Geometric mean of both."""
        found: NDArray[np.float64] = np.sqrt(self.by_target * self.by_source)
        return found


class _Lexicon:
    """Of one direction: probability of a word given one of the other side, or given nothing."""

    def __init__(self, pairs: Sequence[tuple[list[str], list[str]]]) -> None:
        self._given: dict[str, int] = {}
        self._words: dict[str, int] = {}
        keys, priors, columns = [], [], []
        first = 0
        for given, words in pairs:
            if not given or not words:
                continue
            rows = [0, *(self._given.setdefault(word, len(self._given) + 1) for word in given)]
            own = [self._words.setdefault(word, len(self._words)) for word in words]
            keys.append(np.add.outer(np.array(rows, np.int64) << 32, np.array(own)).ravel())
            priors.append(_prior(len(given), len(words)).ravel())
            columns.append(np.tile(np.arange(first, first + len(own)), len(rows)))
            first += len(own)
        cells = np.concatenate(keys)
        self._keys, places = np.unique(cells, return_inverse=True)
        self._values = np.ones(len(self._keys))
        self._fit(places, np.concatenate(priors), np.concatenate(columns))

    def _fit(
        self, places: NDArray[np.intp], priors: NDArray[np.float64], columns: NDArray[np.intp]
    ) -> None:
        _, rows = np.unique(self._keys >> 32, return_inverse=True)
        for _ in range(_ROUNDS):
            cells = self._values[places] * priors
            cells /= np.bincount(columns, cells)[columns]
            counts = np.bincount(places, cells, len(self._keys))
            self._values = counts / np.bincount(rows, counts)[rows]

    def shares(self, given: Sequence[str], words: Sequence[str]) -> NDArray[np.float64]:
        """(given, words) how much each explains of a word; a name that is nowhere is itself."""
        rows = np.array([0, *(self._given.get(word, -1) for word in given)], np.int64)
        own = np.array([self._words.get(word, -1) for word in words], np.int64)
        keys = np.add.outer(rows << 32, own)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        unknown = (rows < 0)[:, None] | (own < 0)
        known = (self._keys[places] == keys) & ~unknown
        found = np.where(known, self._values[places], 0) + _UNSEEN
        same = np.array(
            [[False] * len(words), *([one == other for other in words] for one in given)]
        )
        found[same & unknown] = 1
        found *= _prior(len(given), len(words))
        shares: NDArray[np.float64] = (found / found.sum(0))[1:]
        return shares


def _prior(given: int, words: int) -> NDArray[np.float64]:
    """(1 + given, words) weights of places, of nothing first."""
    rows, columns = np.arange(given) / given, np.arange(words) / words
    near = np.exp(-_DISTANCE * np.abs(np.subtract.outer(rows, columns)))
    return np.concatenate((np.ones((1, words)), near))
