"""Targets of the regression: classes that are known, then probabilities of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Targets:
    """Targets of n + m rows: `classes` (n,) of the first n, `beliefs` (m, k) of the others.

    A row of `beliefs` has the probability of each class.
    """

    classes: NDArray[np.intp]
    beliefs: NDArray[np.float32]

    @property
    def count(self) -> int:
        """k, the number of classes."""
        count: int = self.beliefs.shape[1]
        return count

    def expectation(self, odds: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
        """The weighted sum of log-odds (n + m, k) that the targets expect; `weights` (n + m,)."""
        known = len(self.classes)
        own = odds[np.arange(known), self.classes]
        others = np.einsum("mk,mk->m", self.beliefs, odds[known:])
        return float(weights @ np.concatenate((own, others)).astype(np.float64))

    def subtract_from(
        self, likely: NDArray[np.float32], weights: NDArray[np.float32], some: slice
    ) -> None:
        """Subtract the weighted targets of some classes from `likely` (n + m, classes)."""
        known = len(self.classes)
        [own] = np.nonzero((self.classes >= some.start) & (self.classes < some.stop))
        likely[own, self.classes[own] - some.start] -= weights[own]
        likely[known:] -= weights[known:, None] * self.beliefs[:, some]
