"""Top-k, budgets and cutoffs of records that are ranked by a key, in memory."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dataselect.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Direction = Literal["high", "low"]
"""Which end of a score is the good one."""

DIRECTIONS: dict[str, Direction] = {
    "relevance": "high",
    "in_domain_score": "high",
    "perplexity": "low",
    "cross_entropy_difference": "low",
    "distance": "low",
    "alignment": "high",
    "novelty": "high",
    "confidence": "high",
    "likelihood": "high",
    "discounted_likelihood": "high",
    "paraphrase": "high",
    "rescored.perplexity": "low",
    "translation.score": "high",
    "signals.cer": "low",
    "signals.wer": "low",
    "signals.agreement": "high",
    "signals.words_per_second": "low",
    "signals.chars_per_second": "low",
    "signals.unique_word_ratio": "high",
    "signals.longest_word_run": "low",
    "signals.longest_character_run": "low",
    "signals.longest_word": "low",
    "signals.outside_script": "low",
    "doubt": "low",
    "compression_ratio": "low",
    "no_speech_prob": "low",
}
"""The fields that commands, and Whisper, leave their scores in, and which end is the good one."""

LAST_POSITION = (1 << 48) - 1
"""No input has as many records."""


def gain(
    scores: NDArray[np.float64] | float, direction: Direction
) -> NDArray[np.float64]:  # a float is a 0-dimensional array here
    """Scores turned so that higher is better."""
    import numpy as np

    return np.asarray(scores if direction == "high" else np.negative(scores), dtype=np.float64)


class RankedRows(NamedTuple):
    """Records in input order: `positions` (n,) in the whole input, `keys` (n,), highest best.

    Of equal keys the first is better; a key of -inf is never kept. `costs` (n,) are 1
    where None. `codes` (n,) are the numbers of groups, 0 where None.
    """

    positions: NDArray[np.int64]
    keys: NDArray[np.float64]
    costs: NDArray[np.float64] | None = None
    codes: NDArray[np.integer] | None = None

    def pick(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> RankedRows:
        """The rows of some indices, or of a mask."""
        import numpy as np

        if which.dtype == np.bool_:
            if which.all():
                return self
            which = np.flatnonzero(which)
        return RankedRows(
            self.positions[which],
            self.keys[which],
            None if self.costs is None else self.costs[which],
            None if self.codes is None else self.codes[which],
        )

    def of_group(self, values: NDArray[Any]) -> NDArray[Any]:
        """The value of each row's group, of `values` (g,): (n,), or (1,) where all are the same."""
        if self.codes is None or (values == values[:1]).all():
            return values[:1]
        own: NDArray[Any] = values[self.codes]
        return own


class Cutoff(NamedTuple):
    """A cutoff in each group's ranking: everything up to and including (key, position) is above it.

    `keys` (g,), `positions` (g,).
    """

    keys: NDArray[np.float64]
    positions: NDArray[np.int64]

    @classmethod
    def top(cls, groups: int) -> Cutoff:
        """The cutoff above all records."""
        import numpy as np

        return cls(np.full(groups, np.inf), np.full(groups, -1))

    @classmethod
    def bottom(cls, groups: int) -> Cutoff:
        """The cutoff below all records but those that are never kept, whose key is -inf."""
        import numpy as np

        return cls(np.full(groups, -sys.float_info.max), np.full(groups, LAST_POSITION))

    def covers(self, rows: RankedRows) -> NDArray[np.bool_]:
        """(n,) whether each record is above the cutoff."""
        import numpy as np

        if (self.positions < 0).all():
            return np.zeros(len(rows.keys), np.bool_)
        keys = rows.of_group(self.keys)
        if (self.positions == LAST_POSITION).all():
            return rows.keys >= keys
        covered: NDArray[np.bool_] = rows.keys > keys
        ties = np.flatnonzero(rows.keys == keys)
        if len(ties):
            tied = rows.pick(ties)
            covered[ties] = tied.positions <= tied.of_group(self.positions)
        return covered


class Window(NamedTuple):
    """Records of each group between two cutoffs that cost no more than `left` (g,)."""

    after: Cutoff
    upto: Cutoff
    left: NDArray[np.float64]

    def mask(self, rows: RankedRows) -> NDArray[np.bool_]:
        """(n,) whether each record is in the window."""
        mask = self.upto.covers(rows)
        mask &= ~self.after.covers(rows)
        if rows.costs is not None:
            mask &= rows.costs <= rows.of_group(self.left)
        return mask


def ordinals(keys: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole numbers in the order of keys, lowest for the best, without a gap between two floats."""
    import numpy as np

    bits = keys.view(np.int64)
    # The bits of floats below 0 rise as the floats fall; -0.0, the lowest, falls on 0.0.
    return np.where(bits < 0, bits - np.iinfo(np.int64).min, -bits)


def keys_at(places: NDArray[np.int64]) -> NDArray[np.float64]:
    """The keys of some ordinals: the inverse of `ordinals`."""
    import numpy as np

    keys: NDArray[np.float64] = np.where(places > 0, places + np.iinfo(np.int64).min, -places).view(
        np.float64
    )
    return keys


def affordable(
    keys: NDArray[np.float64], costs: NDArray[np.float64], budget: float
) -> NDArray[np.intp]:
    """Positions of what is bought, best first, by taking each record that still fits the rest.

    Exact for costs that are `floored`.
    """
    import numpy as np

    queue = np.argsort(-keys, kind="stable")
    bought = [queue[:0]]
    while queue.size:
        queue = queue[costs[queue] <= budget]
        totals = np.cumsum(costs[queue])
        fit = int(np.searchsorted(totals, budget, side="right"))
        if fit:
            bought.append(queue[:fit])
            budget -= float(totals[fit - 1])
        queue = queue[fit:]
    return np.concatenate(bought)


def floored(costs: NDArray[np.float64], budget: float) -> NDArray[np.float64]:
    """Costs as whole multiples, rounded down, of the step between floats of the budget's size.

    Sums of them are exact up to the budget, whatever the order; a sum beyond it may be rounded, but
    never down to it. Whole numbers stay as they are, and ten tenths fit into one. What a record
    loses is under 2**-52 of the budget.
    """
    import numpy as np

    _, exponent = math.frexp(min(budget, sys.float_info.max))
    step = math.ldexp(1.0, max(exponent - sys.float_info.mant_dig, _LOWEST_EXPONENT))
    with np.errstate(over="ignore"):  # beyond all floats is beyond the budget
        multiples: NDArray[np.float64] = np.floor(costs / step) * step
    return multiples


_LOWEST_EXPONENT = -1074  # of the smallest float above 0


def gumbel_keys(
    scores: NDArray[np.float64], direction: Direction, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Keys whose k highest are a draw of k without replacement (Gumbel top-k).

    Weights are the scores, or 1/score where low is good. Raises InputError for a negative score.
    """
    import numpy as np

    if scores.size and scores.min() < 0:
        raise InputError(
            f"--sample draws in proportion to the score, and one is {scores[scores < 0][0]:g}; "
            "use a score that is not negative, or another selection option"
        )
    with np.errstate(divide="ignore"):
        logs = np.log(scores)
    # The noise is drawn in the order of the input: block sizes and workers cannot change it.
    return (logs if direction == "high" else -logs) + rng.gumbel(size=len(scores))
