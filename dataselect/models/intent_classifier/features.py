"""What a classifier sees of a text by its spelling: a unit row of weighted n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from dataselect.models.encoders.word_features import BITS, word_features
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.ngrams.tokens import word_spans
from dataselect.models.sparse import inverse_document_frequency

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.models.intent_classifier.soft_regression import MultinomialWeights

# Words and pairs of words. On 45 intents of CLINC150 with ten texts each, the characters inside
# words take a quarter of the errors away; threes of words add nothing to them.
_NGRAMS = Ngrams(order=2, bits=18)
WORD_COLUMNS = 1 << _NGRAMS.bits
COLUMNS = WORD_COLUMNS + (1 << BITS)


# Above this many labelled texts, features that occur in one text only are left out.
_SINGLETONS_MATTER_UP_TO = 1_000
_LARGEST = 1e9  # of the scale in a saved model


class View(Protocol):
    """Maps texts to rows, (n, f) sparse; a row depends on its text alone."""

    kind: ClassVar[str]

    @property
    def width(self) -> int:
        """Entries of a row."""

    def rows(self, texts: Sequence[str]) -> csr_array:
        """(n, width) unit rows; zeros for a text without known features."""

    def log_odds(self, texts: Sequence[str], linear: MultinomialWeights) -> NDArray[np.float64]:
        """(n, k) what a regression says of the rows of texts."""

    def about(self) -> dict[str, Any]:
        """The part of a saved model that is JSON."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The part of a saved model that is arrays."""


def feature_counts(texts: Sequence[str]) -> csr_array:
    """How often each text has each feature, (n, COLUMNS) sparse: word n-grams, then characters."""
    from scipy.sparse import csr_array, hstack

    if not texts:
        return csr_array((0, COLUMNS))
    occurrences, inside = _words(texts)
    return hstack([_NGRAMS.matrix(texts), occurrences @ inside], format="csr")


def _words(texts: Sequence[str]) -> tuple[csr_array, csr_array]:
    """Which distinct words each text has, (n, w), and the features of these, (w, 2**BITS)."""
    from scipy.sparse import csr_array

    spans = word_spans(texts, lowercase=True)
    hashes = spans.hashes()
    distinct, first, places = np.unique(hashes, return_index=True, return_inverse=True)
    occurrences = csr_array(
        (np.ones(len(places), np.float32), places, spans.bounds),
        shape=(len(texts), len(distinct)),
    )
    return occurrences, word_features(spans.spellings(first), distinct)


def _squares(rows: csr_array) -> NDArray[np.float64]:
    """(n,) squared lengths of rows, each added up by itself in one order."""
    owners = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    found: NDArray[Any] = np.bincount(owners, rows.data**2, rows.shape[0])
    return found


def _lengths(squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) what to divide rows by; 1 for one that is nothing but zeros."""
    return np.sqrt(np.where(squares > 0, squares, 1))


@dataclass(frozen=True, eq=False)
class NgramView:
    """TF-IDF of the features that were seen in training.

    `columns` (f,) of `feature_counts`, ascending; `scale` (f,) what one occurrence weighs.
    """

    kind: ClassVar[str] = "ngrams"

    columns: NDArray[np.int32]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, labelled: csr_array, others: csr_array) -> NgramView:
        """Columns that occur in two texts, or in one of a few; counts as of `feature_counts`.

        The rarer a feature is among all texts, those of the pool with them, the more it weighs.
        """
        from scipy.sparse import vstack

        everything = vstack([labelled, others], format="csr")
        frequency = np.bincount(everything.indices, minlength=COLUMNS)
        worth = frequency > 1
        if labelled.shape[0] <= _SINGLETONS_MATTER_UP_TO:
            worth |= np.bincount(labelled.indices, minlength=COLUMNS) > 0
        columns = np.flatnonzero(worth).astype(np.int32)
        return cls(columns, inverse_document_frequency(everything[:, columns]))

    @property
    def width(self) -> int:
        return len(self.columns)

    def rows(self, texts: Sequence[str]) -> csr_array:
        return self.weighted(feature_counts(texts))

    def weighted(self, counts: csr_array) -> csr_array:
        """(n, width) unit rows of counts, as of `feature_counts`."""
        rows = self._scaled(counts)
        rows.data /= np.repeat(_lengths(_squares(rows)), np.diff(rows.indptr))
        return rows

    def log_odds(self, texts: Sequence[str], linear: MultinomialWeights) -> NDArray[np.float64]:
        """As `View` has it; what is inside a word meets the weights once a batch."""
        if not texts:
            return linear(self.rows(texts))
        occurrences, inside = _words(texts)
        inside = self._scaled(inside, WORD_COLUMNS)
        ngrams = self._scaled(_NGRAMS.matrix(texts))
        odds = linear.product(ngrams)
        odds += occurrences @ linear.product(inside)
        odds /= _lengths(_squares(ngrams) + _squares(occurrences @ inside))[:, None]
        odds += linear.offsets
        return odds

    def _scaled(self, counts: csr_array, first: int = 0) -> csr_array:
        """(n, width) weighted counts; their columns are those of `feature_counts` from `first`."""
        from scipy.sparse import csr_array

        places = self._places[first:][counts.indices]
        known = places >= 0
        columns = places[known]
        bounds = np.append(0, np.cumsum(known))[counts.indptr]
        weights = counts.data[known] * self.scale[columns]
        return csr_array((weights, columns, bounds), shape=(counts.shape[0], self.width))

    @cached_property
    def _places(self) -> NDArray[np.int32]:
        """(COLUMNS,) the place of each column of `feature_counts` among `columns`, or -1."""
        places = np.full(COLUMNS, -1, np.int32)
        places[self.columns] = np.arange(self.width)
        return places

    def about(self) -> dict[str, Any]:
        return {"kind": self.kind, "order": _NGRAMS.order, "bits": [_NGRAMS.bits, BITS]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"columns": self.columns, "scale": self.scale}

    @classmethod
    def restore(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> NgramView:
        """The view of a saved model. Raises ValueError, KeyError or TypeError if it is not."""
        view = cls(arrays["columns"], arrays["scale"])
        sound = (
            view.about() == about
            and view.columns.dtype == np.int32
            and view.columns.ndim == 1
            and bool((np.diff(view.columns, prepend=-1) > 0).all())
            and bool((view.columns < COLUMNS).all())
            and view.scale.shape == view.columns.shape
            and view.scale.dtype == np.float64
            and bool((np.abs(view.scale) <= _LARGEST).all())
        )
        if not sound:
            raise ValueError("its features make no sense")
        return view
