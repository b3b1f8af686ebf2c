"""What picks are worth in one partition of a pool, and to the whole pool when they are merged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.sparse import sums_of_rows
from dataselect.operations.diversity.objectives.facility_location import Sparse, facility
from dataselect.operations.diversity.objectives.k_center import KCenter
from dataselect.operations.diversity.objectives.ngram_coverage import (
    NGRAMS,
    NgramCoverage,
    shares_of,
)
from dataselect.operations.diversity.objectives.objective import Objective
from dataselect.operations.diversity.quantized_vectors import References

if TYPE_CHECKING:
    from dataselect.models.paraphrase_detector.detector import SavedDetector

_FRACTION = 2.0**20  # sums of multiples of 2**-20 are exact, in any order, up to 2**33 texts

Column = NDArray[Any]
Masses: TypeAlias = "NDArray[np.float64] | None"


@dataclass(frozen=True, eq=False)
class Items:
    """Texts to pick from, n in the order of the input.

    `positions` (n,): where each is in the input. `costs` (n,) and `groups` (n,): as of `greedy`.
    `vectors` (n, d): made by `coarse`, for methods that compare vectors. `weights` (n,): how much
    of the pool each stands for, where not for itself alone.
    """

    positions: NDArray[np.intp]
    texts: Sequence[str]
    costs: NDArray[np.float64] | None = None
    groups: NDArray[np.intp] | None = None
    vectors: NDArray[np.float16] | None = None
    weights: NDArray[np.float64] | None = None

    def take(self, places: NDArray[np.intp]) -> Items:
        def some(column: Column | None) -> Any:
            return None if column is None else column[places]

        return Items(
            self.positions[places],
            [self.texts[place] for place in places.tolist()],
            some(self.costs),
            some(self.groups),
            some(self.vectors),
            some(self.weights),
        )

    @classmethod
    def joined(cls, parts: Sequence[Items]) -> Items:
        """Those of several partitions, in the order of the input."""

        def joint(columns: Iterable[Column | None]) -> Any:
            present = [column for column in columns if column is not None]
            return np.concatenate(present) if present else None

        everything = cls(
            joint(part.positions for part in parts),
            [text for part in parts for text in part.texts],
            joint(part.costs for part in parts),
            joint(part.groups for part in parts),
            joint(part.vectors for part in parts),
            joint(part.weights for part in parts),
        )
        return everything.take(np.argsort(everything.positions))


def spent_and_per(picks: Items, names: Sequence[str]) -> dict[str, Any]:
    """What picks cost, and how many each group has, for reports. `names`: of the groups."""
    found: dict[str, Any] = {}
    if picks.costs is not None:
        found["spent"] = float(picks.costs.sum())
    if picks.groups is not None:
        counts = np.bincount(picks.groups, minlength=len(names)).tolist()
        found["per"] = dict(zip(names, counts, strict=True))
    return found


@dataclass(frozen=True, eq=False)
class ObjectiveSpec(ABC):
    """What picks are worth. `labelled`: texts that count as picked before."""

    labelled: Sequence[str]

    @abstractmethod
    def objective(
        self, items: Items, masses: Masses = None, report: Report = unreported
    ) -> Objective:
        """What picks among some texts are worth; with `masses` of n-grams, to the whole pool."""

    def masses(self, items: Items) -> Masses:
        """(2**bits,) total weight of each n-gram; summed over partitions it is that of the pool."""
        return None

    def weights(self, items: Items, candidates: Items) -> NDArray[np.float64] | None:
        """(m,) for how much of some texts each of m candidates among them stands."""
        return None


@dataclass(frozen=True, eq=False)
class ByNgrams(ObjectiveSpec):
    """Coverage of n-grams."""

    ngrams: Ngrams = NGRAMS

    def objective(
        self, items: Items, masses: Masses = None, report: Report = unreported
    ) -> Objective:
        return NgramCoverage(items.texts, self.labelled, self.ngrams, masses)

    def masses(self, items: Items) -> NDArray[np.float64]:
        """(2**bits,) multiples of 2**-20."""
        shares = shares_of(items.texts, self.ngrams)
        whole = np.bincount(
            shares.indices, np.rint(shares.data * _FRACTION), minlength=shares.shape[1]
        )
        return whole / _FRACTION


@dataclass(frozen=True, eq=False)
class ByVectors(ObjectiveSpec):
    """A method that compares vectors. `labelled_vectors` (l, d): made by `coarse`."""

    labelled_vectors: NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class ByFacility(ByVectors):
    """Facility location."""

    def objective(
        self, items: Items, masses: Masses = None, report: Report = unreported
    ) -> Objective:
        """By `facility`, or by candidates that stand for more than themselves."""
        assert items.vectors is not None
        if items.weights is None:
            found = report("finding neighbours", len(items.texts))
            return facility(items.vectors, self.labelled_vectors, found)
        return _WeightedFacility(items.vectors, self.labelled_vectors, items.weights)

    def weights(self, items: Items, candidates: Items) -> NDArray[np.float64]:
        """The sum of the cosines of texts to the candidate nearest to them.

        A text that is nearer to a labelled one counts for none: little can be gained by it.
        """
        assert items.vectors is not None
        assert candidates.vectors is not None
        known = len(self.labelled_vectors)
        references = References(np.concatenate((self.labelled_vectors, candidates.vectors)))
        nearest = references.nearest(items.vectors)
        is_own = nearest.places >= known
        sums = np.bincount(
            nearest.places[is_own] - known, nearest.similarities[is_own], len(candidates.positions)
        )
        return sums.astype(np.float64, copy=False)


@dataclass(frozen=True, eq=False)
class ByDistance(ByVectors):
    """Farthest first."""

    def objective(
        self, items: Items, masses: Masses = None, report: Report = unreported
    ) -> Objective:
        assert items.vectors is not None
        return KCenter(items.vectors, self.labelled_vectors)


@dataclass(frozen=True, eq=False)
class ByDetector(ObjectiveSpec):
    """Bad paraphrases first."""

    detector: SavedDetector

    def objective(
        self, items: Items, masses: Masses = None, report: Report = unreported
    ) -> Objective:
        from dataselect.operations.diversity.objectives.paraphrase_coverage import (
            ParaphraseCoverage,
        )

        detector = self.detector.adapted([*self.labelled, *items.texts])
        return ParaphraseCoverage(detector, items.texts, self.labelled)


class _WeightedFacility(Sparse):
    """Facility location where each item counts as often as `weights` (n,) say."""

    def __init__(
        self,
        pool: NDArray[np.float16],
        labelled: NDArray[np.float16],
        weights: NDArray[np.float64],
    ) -> None:
        super().__init__(pool, labelled)
        self._weights = weights

    def gains(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        """How much the weighted sum would grow."""
        rows = self._cosines[items]
        growth = np.maximum(rows.data - self._highest[rows.indices], 0)
        return sums_of_rows(rows, growth * self._weights[rows.indices])
