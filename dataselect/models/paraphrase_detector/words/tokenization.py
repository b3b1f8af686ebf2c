"""Words as the detector reads them: which are the same, what they are made of, how they look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import regex

from dataselect.models.encoders.word_features import word_features
from dataselect.models.ngrams.tokens import word_spans
from dataselect.models.normalization import composed
from dataselect.models.unicode_scripts import UNSPACED

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

SHAPES = 2
_LONG = 12  # characters; longer words all look as long
# Scripts that put no space between words: each letter, with its marks, is taken for a word.
_UNSPACED = regex.compile(rf"(?=[{UNSPACED}])\X", regex.VERSION1)


class Words(NamedTuple):
    """The words of a batch of texts, `w` distinct ones.

    Text i has the words `distinct[bounds[i]:bounds[i + 1]]`, numbered from 0. `spelled` (w,) in
    lower case; `hashes` (w,) ascending; `features` (w, f) count the word itself and its character
    n-grams; `shapes` (w, SHAPES).
    """

    spelled: list[str]
    hashes: NDArray[np.uint64]
    distinct: NDArray[np.intp]
    bounds: NDArray[np.intp]
    features: csr_array
    shapes: NDArray[np.float32]


def words_of(texts: Sequence[str]) -> Words:
    """The words of one or more texts, without case and punctuation."""
    spans = word_spans([spaced(text) for text in texts], lowercase=True)
    hashes, first, places = np.unique(spans.hashes(), return_index=True, return_inverse=True)
    spelled = spans.spellings(first)
    shapes = np.array([_shape(word) for word in spelled], np.float32).reshape(-1, SHAPES)
    return Words(spelled, hashes, places, spans.bounds, word_features(spelled, hashes), shapes)


def spaced(text: str) -> str:
    """A text with spaces around each character of a script that puts none between words."""
    return text if text.isascii() else _UNSPACED.sub(r" \g<0> ", composed(text))


def _shape(word: str) -> tuple[float, ...]:
    """Whether there is a digit, and the length."""
    return any(map(str.isdigit, word)), min(len(word), _LONG) / _LONG
