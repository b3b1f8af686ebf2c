"""Logistic regression on n-gram counts: weights and cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.cross_validation import FOLDS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# Inverse strengths of the L2 penalty that are tried. On CLINC150 and SNIPS, 0.3 is best or within
# noise of it from 5 to 5,000 in-domain texts, and choosing freely lost precision to chance.
GRID = (0.1, 0.3, 1.0, 3.0)
USUAL_C = 0.3
# Above these sizes C and calibration are found on a sample: more data moves them no further.
CROSS_VALIDATED = {True: 5_000, False: 5_000}


@dataclass(frozen=True)
class HeldOut:
    """Texts scored by weights that did not see them; `scores` and `positive` are (n,)."""

    scores: NDArray[np.float64]
    positive: NDArray[np.bool_]

    @property
    def auc(self) -> float:
        """Area under the ROC curve: how often an in-domain text outscores a background one."""
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(self.positive, self.scores))

    def precision_at(self, k: int) -> float:
        """Share of in-domain texts among the `k` best."""
        order = np.argsort(-self.scores, kind="stable")[:k]
        return float(self.positive[order].mean())


def fit_weights(
    counts: csr_array,
    positive: NDArray[np.bool_],
    scale: NDArray[np.float64],
    inverse_penalty: float,
) -> NDArray[np.float64]:
    """(f,) weights of raw counts: those of scaled, length-normalised rows with balanced classes."""
    from scipy.sparse import diags_array
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import normalize

    rows = normalize(counts @ diags_array(scale))
    model = LogisticRegression(
        C=inverse_penalty, class_weight="balanced", solver="liblinear", tol=1e-3, random_state=0
    )
    model.fit(rows, positive)
    weights: NDArray[np.float64] = model.coef_[0] * scale
    return weights


@dataclass(frozen=True)
class TrainingSet:
    """What one classifier learns from.

    `counts` (n, f) n-gram counts; `positive` (n,) whether a row is in-domain; `scale` (f,) how
    much a column counts; `lengths` (n,) what the summed weights of a row are divided by; `fold`
    (n,) which rows are held out together.
    """

    counts: csr_array
    positive: NDArray[np.bool_]
    scale: NDArray[np.float64]
    lengths: NDArray[np.float64]
    fold: NDArray[np.intp]

    def subset(self, rows: NDArray[np.intp]) -> TrainingSet:
        return TrainingSet(
            self.counts[rows], self.positive[rows], self.scale, self.lengths[rows], self.fold[rows]
        )

    def fit(self, inverse_penalty: float) -> NDArray[np.float64]:
        """(f,) the weights learnt from all rows."""
        return fit_weights(self.counts, self.positive, self.scale, inverse_penalty)

    @property
    def can_hold_out(self) -> bool:
        """Whether every fold leaves some in-domain text to learn from."""
        return len(np.unique(self.fold[self.positive])) > 1

    def held_out(self, inverse_penalty: float) -> NDArray[np.float64]:
        """(n,) the score of each row by weights that were learnt without its fold.

        Where nothing can be held out, by weights learnt from all rows.
        """
        if not self.can_hold_out:
            scores: NDArray[np.float64] = self.counts @ self.fit(inverse_penalty) / self.lengths
            return scores
        scores = np.empty(len(self.positive))
        for fold in np.unique(self.fold):
            out = self.fold == fold
            rest = self.subset(np.flatnonzero(~out))
            scores[out] = self.counts[out] @ rest.fit(inverse_penalty) / self.lengths[out]
        return scores


def choose_penalty(training: TrainingSet) -> float:
    """The penalty of GRID with the highest average precision on held-out folds.

    USUAL_C stays unless another is better by more than a standard error over the folds: with few
    in-domain texts the differences are chance.
    """
    from sklearn.metrics import average_precision_score

    folds_in_use = np.unique(training.fold[training.positive])
    if len(folds_in_use) < FOLDS:
        return USUAL_C
    held_out = [training.fold == fold for fold in folds_in_use]
    precision = {}
    for c in GRID:
        scores = training.held_out(c)
        each = [average_precision_score(training.positive[out], scores[out]) for out in held_out]
        precision[c] = np.array(each)
    best = max(GRID, key=lambda c: float(precision[c].mean()))
    gained = precision[best] - precision[USUAL_C]
    return best if gained.mean() > gained.std(ddof=1) / np.sqrt(FOLDS) else USUAL_C


def sample_rows(positive: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows to cross-validate on, ascending: all, or a uniform sample where there are many."""
    parts = []
    for kind, most in CROSS_VALIDATED.items():
        rows = np.flatnonzero(positive == kind)
        parts.append(rows if len(rows) <= most else rng.choice(rows, most, replace=False))
    return np.sort(np.concatenate(parts))
