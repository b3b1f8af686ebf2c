"""Texts as weighted rows of features, to learn from: n-grams, and the characters inside words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from dataselect.models.encoders.word_features import word_features
from dataselect.models.ngrams.tokens import Spans, word_hashes, word_spans
from dataselect.models.relevance.weights import divisors
from dataselect.models.sparse import inverse_document_frequency, sums_of_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.models.ngrams.ngrams import NgramColumns, Ngrams

# An n-gram counts idf ** 1.5 * 0.7 ** (n - 1) in training: found on CLINC150, where precision
# hardly moves for exponents of 1.25 to 2; without the discount of long n-grams it falls by 3 %.
_IDF_POWER = 1.5
_ORDER_DISCOUNT = 0.7
# Above so many texts, or n-grams, those that occur in one only are left out: half of all, and no
# loss. So many n-grams of a few texts are those of a text of many megabytes.
_SINGLETONS_MATTER_UP_TO, _MOST_SINGLETONS = 1_000, 1_000_000
_TOP_NGRAMS = 20
_WORDS_AT_ONCE = 1 << 20  # a text may have many millions


class TrainingView(Protocol):
    """Training texts as `rows` (n, f) of length 1, whose scores are sums of weights of n-grams.

    `lengths` (n,): a text's score is its margin, learnt from its row, times this. `buckets` (b,)
    of the n-grams that have weights, ascending.
    """

    @property
    def rows(self) -> csr_array: ...

    @property
    def lengths(self) -> NDArray[np.float64]: ...

    @property
    def buckets(self) -> NDArray[np.intp]: ...

    def ngram_weights(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k, b) weights of counts of n-grams, of the weights of columns of `rows`, (f, k)."""


class Occurrences(NamedTuple):
    """Some of the rows: how many hold each column, and the first that does, both (f,)."""

    present: NDArray[np.intp]
    first: NDArray[np.intp]


