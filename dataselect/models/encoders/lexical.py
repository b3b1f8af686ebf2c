"""The default encoder: hashed words and character n-grams, TF-IDF, truncated SVD.

It is fitted on the spot (latent semantic analysis, Deerwester et al. 1990), for any language and
script. Because every feature belongs to a word, a text's vector is the sum of its words' vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

import numpy as np
from numpy.typing import NDArray

from dataselect.documents import typed
from dataselect.errors import InputError
from dataselect.models.encoders.exact_sums import SummableRows, exact_sums, unrounded_sums
from dataselect.models.encoders.word_features import BITS, LONGEST, SHORTEST, word_features
from dataselect.models.encoders.word_sums import WordSums, check_sound, rounded
from dataselect.models.ngrams.tokens import Spans, word_spans
from dataselect.models.sparse import inverse_document_frequency, singular_vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Found with five German corpora, each in turn hidden among the others: mean average precision
# 0.691 for an exponent of 1, 0.697 for 1.5, 0.700 for 2 and 0.696 for 2.5.
_IDF_POWER = 2.0
# With BConTrasT hidden, 128, 256 and 384 dimensions give 0.950, 0.959 and 0.963 for all in-domain
# sentences, and 0.941, 0.945 and 0.944 for 500.
DIMENSION = 256
# Above this many texts, features that occur in one only are left out: they relate no two texts.
_SINGLETONS_MATTER_UP_TO = 1_000
_POWER_ITERATIONS = 2  # of the randomised SVD
_RANK_TOLERANCE = 1e-5  # of the largest singular value: below it is rounding of float32
_WORDS_AT_ONCE = 1 << 16  # likewise, where texts are long: 64 MiB of vectors
_FITTED_AT_ONCE = 1 << 19  # words: of so many different ones the features take 200 MiB
_SLOT_BITS = 16
_SLOTS = 1 << _SLOT_BITS  # words whose vectors are remembered: 64 MiB at 256 dimensions


class _About(TypedDict):
    bits: int
    ngrams: list[int]
    scale: float


@dataclass(frozen=True, eq=False)
class Lexical(WordSums):
    """Sums of word vectors, each the sum of the vectors of its features: `table` (2**BITS, d)."""

    kind: ClassVar[str] = "lexical"
    texts_at_once: ClassVar[int] = 4_096

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        *,
        dimension: int = DIMENSION,
        rng: np.random.Generator | None = None,
    ) -> Lexical:
        """Learn from texts; fewer dimensions where they do not span as many.

        >>> encoder = Lexical.fit(["play adele", "play some jazz", "it rained"])
        >>> encoder.encode(["play it", "..."], unit=True).shape
        (2, 3)

        Raises InputError if no text has a word.
        """
        from scipy.sparse import diags_array

        counts = _features(texts)
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        rarest = 1 if len(texts) <= _SINGLETONS_MATTER_UP_TO else 2
        used = np.flatnonzero(frequency >= rarest)
        if not used.size:
            raise InputError(
                f"the text to fit an encoder on ({len(texts)} records) has no words; give more"
            )
        counts = counts[:, used.astype(np.int32)]
        weights = (inverse_document_frequency(counts) ** _IDF_POWER).astype(np.float32)
        weighted = counts @ diags_array(weights)
        vectors = _directions(weighted, dimension, rng or np.random.default_rng(0))
        vectors *= weights[:, None]
        table = np.zeros((1 << BITS, vectors.shape[1]), np.int16)
        table[used], scale = rounded(vectors)
        return cls(table, scale)

    def about(self) -> dict[str, Any]:
        return {"kind": self.kind, "bits": BITS, "ngrams": [SHORTEST, LONGEST], "scale": self.scale}

    @classmethod
    def restore(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Lexical:
        """The encoder of a saved model. Raises ValueError, KeyError or TypeError if it is not."""
        encoder = cls(arrays["table"], typed(_About, about)["scale"])
        check_sound(
            encoder,
            1 << BITS,
            features=(about["bits"], about["ngrams"]) == (BITS, [SHORTEST, LONGEST]),
        )
        return encoder

    @cached_property
    def _cache(self) -> _Cache:
        return _Cache(self.dimension)

    def _sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) summed rows of `table` of each text's features."""
        spans = word_spans(texts, lowercase=True)
        words = len(spans.starts)
        if words <= _WORDS_AT_ONCE:
            return self._sums_of_words(spans).astype(np.float32, copy=False)
        sums = np.zeros((len(texts), self.dimension))
        for first in range(0, words, _WORDS_AT_ONCE):
            sums += self._sums_of_words(spans.between(first, first + _WORDS_AT_ONCE))
        return sums.astype(np.float32)

    def _sums_of_words(self, spans: Spans) -> NDArray[np.float32] | NDArray[np.float64]:
        hashes = spans.hashes()
        slots, known = self._cache.find(hashes)
        words = np.flatnonzero(~known)
        fresh, first, places = np.unique(hashes[words], return_index=True, return_inverse=True)
        features = word_features(spans.spellings(words[first]), fresh)
        vectors = SummableRows.of(exact_sums((features, self._rows)))
        new = np.append(0, np.cumsum(~known))[spans.bounds]  # words not known, before each text
        sums = unrounded_sums(
            (_occurrences(slots[known], spans.bounds - new, _SLOTS), self._cache.rows),
            (_occurrences(places, new, len(fresh)), vectors),
        )
        self._cache.add(fresh, vectors)
        return sums


