"""Train an intent classifier: labelled texts, a background, and texts of the pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from dataselect.errors import InputError
from dataselect.models.cross_validation import folds
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.intent_classifier.features import (
    WORD_COLUMNS,
    NgramView,
    View,
    feature_counts,
)
from dataselect.models.intent_classifier.intent_classifier import OTHER, IntentClassifier
from dataselect.models.intent_classifier.pool_gain import HeldOutLosses
from dataselect.models.intent_classifier.self_training import ClassifiedTexts, TwoViewTexts
from dataselect.models.intent_classifier.vector_views import EncoderView, JoinedView, WordVectors

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.console import Report


# "Other" is no single thing: as one class it hides what sets an intent apart from its neighbours.
# Parts of it take a quarter of the errors away on CLINC150 with five texts an intent.
_TEXTS_A_PART = 20
_MOST_PARTS = 100
_PART_DIMENSION = 64  # of the vectors that the background is divided by
# What a background counts beside all labelled texts. Alone, these are outweighed by it: with 5, 10
# and 20 texts an intent 0.4 is near the best. Texts of the pool that are like an intent make up for
# that, and then 0.4 would let too many of them in.
_BACKGROUND_ALONE, _BACKGROUND_WITH_POOL = 0.4, 1.0
# Beside a background word vectors are the shorter, the more texts of an intent are annotated than
# this. With 5, 10 and 20 texts an intent, ten seeds, errors with vectors of full length are 18.8,
# 15.8 and 16.1 %, with those of half 20.6, 14.0 and 14.1. Without a background 5, 20 and 50 texts
# want them nearly full.
_FULL_VECTORS_UP_TO = 5
_ENOUGH_HELD_OUT = 250  # texts to find one number, the temperature
_POOL_UNUSED = (
    "intents are learnt from labelled records alone: the input does not clearly help with those "
    "held out (log-loss {:.3f} without it, {:.3f} with it); cut it by relevance, label more, or "
    "learn from it all the same with --uncalibrated"
)


def train(
    model: IntentClassifier,
    texts: Sequence[str],
    intents: Sequence[str],
    background: Sequence[str],
    pool: Sequence[str],
    pool_weights: NDArray[np.float64],
    unfiltered: Sequence[str] | WordVectors,
    rng: np.random.Generator,
    report: Report,
) -> None:
    """Set what a model learns from labelled texts, and from the pool in rounds of self-training.

    `background`: texts that are none of the intents. `pool_weights` (m,): how many texts each one
    of the pool counts as. `unfiltered`: word vectors, or texts that they are learnt from, and else
    from the pool. Raises InputError where there are fewer than two things to tell apart.
    """
    names = sorted({*intents, OTHER}) if background else sorted(set(intents))
    if len(names) < 2:
        raise InputError(
            f"the labelled records have {len(names)} intents, and nothing to tell them from; "
            "give records of more intents, or a --background"
        )
    with threadpool_limits(1):  # sums come out the same however many cores there are
        vectors = None
        if isinstance(unfiltered, WordVectors):
            vectors = unfiltered
        elif model.learns_vectors:
            advance = report("learning word vectors", 1)
            vectors = WordVectors.learn([*texts, *background, *(unfiltered or pool)], rng)
            advance(1)
        problem = _Problem(
            model, texts, intents, background, pool, pool_weights, names, vectors, rng
        )
        problem.solve(report)


def parts(texts: Sequence[str], rng: np.random.Generator) -> NDArray[np.intp]:
    """(n,) which part each text of a background belongs to, by k-means; parts 0 to the highest."""
    from sklearn.cluster import MiniBatchKMeans

    count = min(_MOST_PARTS, len(texts) // _TEXTS_A_PART)
    if count < 2:
        return np.zeros(len(texts), np.intp)
    encoder = Lexical.fit(texts, dimension=_PART_DIMENSION, rng=rng)
    clustering = MiniBatchKMeans(count, random_state=int(rng.integers(2**32)), n_init=3)
    found = clustering.fit_predict(encoder.encode(texts, unit=True))
    return np.unique(found, return_inverse=True)[1]  # some may be empty


class _Problem:
    """What an intent classifier learns from, as both views see it."""

    def __init__(
        self,
        model: IntentClassifier,
        texts: Sequence[str],
        intents: Sequence[str],
        background: Sequence[str],
        pool: Sequence[str],
        pool_weights: NDArray[np.float64],
        names: list[str],
        vectors: WordVectors | None,
        rng: np.random.Generator,
    ) -> None:
        from scipy.sparse import vstack

        self.model, self.names, self.rounds = model, names, model.rounds
        encoder = model.encoder
        self.known = [*texts, *background]
        self.labelled_count = len(texts)
        place = {name: number for number, name in enumerate(names)}
        spelled, own = np.unique(np.array(intents, dtype=object), return_inverse=True)
        others = len(spelled) + parts(background, rng)
        self.classes = np.concatenate((own, others))
        every = int(self.classes.max()) + 1
        self.fold = folds(self.known, rng)
        self.label_of_class = np.full(every, place.get(OTHER, -1))
        self.label_of_class[: len(spelled)] = [place[name] for name in spelled.tolist()]
        counts, pool_counts = feature_counts(self.known), feature_counts(pool)
        ngrams = NgramView.of(
            counts[: len(texts)], vstack([counts[len(texts) :], pool_counts], format="csr")
        )
        self.view: View = ngrams
        if encoder is not None:
            self.view = EncoderView(encoder)
        elif vectors is not None:
            few = _FULL_VECTORS_UP_TO * len(spelled)
            share = min(1.0, few / len(texts)) if background else 1.0
            self.view = JoinedView(ngrams, vectors.encoder, share * vectors.weight)
        words = ngrams.columns[ngrams.columns < WORD_COLUMNS]

        def seen(counts: csr_array, texts: Sequence[str]) -> TwoViewTexts:
            if isinstance(self.view, EncoderView):
                rows = self.view.rows(texts)
            else:
                rows = ngrams.weighted(counts).astype(np.float32)  # as the regression has them
                if isinstance(self.view, JoinedView):
                    rows = self.view.beside(rows, texts)
            return TwoViewTexts(rows, counts[:, words].sign())

        self.pool, self.pool_weights = seen(pool_counts, pool), pool_weights
        self.texts = seen(counts, self.known)

    def _labelled(self, rounds: int) -> ClassifiedTexts:
        """What is known, for so many rounds: the background counts a share of labelled texts."""
        background = len(self.known) - self.labelled_count
        share = _BACKGROUND_WITH_POOL if rounds else _BACKGROUND_ALONE
        weights = np.ones(len(self.known))
        weights[self.labelled_count :] = share * self.labelled_count / max(1, background)
        return ClassifiedTexts(self.texts, self.classes, len(self.label_of_class), weights)

    def solve(self, report: Report) -> None:
        """Train, and calibrate on held-out texts; from the pool only where that helps with them."""
        model, rounds = self.model, self.rounds if self.pool.rows.shape[0] else 0
        which = np.empty(0, np.intp) if model.uncalibrated else self._held_out_rows()
        times = 2 if rounds else 1
        advance = report("fitting", 1 + times * len(np.unique(self.fold[which])))
        figures: dict[str, Any] = {
            "labelled": self.labelled_count,
            "background": len(self.known) - self.labelled_count,
            "pool": self.pool.rows.shape[0],
            "rounds": self.rounds,
            "held_out": len(which),
        }
        warnings = ["confidence is not calibrated"] if model.uncalibrated else []
        scale = 1.0
        if len(which):  # first, since what is learnt from everything may be large
            found = self._held_out(which, rounds, advance)
            if rounds:
                alone = self._held_out(which, 0, advance)
                gain = found.gain(alone)
                figures["pool_gain"] = gain._asdict()
                if not gain.is_clear:
                    warnings.append(_POOL_UNUSED.format(alone.loss, found.loss))
                    found, rounds = alone, 0
            scale, figures["held_out_error"] = found.temperature, round(found.error, 4)
        learnt = self._labelled(rounds).learn(self.pool, self.pool_weights, rounds)
        advance(1)
        figures["temperature"] = round(scale, 4)
        if warnings:
            figures["warnings"] = warnings
        model.linear_, model.names_, model.label_of_class_, model.view_ = (
            learnt,
            tuple(self.names),
            self.label_of_class,
            self.view,
        )
        model.temperature_, model.figures_ = scale, figures

    def _held_out_rows(self) -> NDArray[np.intp]:
        """Which texts to calibrate on, ascending: folds until there are enough, or nothing."""
        sizes = np.bincount(self.fold)
        if len(sizes) < 2:
            return np.empty(0, np.intp)
        enough = int((np.cumsum(sizes) < _ENOUGH_HELD_OUT).sum())
        return np.flatnonzero(self.fold <= enough)

    def _held_out(
        self, which: NDArray[np.intp], rounds: int, advance: Callable[[int], None]
    ) -> HeldOutLosses:
        """What classifiers that did not learn from their fold say of texts."""
        labelled = self._labelled(rounds)
        odds = np.empty((len(which), labelled.count))
        own = self.fold[which]
        for fold in np.unique(own).tolist():
            rest = labelled.subset(np.flatnonzero(self.fold != fold))
            linear = rest.learn(self.pool, self.pool_weights, rounds)
            odds[own == fold] = linear(self.texts.rows[which[own == fold]])
            advance(1)
        truth = self.label_of_class[self.classes[which]]
        return HeldOutLosses.of(odds, self.label_of_class, truth, labelled.weights[which])
