"""Fitted distances: functions of one vector each, exactly the same in any batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.documents import DocumentError, typed
from dataselect.models.encoders.base import unit
from dataselect.operations.bitext.distance.embedding_space import (
    Space,
    Vectors,
    as_weights,
    checked,
)


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
    """A linear function of the vector: `weights` (d, 1), as `as_weights` makes; `offsets` (1,)."""

    kind: ClassVar[str] = "linear"

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    @classmethod
    def of(
        cls, space: Space, weights: NDArray[np.float64], offsets: NDArray[np.float64]
    ) -> LinearRule:
        """A function of coordinates in `space`, as a function of the vectors themselves."""
        turned = as_weights(weights if space.matrix is None else space.matrix @ weights)
        return cls(turned, offsets - space.origin @ turned)

    @classmethod
    def discriminant(cls, space: Space, centroid: NDArray[np.float64]) -> LinearRule:
        """Squared distance to `centroid` (1, d) less that to the origin of `space`.

        The square of the vector itself falls out of the difference, so it is linear: Fisher's
        discriminant between the centroid and the corpus.
        """
        return cls.of(space, -2 * centroid.T, np.square(centroid).sum(axis=1))

    def __call__(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n,) distances of (n, d) vectors."""
        weights = np.ascontiguousarray(self.weights[:, 0])
        # Not by BLAS: its threads wait for each other longer than this takes.
        values: NDArray[np.float64] = np.einsum("nd,d->n", vectors.astype(np.float64), weights)
        return values + self.offsets

    @property
    def dimension(self) -> int:
        """Entries of a vector."""
        return len(self.weights)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Weights and offsets."""
        return {"weights": self.weights, "offsets": self.offsets}


@dataclass(frozen=True)
class CentroidRule(Distance):
    """1 - cosine to the `centroid` (1, d), of length 1 in `space`: Punjabi et al. (2019)."""

    kind: ClassVar[str] = "centroid"

    space: Space
    centroid: NDArray[np.float64]

    @classmethod
    def of(cls, space: Space, centroid: NDArray[np.float64]) -> CentroidRule:
        """The distance to a centroid with any coordinates."""
        return cls(space, unit(centroid).astype(np.float64))

    def __call__(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n,) distances of (n, d) vectors."""
        distances: NDArray[np.float64] = 1 - directions(self.space, vectors) @ self.centroid[0]
        return distances

    @property
    def dimension(self) -> int:
        """Entries of a vector."""
        return len(self.space.origin)

    def about(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return super().about() | {"step": self.space.step}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The centroid and the space."""
        return {"centroid": self.centroid, **self.space.arrays()}


def directions(space: Space, vectors: Vectors) -> NDArray[np.float64]:
    """(n, d) coordinates of vectors at length 1."""
    return unit(space(vectors)).astype(np.float64)


def restore(about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Distance:
    """The distance of which `about()` and `arrays()` were kept.

    Raises ValueError for values that would fail, or mislead, in use.
    """
    try:
        kind = about["kind"]
        if kind == LinearRule.kind:
            weights = checked("weights", arrays["weights"], (None, 1))
            return LinearRule(weights, checked("offsets", arrays["offsets"], (1,)))
        if kind == CentroidRule.kind:
            space = Space.restore(typed(_CentroidAbout, about).step, arrays)
            centroid = checked("centroid", arrays["centroid"], (1, len(space.origin)))
            return CentroidRule(space, centroid)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its distance lacks {error}") from None
    except DocumentError as error:
        raise ValueError(f"its {error}") from None
    raise ValueError(f"its distance is of the unknown kind {kind!r:.80}")


class _CentroidAbout(NamedTuple):
    step: float
