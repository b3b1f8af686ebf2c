"""Whether self-training on a pool helps: what labelled texts held out say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.models.intent_classifier.temperature import label_log_probs, temperature

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PoolGain(NamedTuple):
    """By how many nats a mean log-loss is lower than another, and the standard error of that."""

    nats: float
    standard_error: float

    @property
    def is_clear(self) -> bool:
        """Whether it is above 0 by more than its standard error."""
        return self.nats > self.standard_error


@dataclass(frozen=True)
class HeldOutLosses:
    """Held-out texts, each with its `losses` (n,), in nats, and what it counts, `weights` (n,).

    `temperature` is the one that makes the texts most probable, with which losses are taken;
    `error` the share of texts that get another label than theirs.
    """

    losses: NDArray[np.float64]
    weights: NDArray[np.float64]
    temperature: float
    error: float

    @classmethod
    def of(
        cls,
        odds: NDArray[np.float64],
        label_of_class: NDArray[np.intp],
        truth: NDArray[np.intp],
        weights: NDArray[np.float64],
    ) -> HeldOutLosses:
        """Of log-odds (n, k) and true labels (n,); `label_of_class` (k,) as of a classifier."""
        scale = temperature(odds, label_of_class, truth, weights)
        said = label_log_probs(odds, label_of_class, scale)
        wrong = said.argmax(axis=1) != truth
        losses = -said[np.arange(len(truth)), truth]
        return cls(losses, weights, scale, float(weights @ wrong / weights.sum()))

    @property
    def loss(self) -> float:
        """The mean of `losses`."""
        return float(np.average(self.losses, weights=self.weights))

    def gain(self, other: HeldOutLosses) -> PoolGain:
        """Over another classifier, on the same texts."""
        lower = other.losses - self.losses
        shares = self.weights / self.weights.sum()
        mean = float(shares @ lower)
        spread = float(np.sqrt(np.square(shares * (lower - mean)).sum()))
        return PoolGain(round(mean, 4), round(spread, 4))
