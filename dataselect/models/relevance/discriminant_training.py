"""Learn what sets in-domain text apart from a background: n-gram weights, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from dataselect.errors import InputError
from dataselect.models.cross_validation import FOLDS, folds
from dataselect.models.ngrams.speakers import unsaid_buckets
from dataselect.models.relevance.background_copies import near_copies
from dataselect.models.relevance.held_out import (
    USUAL_C,
    balanced_costs,
    choose_penalty,
    held_out_margins,
)
from dataselect.models.relevance.logistic_regression import fit
from dataselect.models.relevance.set_calibration import HeldOut, calibrate_together
from dataselect.models.relevance.training_rows import (
    InnerCharacters,
    TrainingRows,
    TrainingView,
)
from dataselect.models.relevance.weights import NgramWeights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dataselect.console import Report
    from dataselect.models.ngrams.ngrams import Ngrams
    from dataselect.models.ngrams.speakers import Speakers
    from dataselect.models.platt_scaling import PlattScaling

_MOST_IN_SAMPLE = 5_000  # of one side; more texts move neither penalty nor calibration
_ENOUGH_TO_CHOOSE = 1_000  # in-domain texts, for a choice of penalty that is no chance
# Sets that learn from the characters inside words, too, and from each other: both together take
# three times as long.
_MOST_SETS = 20
_MOST_TOGETHER, _FEW = 5, 500  # sets, and texts of theirs, whose regressions share their rows


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


def discriminants(
    in_domain: Mapping[str, Sequence[str]],
    background: Sequence[str],
    ngrams: Ngrams,
    rng: np.random.Generator,
    report: Report,
    speakers: Speakers | None = None,
) -> Discriminants:
    """Learn one set of weights for each in-domain set, by name, against the background.

    N-grams that too few of the `speakers` of all texts said, the in-domain ones first, have no
    weight. Near-copies of in-domain text are left out of the background. The penalty is chosen
    once, for all sets together. Raises InputError if a side has no text.
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
    unsaid = np.empty(0, np.intp)
    if speakers is not None:
        speakers.check(len(own) + len(background))
        unsaid = unsaid_buckets(ngrams, [*own, *background], speakers)
    kept = np.flatnonzero(~copied)
    texts = own + [background[row] for row in kept.tolist()]
    rows = np.concatenate((np.arange(len(own)), len(own) + kept))
    owners = np.full(len(texts), -1)
    sizes = [len(texts) for texts in in_domain.values()]
    owners[: len(own)] = np.repeat(np.arange(len(in_domain)), sizes)
    # One thread: sums come out the same wherever they are made.
    with threadpool_limits(1):
        found = found._replace(counts=found.counts[rows], totals=found.totals[rows])
        training = TrainingRows.of(texts, ngrams, found, unsaid)
        learnt = _Problem(training, owners, tuple(in_domain), rng).solve(report)
    learnt.figures["background"] = {
        "texts": len(kept),
        "near_copies_left_out": int(copied.sum()),
    }
    if speakers is not None:
        learnt.figures["speakers"] = {
            "different": len(speakers),
            "min_speakers": speakers.least,
            "ngrams_left_out": len(unsaid),
        }
    return learnt


