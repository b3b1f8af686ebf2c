"""Word vectors learnt from a pool itself: positive PMI of co-occurrence, truncated SVD.

Seconds of work, nothing to download, and words that stand in the same contexts are near each other
whatever their spelling. A text's vector is the sum of its words' vectors times their inverse
document frequency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import numpy as np
from numpy.typing import NDArray

from dataselect.documents import typed
from dataselect.errors import InputError
from dataselect.models.encoders.exact_sums import exact_sums
from dataselect.models.encoders.ppmi.cooccurrence import (
    cooccurrences,
    positive_pmi,
    vocabulary,
    word_directions,
    word_places,
)
from dataselect.models.encoders.word_sums import WordSums, check_sound, rounded

DIMENSION = 150


class _About(TypedDict):
    scale: float


@dataclass(frozen=True, eq=False)
class PpmiVectors(WordSums):
    """Sums of word vectors: row i of `table` (w, d) is that of the word of hash `words[i]`.

    `words` (w,) are ascending. A text without known words is the zero vector.
    """

    kind: ClassVar[str] = "ppmi"
    texts_at_once: ClassVar[int] = 16_384

    words: NDArray[np.uint64]

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        *,
        dimension: int = DIMENSION,
        rng: np.random.Generator | None = None,
    ) -> PpmiVectors:
        """Learn from texts; fewer dimensions where their words do not span as many.

        >>> encoder = PpmiVectors.fit(["play adele", "play some jazz", "it rained"])
        >>> encoder.encode(["play it", "..."], unit=True).shape
        (2, 6)

        Raises InputError where no text has two words that are common enough.
        """
        words, frequency = vocabulary(texts)
        counts = cooccurrences(texts, words)
        if not counts.nnz:
            raise InputError(
                f"the text to learn word vectors from ({len(texts)} records) has no two words "
                "beside each other; give more"
            )
        vectors = word_directions(positive_pmi(counts), dimension, rng or np.random.default_rng(0))
        vectors *= (np.log((1 + len(texts)) / (1 + frequency)) + 1)[:, None]
        return cls(*rounded(vectors), words)

    def _sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = word_places(texts, self.words).counts(len(self.words))
        return exact_sums((counts, self._rows))

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "words": len(self.words)}

    def about(self) -> dict[str, Any]:
        return {"kind": self.kind, "scale": self.scale}

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"table": self.table, "words": self.words}

    @classmethod
    def restore(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> PpmiVectors:
        """The encoder of a saved model. Raises ValueError, KeyError or TypeError if it is not."""
        words = arrays["words"]
        encoder = cls(arrays["table"], typed(_About, about)["scale"], words)
        ascending = words.ndim == 1 and bool((words[1:] > words[:-1]).all())
        sound = words.dtype == np.uint64 and ascending and len(words) > 0
        check_sound(encoder, len(words), words=sound)
        return encoder
