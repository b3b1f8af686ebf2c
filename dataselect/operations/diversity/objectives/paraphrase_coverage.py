"""Bad paraphrases first: each pick is what a detector takes least for anything before it.

The first selector of Cho et al. (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dataselect.models.encoders.base import coarse
from dataselect.models.neighbours.blocks import blocks
from dataselect.operations.diversity.objectives.k_center import FarthestFirst
from dataselect.operations.diversity.objectives.objective import NearestPick

if TYPE_CHECKING:
    from dataselect.models.paraphrase_detector.detector import SavedDetector

CANDIDATES = 4
_TEXTS_AT_ONCE = 1 << 14
_BELOW_ONE = 1 - 2.0**-20
_DECIMALS = 6  # a probability depends on its batch by less


class ParaphraseCoverage(FarthestFirst):
    """Farthest-first by the probability that one text paraphrases the other.

    The detector compares an item with a text that is among the `candidates` nearest by its
    vectors, of all that are there when the item is looked at. Most texts are no paraphrases of
    each other, so among novelties that are the same in percent, distance by vectors decides.
    """

    def __init__(
        self,
        detector: SavedDetector,
        pool: Sequence[str],
        labelled: Sequence[str],
        candidates: int = CANDIDATES,
    ) -> None:
        own = _vectors(detector, pool)
        super().__init__(own, _vectors(detector, labelled) if labelled else own[:0])
        self._detector = detector
        self._texts, self._others = pool, list(labelled)
        self._cosines = np.full((len(pool), candidates), -1, np.float32)  # highest so far

    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        """Novelty in percent, and as a fraction the distance by vectors."""
        if not self._others:
            return super().gains(items)
        novelty = super().gains(items)
        distance = (1 - self._cosines[items].max(axis=1).astype(np.float64)) / 2
        gains: NDArray[np.float64] = np.floor(novelty * 100) + distance.clip(0, _BELOW_ONE)
        return gains

    def add(self, item: int) -> None:
        """Compare with this one, too, from now on."""
        super().add(item)
        self._others.append(self._texts[item])

    def _compare(self, items: NDArray[np.intp], start: int) -> NearestPick:
        known = self._cosines[items]
        places, cosines = self._references.several_nearest(self._pool[items], known.shape[1], start)
        merged = np.sort(np.concatenate((known, cosines), axis=1), axis=1)
        self._cosines[items] = merged[:, -known.shape[1] :]
        rows, columns = np.nonzero(cosines >= self._cosines[items, :1])
        chosen = places[rows, columns]
        pairs = [
            (self._texts[item], self._others[place])
            for item, place in zip(items[rows].tolist(), chosen.tolist(), strict=True)
        ]
        found = np.full(places.shape, -1.0)  # of what is not among the nearest
        found[rows, columns] = np.round(self._detector.probabilities(pairs), _DECIMALS)
        best = found.argmax(axis=1)
        everything = np.arange(len(items))
        return NearestPick(found[everything, best], places[everything, best])


def _vectors(detector: SavedDetector, texts: Sequence[str]) -> NDArray[np.float16]:
    """(n, d) in which candidates are found."""
    parts = [coarse(detector.vectors(texts[rows])) for rows in blocks(len(texts), _TEXTS_AT_ONCE)]
    return np.concatenate(parts)