def _sample(rows: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows to cross-validate on, ascending: all, or a uniform sample where there are many."""
    if len(rows) <= _MOST_IN_SAMPLE:
        return rows
    return np.sort(rng.choice(rows, _MOST_IN_SAMPLE, replace=False))


class _Learnt(NamedTuple):
    """Some sets, each with a column: what `rows` (m,) score that were held out, `scores` (m, k).

    `positive`, `used` (m, k): which are of a set, and which are of it or of the background.
    `weights` (k, b) of n-grams; `spread` (k,) of the background's scores.
    """

    rows: NDArray[np.intp]
    positive: NDArray[np.bool_]
    used: NDArray[np.bool_]
    scores: NDArray[np.float64]
    weights: NDArray[np.float64]
    spread: NDArray[np.float64]

    def add(self, other: _Learnt) -> None:
        """Let what all sets have in common, one column, count as much as each set by itself."""
        share = _ratio(self.spread, other.spread)
        places = np.zeros(int(other.rows.max()) + 1, np.intp)
        places[other.rows] = np.arange(len(other.rows))
        self.scores[:] += other.scores[places[self.rows]] * share
        self.weights[:] += other.weights * share[:, None]

    def held_out(self) -> list[HeldOut]:
        columns = zip(self.scores.T, self.positive.T, self.used.T, strict=True)
        return [HeldOut(self.rows[part], own[part], side[part]) for own, side, part in columns]


def _ratio(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many times the other's spread one's is; 1 where either has none."""
    varied = (one > 0) & (other > 0)
    return np.where(varied, one / np.where(varied, other, 1), 1.0)


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
        self.views: list[TrainingView] = [training]
        if training.ngrams.analyzer == "word" and len(names) <= _MOST_SETS:
            self.views.append(InnerCharacters.of(training))
        self.buckets = np.unique(np.concatenate([view.buckets for view in self.views]))
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
        weights = np.empty((len(self.names), len(self.buckets)))
        held_out: list[HeldOut] = []
        everything = None
        if 1 < len(self.names) <= _MOST_SETS:
            everything = self._learn(range(len(self.names)), penalty, together=True)
        for some in self._groups():
            learnt = self._learn(some, penalty)
            if everything is not None:
                learnt.add(everything)
            weights[some] = learnt.weights
            held_out += learnt.held_out()
            advance(len(some))
        of_ngrams = weights[:, self.buckets.searchsorted(self.training.buckets)]
        sigmoids = calibrate_together(held_out)
        own = [s(h.scores[h.positive]) for s, h in zip(sigmoids, held_out, strict=True)]
        return Discriminants(
            NgramWeights.of(self.training.ngrams, self.buckets, weights),
            tuple(sigmoids),
            np.sort(np.concatenate(own)),
            {
                "in_domain": {
                    name: len(own) for name, own in zip(self.names, self.own, strict=True)
                },
                "C": penalty,
                "held_out": all(len(np.unique(self.fold[own])) > 1 for own in self.own),
                "word_length": self._word_length(),
                "sets": self._figures(held_out, of_ngrams, sigmoids),
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

    def _learn(self, some: range, penalty: float, *, together: bool = False) -> _Learnt:
        """Weights of some sets against the background, or of all their texts `together`."""
        sides = partial(self._sides, some, together=together)
        rows, positive, used = sides(self.sample)
        every, own, taking_part = sides([*self.own, self.background])
        costs = balanced_costs(own, taking_part, penalty)
        background = self.owners[rows] < 0
        scores = np.zeros(positive.shape)
        weights = np.zeros((positive.shape[1], len(self.buckets)))
        spread = np.zeros(0)
        for view in self.views:
            margins = held_out_margins(view.rows[rows], positive, used, self.fold[rows], penalty)
            margins *= view.lengths[rows, None]
            of_view = margins[background].std(axis=0)
            spread = spread if spread.size else of_view
            share = _ratio(spread, of_view)
            scores += margins * share
            learnt = view.ngram_weights(fit(view.rows[every], own, costs).weights)
            weights[:, self.buckets.searchsorted(view.buckets)] += learnt * share[:, None]
        return _Learnt(rows, positive, used, scores, weights, scores[background].std(axis=0))

    def _sides(
        self, some: range, parts: Sequence[NDArray[np.intp]], *, together: bool
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.bool_]]:
        """Rows (m,), which are of each set, and which are of it or of the background, (m, k).

        `parts`: the rows of each set, then those of the background.
        """
        rows = np.concatenate([parts[number] for number in (*some, -1)])
        owners = self.owners[rows, None]
        positive = owners >= 0 if together else owners == np.array(some)
        return rows, positive, positive | (owners < 0)

    def _word_length(self) -> float | None:
        """Characters of in-domain text for each of its words, or None where words do not count."""
        if self.training.ngrams.analyzer != "word":
            return None
        own = np.flatnonzero(self.owners >= 0)
        characters = sum(len(self.training.texts[row]) for row in own.tolist())
        return round(characters / max(int(self.training.totals[own].sum()), 1), 2)

    def _figures(
        self,
        held_out: Sequence[HeldOut],
        weights: NDArray[np.float64],
        sigmoids: Sequence[PlattScaling],
    ) -> dict[str, dict[str, Any]]:
        """Of each set how well it was learnt, and its n-grams of the highest weights, (k, f)."""
        named = []
        for own, learnt, sigmoid in zip(self.own, weights, sigmoids, strict=True):
            steep = learnt * sigmoid.slope
            named.append(self.training.strongest(steep, self.training.occurrences(own), 1))
            named.append(self.training.strongest(steep, self.in_background, -1))
        spelt = self.training.spelt(named)
        lengths = self.training.totals.astype(np.float64)
        sides = zip(self.names, held_out, spelt[::2], spelt[1::2], strict=True)
        return {
            name: {**held.figures(lengths[held.rows]), "ngrams_for": own, "ngrams_against": others}
            for name, held, own, others in sides
        }
