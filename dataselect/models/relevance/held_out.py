"""Scores by weights that did not see a text, and the penalty that they speak for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.cross_validation import average_precision
from dataselect.models.relevance.logistic_regression import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# Inverse strengths of the L2 penalty that are tried. On CLINC150 and SNIPS, 0.3 is best or within
# noise of it from 5 to 5,000 in-domain texts, and choosing freely lost precision to chance.
GRID = (0.1, 0.3, 1.0, 3.0)
USUAL_C = 0.3


def balanced_costs(
    positive: NDArray[np.bool_], used: NDArray[np.bool_], penalty: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """What an error on each row costs: all on one side together `penalty` times half the rows used.

    `positive` and `used` (n, ...); `penalty`, the inverse strength, for each column or for all.
    """
    sides = used & positive, used & ~positive
    each = sum(side / np.maximum(side.sum(axis=0), 1) for side in sides)
    return np.asarray(penalty * used.sum(axis=0) / 2 * each)


def held_out_margins(
    rows: csr_array,
    positive: NDArray[np.bool_],
    used: NDArray[np.bool_],
    fold: NDArray[np.intp],
    penalty: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """(n, k) margin of each row in each problem by weights that were learnt without its fold.

    `rows` (n, f); `positive`, `used` (n, k): its side, and whether it takes part at all; `fold`
    (n,); `penalty`: see `balanced_costs`. A side whose rows are all in one fold is not held out.
    """
    every = np.arange(int(fold.max()) + 1)
    learnt = used[:, :, None] & (fold[:, None] != every)[:, None, :]
    for side in (used & positive, used & ~positive):
        left = (learnt & side[:, :, None]).any(axis=0)
        learnt |= side[:, :, None] & ~left
    costs = balanced_costs(positive[:, :, None], learnt, penalty)
    sides = np.repeat(positive, len(every), axis=1)
    margins = fit(rows, sides, costs.reshape(sides.shape)).margins.reshape(costs.shape)
    chosen: NDArray[np.float64] = margins[np.arange(len(fold)), :, fold].astype(np.float64)
    return chosen


def choose_penalty(
    rows: csr_array,
    positive: NDArray[np.bool_],
    lengths: NDArray[np.float64],
    fold: NDArray[np.intp],
) -> float:
    """The penalty of GRID with the highest average precision on held-out folds.

    USUAL_C stays unless another is better by more than a standard error over the folds: with few
    in-domain texts the differences are chance.
    """
    shape = len(fold), len(GRID)
    sides = np.broadcast_to(positive[:, None], shape)
    margins = held_out_margins(rows, sides, np.ones(shape, bool), fold, np.array(GRID)[:, None])
    scores = margins * lengths[:, None]
    outs = [fold == each for each in np.unique(fold[positive])]
    precision = {
        c: np.array([average_precision(positive[out], own[out]) for out in outs])
        for c, own in zip(GRID, scores.T, strict=True)
    }
    best = max(GRID, key=lambda c: float(precision[c].mean()))
    gained = precision[best] - precision[USUAL_C]
    return best if gained.mean() > gained.std(ddof=1) / np.sqrt(len(outs)) else USUAL_C
