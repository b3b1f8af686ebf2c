"""Learn what sets in-domain text apart from a background: n-gram weights, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from dataselect.errors import InputError
from dataselect.models.cross_validation import folds
from dataselect.models.ngrams import Ngrams
from dataselect.models.platt_scaling import PlattScaling, smoothed_targets
from dataselect.models.sparse import inverse_document_frequency
from dataselect.operations.relevance.logistic_regression import (
    HeldOut,
    TrainingSet,
    choose_penalty,
    sample_rows,
)
from dataselect.operations.relevance.weights import NgramWeights, divisors

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# An n-gram counts idf ** 1.5 * 0.7 ** (n - 1) in training: found on CLINC150, where precision
# hardly moves for exponents of 1.25 to 2; without the discount of long n-grams it falls by 3 %.
_IDF_POWER = 1.5
_ORDER_DISCOUNT = 0.7
# Above this many texts, n-grams that occur in one only are left out: half of all, and no loss.
_SINGLETONS_MATTER_UP_TO = 1_000
_NEAR_COPY = 0.8  # Jaccard overlap of n-grams from which a background text is a near-copy
_PAIRS_AT_ONCE = 10_000_000  # compared in one matrix product: 120 MB where every pair overlaps
_TOP_NGRAMS = 20
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
    sizes = np.diff(originals.indptr)
    right = originals.sign().T.tocsc()
    rows = max(1, _PAIRS_AT_ONCE // max(1, originals.shape[0]))
    for start in range(0, copies.shape[0], rows):
        left = copies[start : start + rows].sign()
        shared = (left @ right).tocoo()
        union = np.diff(left.indptr)[shared.row] + sizes[shared.col] - shared.data
        found[start + shared.row[shared.data >= _NEAR_COPY * union]] = True
    return found


def discriminants(
    in_domain: Mapping[str, Sequence[str]],
    background: Sequence[str],
    ngrams: Ngrams,
    rng: np.random.Generator,
) -> Discriminants:
    """Learn one set of weights for each in-domain set, by name, against the background.

    Near-copies of in-domain text are left out of the background. The penalty is chosen once, for
    all sets together. Raises InputError if a side has no text.
    """
    for name, texts in in_domain.items():
        if not texts:
            which = f"the in-domain set '{name}'" if name else "the in-domain text"
            raise InputError(f"{which} holds no records; give at least one, better ten or more")
    seeds = [text for texts in in_domain.values() for text in texts]
    owners = np.repeat(np.arange(len(in_domain)), [len(texts) for texts in in_domain.values()])
    others = ngrams.matrix(background)
    copied = near_copies(others, ngrams.matrix(seeds))
    kept = [text for text, copy in zip(background, copied.tolist(), strict=True) if not copy]
    if not kept:
        raise InputError(
            f"no background text is left ({len(background)} given, {int(copied.sum())} of them "
            "near-copies of in-domain text); give other text with --background, or as the input"
        )
    texts = [*seeds, *kept]
    owners = np.concatenate((owners, np.full(len(kept), -1)))
    # One thread: on arrays as small as these, threads that wait for each other on a busy machine
    # made a fit of one second take twenty; and sums come out the same wherever they are made.
    with threadpool_limits(1):
        learnt = _Problem(texts, owners, tuple(in_domain), ngrams, rng).solve()
    learnt.figures["background"] = {"texts": len(kept), "near_copies_left_out": int(copied.sum())}
    return learnt


class _Problem:
    """Texts with an owner each, the number of an in-domain set or -1, as counts and folds."""

    def __init__(
        self,
        texts: list[str],
        owners: NDArray[np.intp],
        names: tuple[str, ...],
        ngrams: Ngrams,
        rng: np.random.Generator,
    ) -> None:
        self.texts, self.owners, self.names, self.ngrams = texts, owners, names, ngrams
        counts = ngrams.matrix(texts)
        self.totals = np.asarray(counts.sum(axis=1)).ravel().astype(np.int64)
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        rarest = 1 if len(texts) <= _SINGLETONS_MATTER_UP_TO else 2
        self.buckets = np.flatnonzero(frequency >= rarest)
        self.counts = counts[:, self.buckets.astype(np.int32)]
        orders = ngrams.orders(texts, self.buckets)
        idf = inverse_document_frequency(self.counts)
        self.scale = idf**_IDF_POWER * _ORDER_DISCOUNT ** (orders - 1)
        self.divisors = divisors(self.totals)
        self.fold = folds(texts, rng)
        self.rng = rng

    def solve(self) -> Discriminants:
        """Learn and judge every set, each against the background alone."""
        anything = self._training(self.owners >= 0)
        rows = sample_rows(anything.positive, self.rng)
        penalty = choose_penalty(anything.subset(rows))
        held_out = [self._held_out(number, rows, penalty) for number in range(len(self.names))]
        sigmoids = _calibrate_together(held_out)
        everything = np.arange(len(self.texts))
        learnt, all_held_out = [], True
        for number in range(len(self.names)):  # one at a time: each holds the background's counts
            training = self._against(number, everything)
            learnt.append(training.fit(penalty))
            all_held_out &= training.can_hold_out
        weights = np.stack(learnt)
        own = [s(h.scores[h.positive]) for s, h in zip(sigmoids, held_out, strict=True)]
        return Discriminants(
            NgramWeights.of(self.ngrams, self.buckets, weights),
            tuple(sigmoids),
            np.sort(np.concatenate(own)),
            {
                "in_domain": {
                    name: int((self.owners == i).sum()) for i, name in enumerate(self.names)
                },
                "C": penalty,
                "held_out": all_held_out,
                "word_length": self._word_length(),
                "sets": {
                    name: self._figures(held_out[i], rows, weights[i] * sigmoids[i].slope, i)
                    for i, name in enumerate(self.names)
                },
            },
        )

    def _training(self, positive: NDArray[np.bool_]) -> TrainingSet:
        return TrainingSet(self.counts, positive, self.scale, self.divisors, self.fold)

    def _sides(self, number: int, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Those of `rows` that are of one set or of the background, in their order."""
        sides: NDArray[np.intp] = rows[(self.owners[rows] == number) | (self.owners[rows] < 0)]
        return sides

    def _against(self, number: int, rows: NDArray[np.intp]) -> TrainingSet:
        """The problem of telling one set from the background; other sets take no part."""
        return self._training(self.owners == number).subset(self._sides(number, rows))

    def _held_out(self, number: int, rows: NDArray[np.intp], penalty: float) -> HeldOut:
        part = self._against(number, rows)
        return HeldOut(part.held_out(penalty), part.positive)

    def _word_length(self) -> float | None:
        """Characters of in-domain text for each of its words, or None where words do not count."""
        if self.ngrams.analyzer != "word":
            return None
        texts = [text for text, owner in zip(self.texts, self.owners, strict=True) if owner >= 0]
        words = len(self.ngrams.tokens(texts).hashes)
        return round(sum(map(len, texts)) / max(words, 1), 2)

    def _figures(
        self,
        held_out: HeldOut,
        rows: NDArray[np.intp],
        weights: NDArray[np.float64],
        number: int,
    ) -> dict[str, Any]:
        """How well one set was learnt, judged on held-out texts."""
        from scipy.stats import rankdata

        lengths = self.totals[self._sides(number, rows)]
        own = int(held_out.positive.sum())
        by_length = HeldOut(lengths.astype(np.float64), held_out.positive).auc
        ranks = rankdata(lengths), rankdata(held_out.scores)
        varied = all(rank.std() > 0 for rank in ranks)
        correlation = float(np.corrcoef(*ranks)[0, 1]) if varied else 0.0
        return {
            "auc": round(held_out.auc, 4),
            "precision_at": {
                str(k): round(held_out.precision_at(k), 4) for k in sorted({min(10, own), own})
            },
            "in_domain_share": round(own / len(lengths), 4),
            "score_length_correlation": round(correlation, 4),
            "length_auc": round(max(by_length, 1 - by_length), 4),
            "ngrams_for": self._top(weights, self.owners == number, 1),
            "ngrams_against": self._top(weights, self.owners != number, -1),
        }

    def _top(
        self, weights: NDArray[np.float64], side: NDArray[np.bool_], sign: int
    ) -> list[tuple[str, float]]:
        """The n-grams that matter most on a side: weight times how many of its texts hold them.

        `sign`: 1 for what speaks for the set, -1 for what speaks against it.
        """
        part = self.counts[np.flatnonzero(side)]
        present = np.bincount(part.indices, minlength=len(weights))
        value = sign * weights * present
        chosen = np.argsort(-value, kind="stable")[:_TOP_NGRAMS]
        columns = part.tocsc()
        texts = [self.texts[i] for i in np.flatnonzero(side).tolist()]
        found = []
        for column in chosen[value[chosen] > 0].tolist():
            row = int(columns.indices[columns.indptr[column]])
            bucket = int(self.buckets[column])
            spelled = next(s for b, s in self.ngrams.strings(texts[row]) if b == bucket)
            found.append((spelled, round(float(weights[column]), 4)))
        return found


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
