"""Learn what sets in-domain text apart from a background: n-gram weights, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from dataselect.errors import InputError
from dataselect.models.cross_validation import FOLDS, folds, mean_ranks, precision_at, roc_auc
from dataselect.models.platt_scaling import PlattScaling, smoothed_targets
from dataselect.models.sparse import sums_of_rows
from dataselect.operations.relevance.held_out import (
    USUAL_C,
    balanced_costs,
    choose_penalty,
    held_out_margins,
)
from dataselect.operations.relevance.logistic_regression import fit
from dataselect.operations.relevance.training_rows import TrainingRows
from dataselect.operations.relevance.weights import NgramWeights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.console import Report
    from dataselect.models.ngrams.ngrams import Ngrams

_NEAR_COPY = 0.8  # Jaccard overlap of n-grams from which a background text is a near-copy
_PAIRS_AT_ONCE = 10_000_000  # compared in one matrix product: 120 MB where every pair overlaps
_MOST_IN_SAMPLE = 5_000  # of one side; more texts move neither penalty nor calibration
_ENOUGH_TO_CHOOSE = 1_000  # in-domain texts, for a choice of penalty that is no chance
_MOST_TOGETHER, _FEW = 5, 500  # sets, and texts of theirs, whose regressions share their rows
_FLATTEST = 0.2  # slope: where nothing was learnt, a ranking still is not turned over


@dataclass(frozen=True)
class Discriminants:
    """What was learnt: `weights` and one sigmoid for each in-domain set.

    `held_out` (h,) probabilities of in-domain texts by weights that did not see them, ascending.
    `figures` goes into reports as it is.
    """

    weights: NgramWeights
    sigmoids: tuple[PlattScaling, ...]
    held_out: NDArray[np.float64]
    figures: dict[str, Any]


def near_copies(copies: csr_array, originals: csr_array) -> NDArray[np.bool_]:
    """(n,) whether each row of `copies` shares 80 % of its distinct columns with an original.

    Jaccard index of the columns that are not zero; both (·, f) sparse counts.
    """
    found = np.zeros(copies.shape[0], bool)
    known = np.bincount(originals.indices, minlength=originals.shape[1]) > 0
    overlap = sums_of_rows(copies, known[copies.indices])  # with all originals together
    likely = np.flatnonzero(overlap >= _NEAR_COPY * np.diff(copies.indptr))
    sizes = np.diff(originals.indptr)
    right = originals.sign().T.tocsc()
    rows = max(1, _PAIRS_AT_ONCE // max(1, originals.shape[0]))
    for start in range(0, len(likely), rows):
        some = likely[start : start + rows]
        left = copies[some].sign()
        shared = (left @ right).tocoo()
        union = np.diff(left.indptr)[shared.row] + sizes[shared.col] - shared.data
        found[some[shared.row[shared.data >= _NEAR_COPY * union]]] = True
    return found


def discriminants(
    in_domain: Mapping[str, Sequence[str]],
    background: Sequence[str],
    ngrams: Ngrams,
    rng: np.random.Generator,
    report: Report,
) -> Discriminants:
    """Learn one set of weights for each in-domain set, by name, against the background.

    Near-copies of in-domain text are left out of the background. The penalty is chosen once, for
    all sets together. Raises InputError if a side has no text.
    """
    for name, texts in in_domain.items():
        if not texts:
            which = f"the in-domain set '{name}'" if name else "the in-domain text"
            raise InputError(f"{which} holds no records; give at least one, better ten or more")
    own = [text for texts in in_domain.values() for text in texts]
    found = ngrams.columns([*own, *background])
    copied = near_copies(found.counts[len(own) :], found.counts[: len(own)])
    if copied.all():
        raise InputError(
            f"no background text is left ({len(background)} given, {int(copied.sum())} of them "
            "near-copies of in-domain text); give other text with --background, or as the input"
        )
    kept = np.flatnonzero(~copied)
    texts = own + [background[row] for row in kept.tolist()]
    rows = np.concatenate((np.arange(len(own)), len(own) + kept))
    owners = np.full(len(texts), -1)
    sizes = [len(texts) for texts in in_domain.values()]
    owners[: len(own)] = np.repeat(np.arange(len(in_domain)), sizes)
    # One thread: sums come out the same wherever they are made.
    with threadpool_limits(1):
        training = TrainingRows.of(texts, ngrams, found._replace(counts=found.counts[rows]))
        learnt = _Problem(training, owners, tuple(in_domain), rng).solve(report)
    learnt.figures["background"] = {
        "texts": len(kept),
        "near_copies_left_out": int(copied.sum()),
    }
    return learnt


class HeldOut(NamedTuple):
    """Texts scored by weights that did not see them: `rows`, `scores`, `positive` are (n,)."""

    rows: NDArray[np.intp]
    scores: NDArray[np.float64]
    positive: NDArray[np.bool_]


def _sample(rows: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows to cross-validate on, ascending: all, or a uniform sample where there are many."""
    if len(rows) <= _MOST_IN_SAMPLE:
        return rows
    return np.sort(rng.choice(rows, _MOST_IN_SAMPLE, replace=False))


