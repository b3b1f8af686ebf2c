"""Fitted distances: functions of one vector each, exactly the same in any batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.documents import DocumentError, typed
from dataselect.models.encoders.base import FRACTION, unit
from dataselect.operations.bitext.distance.embedding_space import (
    Space,
    Vectors,
    as_weights,
    checked,
    rounded,
)
from dataselect.operations.bitext.distance.options import Metric

_NUMBERS_AT_ONCE = 4_000_000  # of coordinates or distances, 32 MB


class Distance(ABC):
    """Maps unit vectors to distances; low is good."""

    kind: ClassVar[str]

    @abstractmethod
    def __call__(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n,) distances of (n, d) vectors."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Entries of a vector."""

    def about(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return {"kind": self.kind}

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The rest of it."""


@dataclass(frozen=True)
class LinearRule(Distance):
    """The least of k linear functions.

    `weights` (d, k), as `as_weights` makes them; `offsets` (k,).
    """

    kind: ClassVar[str] = "linear"

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    @classmethod
    def of(
        cls, space: Space, weights: NDArray[np.float64], offsets: NDArray[np.float64]
    ) -> LinearRule:
        """Functions of coordinates in `space`, as functions of the vectors themselves."""
        turned = as_weights(weights if space.matrix is None else space.matrix @ weights)
        return cls(turned, offsets - space.origin @ turned)

    @classmethod
    def contrast(cls, space: Space, centroids: NDArray[np.float64]) -> LinearRule:
        """Squared distance to the nearest of `centroids` less that to the origin of `space`.

        The square of the vector itself falls out of the difference, so it is linear: with one
        centroid, Fisher's discriminant between it and the corpus.
        """
        return cls.of(space, -2 * centroids.T, np.square(centroids).sum(axis=1))

    def __call__(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n,) distances of (n, d) vectors."""
        doubles = vectors.astype(np.float64)
        # Not by BLAS: its threads wait for each other longer than this takes.
        values = [np.einsum("nd,d->n", doubles, weights) for weights in self._rows]
        least: NDArray[np.float64] = (np.stack(values, axis=1) + self.offsets).min(axis=1)
        return least

    @cached_property
    def _rows(self) -> NDArray[np.float64]:
        """(k, d) the weights of each function side by side in memory."""
        return np.ascontiguousarray(self.weights.T)

    @property
    def dimension(self) -> int:
        """Entries of a vector."""
        return len(self.weights)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Weights and offsets."""
        return {"weights": self.weights, "offsets": self.offsets}


@dataclass(frozen=True)
class NearestPointsRule(Distance):
    """Mean distance to the `number` nearest of `points` (p, d), prepared coordinates in `space`.

    With centroids as points and a number of one, the rule of Punjabi et al. (2019).
    """

    kind: ClassVar[str] = "nearest"

    space: Space
    metric: Metric
    points: NDArray[np.float64]
    number: int

    @classmethod
    def of(
        cls, space: Space, metric: Metric, points: NDArray[np.float64], number: int = 1
    ) -> NearestPointsRule:
        """The distance to points with any coordinates."""
        prepared = (
            unit(points).astype(np.float64) if metric == "cosine" else rounded(points, space.step)
        )
        return cls(space, metric, prepared, min(number, len(points)))

    def __call__(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n,) distances of (n, d) vectors."""
        rows = max(1, _NUMBERS_AT_ONCE // max(self.points.shape))
        distances = np.empty(len(vectors))
        for start in range(0, len(vectors), rows):
            block = slice(start, start + rows)
            distances[block] = self._of(prepared(self.space, self.metric, vectors[block]))
        return distances

    def _of(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        to_each = _BETWEEN[self.metric](coordinates, self.points)
        nearest = np.partition(to_each, self.number - 1)[:, : self.number]
        mean: NDArray[np.float64] = nearest.sum(axis=1) / self.number  # exact sums, in any order
        return mean

    @property
    def dimension(self) -> int:
        """Entries of a vector."""
        return len(self.space.origin)

    def about(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return super().about() | {
            "metric": self.metric,
            "number": self.number,
            "step": self.space.step,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The points and the space."""
        return {"points": self.points, **self.space.arrays()}


def prepared(space: Space, metric: Metric, vectors: Vectors) -> NDArray[np.float64]:
    """(n, d) coordinates of vectors as a metric compares them: for cosines, of length 1."""
    coordinates = space(vectors)
    return unit(coordinates).astype(np.float64) if metric == "cosine" else coordinates


def _cosine(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, p) 1 less the cosines between rows of length 1."""
    return 1 - left @ right.T


def _euclidean(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, p) distances between rows, in multiples of 2**-20."""
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1)
    return rounded(np.sqrt(squares - 2 * (left @ right.T)), 1 / FRACTION)


_BETWEEN = {"cosine": _cosine, "euclidean": _euclidean}


def restore(about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Distance:
    """The distance of which `about()` and `arrays()` were kept.

    Raises ValueError for values that would fail, or mislead, in use.
    """
    try:
        kind = about["kind"]
        if kind == LinearRule.kind:
            return _restored_linear(arrays)
        if kind == NearestPointsRule.kind:
            return _restored_nearest(about, arrays)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its distance lacks {error}") from None
    except DocumentError as error:
        raise ValueError(f"its {error}") from None
    raise ValueError(f"its distance is of the unknown kind {kind!r:.80}")


def _restored_linear(arrays: Mapping[str, NDArray[Any]]) -> LinearRule:
    weights = checked("weights", arrays["weights"], (None, None))
    offsets = checked("offsets", arrays["offsets"], (weights.shape[1],))
    return LinearRule(weights, offsets)


class _NearestAbout(NamedTuple):
    metric: Metric
    number: int
    step: float


def _restored_nearest(
    about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> NearestPointsRule:
    told = typed(_NearestAbout, about)
    space = Space.restore(told.step, arrays)
    points = checked("points", arrays["points"], (None, len(space.origin)))
    if not 1 <= told.number <= len(points):
        raise ValueError(f"its number {told.number} makes no sense")
    return NearestPointsRule(space, told.metric, points, told.number)
