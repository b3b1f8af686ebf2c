"""How often decisions flip where words are swapped, beside rewordings of the same records.

The wording of a text moves scores, too: only what goes beyond a harmless rewording of the same
records tells that a name, a place, a gender or a number decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataselect.analysis.counterfactual.judge import Judged
from dataselect.analysis.counterfactual.swaps import Swap, reworded
from dataselect.models.metrics.bootstrap import Interval, bounds, draw_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.analysis.counterfactual.judge import Judge

FEWEST = 30
"""Records with words to swap, of which a rate says something."""


class Moved(NamedTuple):
    """What variants of records do: (n,) the share of each one's that flip, and mean moves."""

    flips: NDArray[np.float64]
    moves: NDArray[np.float64]
    lost: float
    gained: float


@dataclass(frozen=True)
class SwapResult:
    """One kind of swap in `records` that have its words.

    `flips`, `control`: the share of variants, and of rewordings of the same records, whose decision
    is another; `difference` is the first less the second. `lost`: kept before and dropped then,
    `gained` the reverse, of all variants. `moved`: the mean absolute change of the score.
    """

    kind: str
    records: int
    flips: Interval
    control: Interval
    difference: Interval
    lost: float
    gained: float
    moved: float
    moved_by_control: float

    @property
    def is_small(self) -> bool:
        """Whether too few records have its words."""
        return self.records < FEWEST

    @property
    def is_effect(self) -> bool:
        """Whether swaps surely flip more than rewordings do."""
        return not self.is_small and self.difference.low > 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def swap_results(
    texts: Sequence[str],
    judge: Judge,
    threshold: float | None,
    swaps: Mapping[str, Swap],
    *,
    draws: int,
    samples: int,
    seed: int,
) -> list[SwapResult]:
    """Swap the words of each kind in the texts that have some, `draws` times each."""
    before = judge.judged(texts) if texts else None
    found = []
    for number, (kind, swap) in enumerate(swaps.items()):
        rng = np.random.default_rng([seed, number])
        rows, swapped, control = [], list[str](), list[str]()
        for place, text in enumerate(texts):
            variants = [swap.variant(text, rng) for _ in range(draws)]
            if variants[0] is not None:
                rows.append(place)
                swapped += [variant or text for variant in variants]
                control += [reworded(text, rng) for _ in range(draws)]
        if before is None or not rows:
            nothing = Interval(0.0, 0.0, 1.0)
            found.append(SwapResult(kind, 0, nothing, nothing, nothing, 0.0, 0.0, 0.0, 0.0))
            continue
        own = Judged(before.scores[rows], before.answers[rows])
        after, other = (_moved(judge, own, each, threshold) for each in (swapped, control))
        rates = np.column_stack((after.flips, other.flips, after.flips - other.flips))
        found.append(
            SwapResult(
                kind,
                len(rows),
                *_intervals(rates, samples, rng),
                after.lost,
                after.gained,
                float(after.moves.mean()),
                float(other.moves.mean()),
            )
        )
    return found


def _moved(judge: Judge, before: Judged, texts: Sequence[str], threshold: float | None) -> Moved:
    """Compare variants, the same number of each record, with what was decided before."""
    after = judge.judged(texts)
    shape = (len(before.scores), -1)
    decided = judge.decisions(before, threshold)[:, None]
    decisions = judge.decisions(after, threshold).reshape(shape)
    moves = np.abs(after.scores.reshape(shape) - before.scores[:, None])
    return Moved(
        (decisions != decided).mean(axis=1),
        moves.mean(axis=1),
        float(((decided >= 0) & (decisions < 0)).mean()),
        float(((decided < 0) & (decisions >= 0)).mean()),
    )


def _intervals(
    rates: NDArray[np.float64], samples: int, rng: np.random.Generator
) -> tuple[Interval, Interval, Interval]:
    """The mean of each of three columns with its bootstrap interval over records."""
    count = len(rates)
    drawn = np.concatenate(
        [draw_counts(count, 1, rng) @ rates / count for _ in range(samples)], axis=0
    )
    first, second, third = (
        Interval(float(own.mean()), *bounds(values))
        for own, values in zip(rates.T, drawn.T, strict=True)
    )
    return first, second, third