class NamedNgrams(NamedTuple):
    """N-grams to be spelt: the text that has each, its bucket and its weight, all (b,)."""

    owners: NDArray[np.intp]
    buckets: NDArray[np.intp]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class TrainingRows:
    """A `TrainingView` of n-grams: one column for each of `buckets` (f,), weighted by `scale` (f,).

    `totals` (n,) how many tokens a text has. `unsaid` are the buckets that may have no weight.
    """

    texts: Sequence[str]
    ngrams: Ngrams
    rows: csr_array
    buckets: NDArray[np.intp]
    scale: NDArray[np.float64]
    totals: NDArray[np.intp]
    lengths: NDArray[np.float64]
    unsaid: NDArray[np.intp]

    @classmethod
    def of(
        cls, texts: Sequence[str], ngrams: Ngrams, found: NgramColumns, unsaid: NDArray[np.intp]
    ) -> TrainingRows:
        """`found`: the n-grams of the texts, and maybe columns that none of them has."""
        used = _common(found.counts)
        used = used[~np.isin(found.buckets[used], unsaid)]
        rows = found.counts[:, used]
        idf = inverse_document_frequency(rows)
        scale = idf**_IDF_POWER * _ORDER_DISCOUNT ** (found.orders[used] - 1)
        norms = _weigh(rows, scale)
        lengths = norms / divisors(found.totals)
        return cls(texts, ngrams, rows, found.buckets[used], scale, found.totals, lengths, unsaid)

    def ngram_weights(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return weights.T * self.scale

    def occurrences(self, some: NDArray[np.intp]) -> Occurrences:
        part = self.rows[some]
        present = np.bincount(part.indices, minlength=part.shape[1])
        first = np.empty(part.shape[1], np.intp)
        first[part.indices[::-1]] = np.repeat(some, np.diff(part.indptr))[::-1]
        return Occurrences(present, first)

    def strongest(self, weights: NDArray[np.float64], side: Occurrences, sign: int) -> NamedNgrams:
        """The n-grams that matter most on a side: weight times how many of its texts hold them.

        `sign`: 1 for what speaks for an in-domain set, -1 for what speaks against it.
        """
        value = sign * weights * side.present
        best = np.flatnonzero(value > 0)
        if len(best) > _TOP_NGRAMS:
            least = np.partition(value[best], -_TOP_NGRAMS)[-_TOP_NGRAMS]
            best = best[value[best] >= least]
        best = best[np.argsort(-value[best], kind="stable")][:_TOP_NGRAMS]
        return NamedNgrams(side.first[best], self.buckets[best], weights[best])

    def spelt(self, named: Sequence[NamedNgrams]) -> list[list[tuple[str, float]]]:
        """Each n-gram with its weight; of n-grams that share a bucket, the first of its text."""
        owners, buckets, weights = (np.concatenate(each) for each in zip(*named, strict=True))
        spellings = self.ngrams.spellings(self.texts, owners, buckets)
        pairs = zip(spellings, weights.round(4).tolist(), strict=True)
        return [list(islice(pairs, len(each.weights))) for each in named]


def _common(counts: csr_array) -> NDArray[np.intp]:
    """The columns of counts that occur in two rows, or in one of a few, ascending."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    few = counts.shape[0] <= _SINGLETONS_MATTER_UP_TO and counts.shape[1] <= _MOST_SINGLETONS
    return np.flatnonzero(frequency >= (1 if few else 2))


def _weigh(rows: csr_array, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply columns by `scale` and make rows of length 1, in place; (n,) what it was."""
    rows.data *= scale[rows.indices]
    norms = np.sqrt(sums_of_rows(rows, rows.data**2))
    rows.data /= np.repeat(norms, np.diff(rows.indptr))
    return norms


@dataclass(frozen=True)
class InnerCharacters:
    """A `TrainingView` of the characters inside words, which says what single words weigh.

    `inside` (w, f): weighted features of each distinct word, whose n-gram's bucket is in `buckets`
    (w,), ascending.
    """

    rows: csr_array
    lengths: NDArray[np.float64]
    inside: csr_array
    buckets: NDArray[np.intp]

    @classmethod
    def of(cls, training: TrainingRows) -> InnerCharacters:
        """The characters of texts whose n-grams are of words."""
        from scipy.sparse import csr_array

        spans = word_spans(training.texts, training.ngrams.lowercase)
        buckets, first, words = _distinct(spans, training.ngrams)
        hashes = word_hashes(spans.buffer, spans.starts[first], spans.sizes[first])
        inside = word_features(spans.spellings(first), hashes).astype(np.float64)
        bounds = spans.bounds
        del spans  # of a text of many megabytes it is large
        shape = (len(training.texts), len(buckets))
        occurrences = csr_array((np.ones(len(words)), words, bounds), shape=shape)
        if len(training.unsaid):
            inside.data *= np.repeat(~np.isin(buckets, training.unsaid), np.diff(inside.indptr))
            inside.eliminate_zeros()
        rows = (occurrences @ inside).tocsr()
        used = _common(rows)
        rows, inside = rows[:, used], inside[:, used]
        scale = inverse_document_frequency(rows) ** _IDF_POWER
        norms = _weigh(rows, scale)
        inside.data *= scale[inside.indices]
        return cls(rows, norms / divisors(training.totals), inside, buckets)

    def ngram_weights(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = (self.inside @ weights).T
        return found


def _distinct(
    spans: Spans, ngrams: Ngrams
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]:
    """As `np.unique` of the words' buckets: these, the first word of each, and whose each is."""
    words = np.empty(len(spans.starts), np.int32)
    for start in range(0, len(words), _WORDS_AT_ONCE):
        own = spans.between(start, start + _WORDS_AT_ONCE)
        words[start : start + len(own.starts)] = next(ngrams.buckets(own.hashes()))
    table = np.full(1 << ngrams.bits, -1, np.int32)
    table[words[::-1]] = np.arange(len(words), dtype=np.int32)[::-1]
    buckets = np.flatnonzero(table >= 0)
    first = table[buckets].astype(np.intp)
    table[buckets] = np.arange(len(buckets), dtype=np.int32)
    return buckets, first, table[words]