class _Problem:
    """Texts with an owner each, the number of an in-domain set or -1, as rows and folds."""

    def __init__(
        self,
        training: TrainingRows,
        owners: NDArray[np.intp],
        names: tuple[str, ...],
        rng: np.random.Generator,
    ) -> None:
        self.training, self.owners, self.names = training, owners, names
        self.fold = folds(training.texts, rng)
        self.background = np.flatnonzero(owners < 0)
        self.own = [np.flatnonzero(owners == number) for number in range(len(names))]
        self.in_background = training.occurrences(self.background)
        self.sample = [_sample(rows, rng) for rows in (*self.own, self.background)]
        self.rng = rng

    def solve(self, report: Report) -> Discriminants:
        """Learn and judge every set, each against the background alone."""
        advance = report("fitting", len(self.names))
        penalty = self._penalty()
        weights = np.empty((len(self.names), len(self.training.buckets)))
        held_out: list[HeldOut] = []
        for some in self._groups():
            held_out += self._held_out(some, penalty)
            weights[some] = self._weights(some, penalty)
            advance(len(some))
        sigmoids = _calibrate_together(held_out)
        own = [s(h.scores[h.positive]) for s, h in zip(sigmoids, held_out, strict=True)]
        return Discriminants(
            NgramWeights.of(self.training.ngrams, self.training.buckets, weights),
            tuple(sigmoids),
            np.sort(np.concatenate(own)),
            {
                "in_domain": {
                    name: len(own) for name, own in zip(self.names, self.own, strict=True)
                },
                "C": penalty,
                "held_out": all(len(np.unique(self.fold[own])) > 1 for own in self.own),
                "word_length": self._word_length(),
                "sets": {
                    name: self._figures(held_out[i], weights[i] * sigmoids[i].slope, self.own[i])
                    for i, name in enumerate(self.names)
                },
            },
        )

    def _penalty(self) -> float:
        """The penalty for all sets together."""
        own = _sample(np.flatnonzero(self.owners >= 0), self.rng)
        if len(own) < _ENOUGH_TO_CHOOSE or len(np.unique(self.fold[own])) < FOLDS:
            return USUAL_C
        rows = np.sort(np.concatenate((own, self.sample[-1])))
        return choose_penalty(
            self.training.rows[rows],
            self.owners[rows] >= 0,
            self.training.lengths[rows],
            self.fold[rows],
        )

    def _groups(self) -> Iterator[range]:
        """Yield the numbers of sets that are learnt together: their texts are few, and so are they.

        All texts of a group are rows of each of its regressions.
        """
        start = texts = 0
        for number, own in enumerate(self.own):
            texts += len(own)
            if number > start and (number - start == _MOST_TOGETHER or texts > _FEW):
                yield range(start, number)
                start, texts = number, len(own)
        yield range(start, len(self.own))

    def _sides(
        self, some: range, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(n, k) which rows are of each set, and which are of it or of the background."""
        positive = self.owners[rows, None] == np.array(some)
        return positive, positive | (self.owners[rows, None] < 0)

    def _held_out(self, some: range, penalty: float) -> list[HeldOut]:
        rows = np.concatenate([self.sample[number] for number in (*some, -1)])
        positive, used = self._sides(some, rows)
        margins = held_out_margins(
            self.training.rows[rows], positive, used, self.fold[rows], penalty
        )
        scores = margins * self.training.lengths[rows, None]
        columns = zip(scores.T, positive.T, used.T, strict=True)
        return [HeldOut(rows[part], own[part], side[part]) for own, side, part in columns]

    def _weights(self, some: range, penalty: float) -> NDArray[np.float64]:
        """(k, f) the weights of n-gram counts learnt from all texts."""
        rows = np.concatenate([*(self.own[number] for number in some), self.background])
        positive, used = self._sides(some, rows)
        costs = balanced_costs(positive, used, penalty)
        part = self.training.rows[rows]
        coefficients = fit(part, positive, costs).coefficients.astype(np.float64)
        weights: NDArray[np.float64] = (part.T @ coefficients).T * self.training.scale
        return weights

    def _word_length(self) -> float | None:
        """Characters of in-domain text for each of its words, or None where words do not count."""
        if self.training.ngrams.analyzer != "word":
            return None
        texts = [self.training.texts[row] for row in np.flatnonzero(self.owners >= 0).tolist()]
        words = len(self.training.ngrams.tokens(texts).hashes)
        return round(sum(map(len, texts)) / max(words, 1), 2)

    def _figures(
        self, held_out: HeldOut, weights: NDArray[np.float64], own_rows: NDArray[np.intp]
    ) -> dict[str, Any]:
        """How well one set was learnt, judged on held-out texts."""
        positive, scores = held_out.positive, held_out.scores
        lengths = self.training.totals[held_out.rows].astype(np.float64)
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
            "ngrams_for": self.training.top(weights, self.training.occurrences(own_rows), 1),
            "ngrams_against": self.training.top(weights, self.in_background, -1),
        }


def _calibrate_together(held_out: Sequence[HeldOut]) -> list[PlattScaling]:
    """One sigmoid for all sets, on scores in standard deviations of each set's background.

    With ten texts a set, a slope of its own is so uncertain that one overconfident set fills the
    top: on CLINC150, precision over five sets was 0.88, and is 0.94 with a common slope. Both
    sides weigh the same, and so do the sets; a background text counts by its best set.
    """
    centres = [(h.scores[~h.positive].mean(), h.scores[~h.positive].std() or 1.0) for h in held_out]
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
