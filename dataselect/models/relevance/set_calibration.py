"""Held-out scores of in-domain sets, and the sigmoids that make them probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.models.cross_validation import mean_ranks, precision_at, roc_auc
from dataselect.models.platt_scaling import PlattScaling, smoothed_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FLATTEST = 0.2  # slope: where nothing was learnt, a ranking still is not turned over


class HeldOut(NamedTuple):
    """Texts scored by weights that did not see them: `rows`, `scores`, `positive` are (n,)."""

    rows: NDArray[np.intp]
    scores: NDArray[np.float64]
    positive: NDArray[np.bool_]

    def spread(self) -> tuple[float, float]:
        """Mean and standard deviation of the background's scores; 1 where these are all one."""
        background = self.scores[~self.positive]
        return float(background.mean()), float(background.std()) or 1.0

    def figures(self, lengths: NDArray[np.float64]) -> dict[str, float | dict[str, float]]:
        """How well the set was learnt; `lengths` (n,) of the texts, in tokens."""
        positive, scores = self.positive, self.scores
        own = int(positive.sum())
        by_length = roc_auc(positive, lengths)
        ranks = mean_ranks(lengths), mean_ranks(scores)
        varied = all(rank.std() > 0 for rank in ranks)
        correlation = float(np.corrcoef(*ranks)[0, 1]) if varied else 0.0
        return {
            "auc": round(roc_auc(positive, scores), 4),
            "precision_at": {
                str(k): round(precision_at(k, positive, scores), 4)
                for k in sorted({min(10, own), own})
            },
            "in_domain_share": round(own / len(lengths), 4),
            "score_length_correlation": round(correlation, 4),
            "length_auc": round(max(by_length, 1 - by_length), 4),
        }


def calibrate_together(held_out: Sequence[HeldOut]) -> list[PlattScaling]:
    """One sigmoid for all sets, on scores in standard deviations of each set's background.

    With ten texts a set, a slope of its own is so uncertain that one overconfident set fills the
    top: on CLINC150, precision over five sets was 0.88, and is 0.94 with a common slope. Both
    sides weigh the same, and so do the sets; a background text counts by its best set.
    """
    centres = [each.spread() for each in held_out]
    standard = [(h.scores - mean) / sd for h, (mean, sd) in zip(held_out, centres, strict=True)]
    scores, targets, weights = [], [], []
    for each, own in zip(standard, held_out, strict=True):
        scores.append(each[own.positive])
        targets.append(smoothed_targets(own.positive)[own.positive])
        count = int(own.positive.sum())
        weights.append(np.full(count, 0.5 / (count * len(held_out))))
    background = np.stack(
        [each[~own.positive] for each, own in zip(standard, held_out, strict=True)]
    ).max(axis=0)
    scores.append(background)
    targets.append(np.full(len(background), 1 / (len(background) + 2)))
    weights.append(np.full(len(background), 0.5 / len(background)))
    common = PlattScaling.fit(
        *map(np.concatenate, (scores, targets, weights)),
        least_slope=_FLATTEST,
        start=(1.0, -1.0),
    )
    slopes = [(float(common.slope / sd), float(mean)) for mean, sd in centres]
    return [PlattScaling(slope, common.offset - slope * mean) for slope, mean in slopes]
