"""What a classifier sees of a text by its vector, alone or beside n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

import numpy as np

from dataselect.documents import Between, typed
from dataselect.errors import InputError
from dataselect.models.encoders.base import FRACTION, Encoder
from dataselect.models.encoders.ppmi.ppmi_vectors import PpmiVectors
from dataselect.models.intent_classifier.features import NgramView
from dataselect.models.intent_classifier.soft_regression import MultinomialWeights

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array


class _About(NamedTuple):
    """Of a joined view."""

    weight: Annotated[float, Between(0, 1e3)]
    ngrams: dict[str, Any]
    encoder: dict[str, Any]


# From so many texts on, word vectors are as long as n-gram rows; of fewer they are shorter in
# proportion. With ten texts of each of 45 intents of CLINC150, twice, three seeds, vectors of full
# length take 4 and 12 % of the errors away if 16,000 texts teach them; they add 15 % or take 3 % if
# it is 3,700 of these, and they add 6 and 16 % if it is the 450 labelled ones.
_TEXTS_FOR_VECTORS = 10_000
_FEWEST_TEXTS_FOR_VECTORS = 1_000  # with fewer there are none


class WordVectors(NamedTuple):
    """Word vectors, and how long those of texts are beside n-gram rows."""

    encoder: PpmiVectors
    weight: float

    @classmethod
    def learn(
        cls, texts: Sequence[str], rng: np.random.Generator | None = None
    ) -> WordVectors | None:
        """Learn from texts; None where these are too few, or of one word each."""
        if len(texts) < _FEWEST_TEXTS_FOR_VECTORS:
            return None
        try:
            encoder = PpmiVectors.fit(texts, rng=rng)
        except InputError:
            return None
        return cls(encoder, min(1.0, len(texts) / _TEXTS_FOR_VECTORS))


@dataclass(frozen=True, eq=False)
class EncoderView:
    """Vectors of an encoder."""

    kind: ClassVar[str] = "encoder"

    encoder: Encoder

    @property
    def width(self) -> int:
        return self.encoder.dimension

    def rows(self, texts: Sequence[str]) -> csr_array:
        return _unit_rows(self.encoder, texts)

    def log_odds(self, texts: Sequence[str], linear: MultinomialWeights) -> NDArray[np.float64]:
        odds = _exact_product(self.encoder.encode(texts, unit=True), linear.weights)
        odds += linear.offsets
        return odds

    def about(self) -> dict[str, Any]:
        return {"kind": self.kind, "encoder": self.encoder.about()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        return self.encoder.arrays()


@dataclass(frozen=True, eq=False)
class JoinedView:
    """TF-IDF rows beside the vectors of an encoder, whose length is `weight`."""

    kind: ClassVar[str] = "ngrams and vectors"

    ngrams: NgramView
    encoder: PpmiVectors
    weight: float

    @property
    def width(self) -> int:
        return self.ngrams.width + self.encoder.dimension

    def rows(self, texts: Sequence[str]) -> csr_array:
        return self.beside(self.ngrams.rows(texts), texts)

    def beside(self, ngrams: csr_array, texts: Sequence[str]) -> csr_array:
        """(n, width) rows of texts, of which those of `ngrams` (n, f) are known."""
        from scipy.sparse import hstack

        vectors = np.float32(self.weight) * _unit_rows(self.encoder, texts)
        return hstack([ngrams, vectors], format="csr")

    def log_odds(self, texts: Sequence[str], linear: MultinomialWeights) -> NDArray[np.float64]:
        first, second = np.split(linear.weights, [self.ngrams.width])
        odds = self.ngrams.log_odds(texts, MultinomialWeights(first, linear.offsets))
        odds += self.weight * _exact_product(self.encoder.encode(texts, unit=True), second)
        return odds

    def about(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "weight": self.weight,
            "ngrams": self.ngrams.about(),
            "encoder": self.encoder.about(),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.ngrams.arrays(), **self.encoder.arrays()}

    @classmethod
    def restore(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> JoinedView:
        """The view of a saved model. Raises ValueError, KeyError or TypeError if it is not."""
        told = typed(_About, about)
        ngrams = NgramView.restore(told.ngrams, arrays)
        return cls(ngrams, PpmiVectors.restore(told.encoder, arrays), told.weight)


def _unit_rows(encoder: Encoder, texts: Sequence[str]) -> csr_array:
    """(n, d) unit vectors.

    Sparse, because a sparse product adds up each row by itself, in one order.
    """
    from scipy.sparse import csr_array

    return csr_array(encoder.encode(texts, unit=True))


def _exact_product(units: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, k) unit vectors (n, d) times weights (d, k), which are rounded to 20 bits of the largest.

    So all sums are of whole numbers below 2**53: a row depends on nothing else.
    """
    largest = float(np.abs(weights).max(initial=0)) or 1.0
    whole = np.rint(weights.astype(np.float64) * (FRACTION / largest))
    found: NDArray[np.float64] = units.astype(np.float64) @ whole
    found *= largest / FRACTION
    return found