class _Cache:
    """Vectors of words seen lately, by hash; of two slots a new word takes the one unused longest.

    Remembering saves time and changes no vector.
    """

    def __init__(self, dimension: int) -> None:
        self.words = np.zeros(_SLOTS, np.uint64)
        self.words[0] = np.iinfo(np.uint64).max  # an empty slot holds the hash of another slot
        self.used = np.zeros(_SLOTS, np.int64)  # the batch in which each slot was last found
        self.batch = 0
        self.rows = SummableRows(
            np.zeros((_SLOTS, dimension), np.float32), np.zeros(_SLOTS, np.float32)
        )

    def find(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """(t,) the slot of each word, and (t,) whether its vector is there."""
        first, second = _slots(hashes)
        slots = np.where(self.words[first] == hashes, first, second)
        known = self.words[slots] == hashes
        self.batch += 1
        self.used[slots[known]] = self.batch
        return slots, known

    def add(self, hashes: NDArray[np.uint64], vectors: SummableRows) -> None:
        """Remember vectors of distinct words; of those that want one slot the first."""
        first, second = _slots(hashes)
        slots, own = np.unique(
            np.where(self.used[first] <= self.used[second], first, second), return_index=True
        )
        self.words[slots], self.used[slots] = hashes[own], self.batch
        self.rows.values[slots] = vectors.values[own]
        self.rows.reach[slots] = vectors.reach[own]


def _slots(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Two slots of each word."""
    high, low = np.uint64(64 - _SLOT_BITS), np.uint64(64 - 2 * _SLOT_BITS)
    return (hashes >> high).view(np.int64), (hashes >> low & np.uint64(_SLOTS - 1)).view(np.int64)


def _occurrences(columns: NDArray[np.intp], bounds: NDArray[np.intp], width: int) -> csr_array:
    """(n, width) how often each column occurs: text i has `columns[bounds[i]:bounds[i + 1]]`."""
    from scipy.sparse import csr_array

    ones = np.ones(len(columns), np.float32)
    return csr_array((ones, columns, bounds), shape=(len(bounds) - 1, width))


def _features(texts: Sequence[str]) -> csr_array:
    """Counts of the features of each text, (n, 2**BITS) sparse float32."""
    spans = word_spans(texts, lowercase=True)
    counts = _features_of_words(spans.between(0, _FITTED_AT_ONCE))
    for first in range(_FITTED_AT_ONCE, len(spans.starts), _FITTED_AT_ONCE):
        counts += _features_of_words(spans.between(first, first + _FITTED_AT_ONCE))
    return counts


def _features_of_words(spans: Spans) -> csr_array:
    distinct, first, places = np.unique(spans.hashes(), return_index=True, return_inverse=True)
    occurrences = _occurrences(places, spans.bounds, len(distinct))
    return occurrences @ word_features(spans.spellings(first), distinct)


def _directions(rows: csr_array, most: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(f, d) right singular vectors of length-normalised rows, those of large values first.

    d is `most`, or the numerical rank of the rows where that is lower.
    """
    # Not `sklearn.preprocessing.normalize`, which does the same: to load it takes 0.5 s.
    from sklearn.utils.sparsefuncs_fast import inplace_csr_row_normalize_l2

    normalized = rows.copy()
    inplace_csr_row_normalize_l2(normalized)
    _, values, right = singular_vectors(normalized, most, _POWER_ITERATIONS, rng)
    found: NDArray[np.float32] = right[values > values[0] * _RANK_TOLERANCE].T
    return found
