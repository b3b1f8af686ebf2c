"""The best paraphrase of a text among many: few candidates by their vectors, then the detector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours import faiss_index
from dataselect.models.neighbours.blocks import blocks, cosines
from dataselect.models.neighbours.exact import single

CANDIDATES = 10
MOST_EXACT = 200_000  # texts of which every one is compared with each vector
_SPARE = 4  # candidates beyond those wanted that are ranked again, by exact cosines
_PRODUCTS_AT_ONCE = 16_000_000  # 64 MB


class PairScorer(Protocol):
    """What a detector can do, as far as it is needed here."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """(n,) how probably the two texts of each pair say the same."""

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) unit vectors; those of paraphrases have a high inner product."""


class BestMatches(NamedTuple):
    """For each of n texts the best probability (n,), and the place (n,) of the text it is for."""

    probabilities: NDArray[np.float64]
    places: NDArray[np.intp]


class Matcher:
    """Finds the best paraphrase of a text among `texts`; of equally good ones the first.

    Up to `candidates` distinct texts are all compared. Of more, those `candidates` whose vectors
    are nearest are: found exactly up to `MOST_EXACT` texts, beyond that approximately.
    """

    def __init__(
        self, detector: PairScorer, texts: Sequence[str], candidates: int = CANDIDATES
    ) -> None:
        """`texts`: one or more. Raises OptionError where faiss is needed and not installed."""
        first: dict[str, int] = {}
        for place, text in enumerate(texts):
            first.setdefault(text, place)
        self.texts = list(first)
        self._first = np.array(list(first.values()), np.intp)
        self._detector = detector
        self._candidates = min(candidates, len(self.texts))
        self._vectors = self._index = None
        if self._candidates < len(self.texts):
            self._vectors = detector.vectors(self.texts)
            if len(self.texts) > MOST_EXACT:
                self._index = faiss_index.filled(self._vectors)

    def describe(self) -> dict[str, Any]:
        """How many texts there are, and how candidates are found among them."""
        search = "all" if self._vectors is None else "approximate" if self._index else "exact"
        return {"texts": len(self.texts), "candidates": self._candidates, "search": search}

    def best(self, texts: Sequence[str]) -> BestMatches:
        places = self._nearest(texts)
        pairs = [
            (text, self.texts[place])
            for text, own in zip(texts, places.tolist(), strict=True)
            for place in own
        ]
        found = self._detector.probabilities(pairs).reshape(places.shape)
        winners = found.argmax(axis=1)  # the first of equal ones: places ascend
        rows = np.arange(len(texts))
        return BestMatches(found[rows, winners], self._first[places[rows, winners]])

    def _nearest(self, texts: Sequence[str]) -> NDArray[np.intp]:
        """(n, c) ascending places in `self.texts` of the candidates for each text."""
        if self._vectors is None:
            return np.tile(np.arange(self._candidates), (len(texts), 1))
        vectors = self._detector.vectors(texts)
        wanted = min(self._candidates + _SPARE, len(self._vectors))
        if self._index is not None:
            rough = faiss_index.search(self._index, vectors, wanted, lambda _: None)
        else:
            rough = _highest_products(vectors, self._vectors, wanted)
        rough.sort(axis=1)
        exact = cosines(vectors, self._vectors[rough])
        order = np.argsort(-exact, axis=1, kind="stable")[:, : self._candidates]
        return np.sort(np.take_along_axis(rough, order, axis=1), axis=1)


def _highest_products(
    vectors: NDArray[np.float32], others: NDArray[np.float32], count: int
) -> NDArray[np.intp]:
    """(n, count) places in `others` of the highest inner products, in no order."""
    places = np.empty((len(vectors), count), np.intp)
    for rows in blocks(len(vectors), max(1, _PRODUCTS_AT_ONCE // len(others))):
        products = single(vectors[rows]) @ others.T
        places[rows] = np.argpartition(products, len(others) - count, axis=1)[:, -count:]
    return places
