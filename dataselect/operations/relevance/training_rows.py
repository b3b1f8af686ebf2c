"""Texts as weighted rows of n-grams, to learn from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.models.sparse import inverse_document_frequency, sums_of_rows
from dataselect.operations.relevance.weights import divisors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.models.ngrams.ngrams import NgramColumns, Ngrams

# An n-gram counts idf ** 1.5 * 0.7 ** (n - 1) in training: found on CLINC150, where precision
# hardly moves for exponents of 1.25 to 2; without the discount of long n-grams it falls by 3 %.
_IDF_POWER = 1.5
_ORDER_DISCOUNT = 0.7
# Above this many texts, n-grams that occur in one only are left out: half of all, and no loss.
_SINGLETONS_MATTER_UP_TO = 1_000
_TOP_NGRAMS = 20


class Occurrences(NamedTuple):
    """Some of the rows: how many hold each column, and the first that does, both (f,)."""

    present: NDArray[np.intp]
    first: NDArray[np.intp]


@dataclass(frozen=True)
class TrainingRows:
    """`rows` (n, f) of length 1, one column for each of `buckets` (f,), weighted by `scale` (f,).

    `totals` (n,) how many n-grams a text has. `lengths` (n,): a text's score is its margin, learnt
    from a row of length 1, times this.
    """

    texts: Sequence[str]
    ngrams: Ngrams
    rows: csr_array
    buckets: NDArray[np.intp]
    scale: NDArray[np.float64]
    totals: NDArray[np.int64]
    lengths: NDArray[np.float64]
    _spelt: dict[int, dict[int, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Sequence[str], ngrams: Ngrams, found: NgramColumns) -> TrainingRows:
        """`found`: the n-grams of the texts, and maybe columns that none of them has."""
        totals = np.asarray(found.counts.sum(axis=1)).ravel().astype(np.int64)
        frequency = np.bincount(found.counts.indices, minlength=len(found.buckets))
        rarest = 1 if len(texts) <= _SINGLETONS_MATTER_UP_TO else 2
        used = np.flatnonzero(frequency >= rarest)
        rows = found.counts[:, used]
        idf = inverse_document_frequency(rows)
        scale = idf**_IDF_POWER * _ORDER_DISCOUNT ** (found.orders[used] - 1)
        rows.data *= scale[rows.indices]
        norms = np.sqrt(sums_of_rows(rows, rows.data**2))
        rows.data /= np.repeat(norms, np.diff(rows.indptr))
        lengths = norms / divisors(totals)
        return cls(texts, ngrams, rows, found.buckets[used], scale, totals, lengths)

    def occurrences(self, some: NDArray[np.intp]) -> Occurrences:
        part = self.rows[some]
        present = np.bincount(part.indices, minlength=part.shape[1])
        first = np.empty(part.shape[1], np.intp)
        first[part.indices[::-1]] = np.repeat(some, np.diff(part.indptr))[::-1]
        return Occurrences(present, first)

    def top(
        self, weights: NDArray[np.float64], side: Occurrences, sign: int
    ) -> list[tuple[str, float]]:
        """The n-grams that matter most on a side: weight times how many of its texts hold them.

        `sign`: 1 for what speaks for an in-domain set, -1 for what speaks against it.
        """
        value = sign * weights * side.present
        best = np.flatnonzero(value > 0)
        if len(best) > _TOP_NGRAMS:
            least = np.partition(value[best], -_TOP_NGRAMS)[-_TOP_NGRAMS]
            best = best[value[best] >= least]
        best = best[np.argsort(-value[best], kind="stable")][:_TOP_NGRAMS]
        return [
            (self._spelling(int(side.first[column]), int(self.buckets[column])), weight)
            for column, weight in zip(best.tolist(), weights[best].round(4).tolist(), strict=True)
        ]

    def _spelling(self, row: int, bucket: int) -> str:
        if row not in self._spelt:  # of n-grams that share a bucket, the first
            self._spelt[row] = dict(reversed(self.ngrams.strings(self.texts[row])))
        return self._spelt[row][bucket]
