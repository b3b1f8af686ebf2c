"""What an intent classifier that did not see a record believes of its intent.

Two views, as in self-training: naive Bayes on n-grams (Rennie et al. 2003, against the complement
of each intent), and ridge regression on their principal components and on word vectors learnt from
the records. Neither iterates, so five folds take seconds; how much each counts is what makes the
given intents of a held-out fold most probable (stacked generalisation, Wolpert 1992). Which intent
is taken for which is learnt from all records together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from dataselect.errors import InputError
from dataselect.models.intent_classifier.soft_regression import log_softmax
from dataselect.operations.check.beliefs.complement_bayes import (
    ComplementBayes,
    one_hot,
    weights_of_views,
)
from dataselect.operations.check.beliefs.confusions import LikelyClasses
from dataselect.operations.check.corpus_tokens import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.operations.check.checked_corpus import CheckedCorpus

_COMPONENTS = 300  # with 600, CLINC150 gains as much as ATIS loses
_POWER_ITERATIONS = 2
_SAMPLE = 20_000  # records that principal components are found in, and that views are weighed by
_PENALTY = 0.1  # between 0.003 and 0.3 it is all the same
_CELLS = 1 << 21  # of a block of beliefs


class IntentBeliefs(NamedTuple):
    """Beliefs of records, (n,) each: the probability of the given intent, and of the best other.

    `other`: the code of that one.
    """

    own: NDArray[np.float64]
    best: NDArray[np.float64]
    other: NDArray[np.intp]

    @property
    def doubts(self) -> NDArray[np.float64]:
        """(n,) 1 where another intent is certain, 0 where the given one is."""
        return (1 - (self.own - self.best)) / 2

    @property
    def suspects(self) -> NDArray[np.intp]:
        """Places of records of which another intent is more probable."""
        return np.flatnonzero(self.own < self.best)


def cross_validated_intents(corpus: CheckedCorpus) -> IntentBeliefs:
    """Beliefs of classifiers that did not learn from a record nor from its copies.

    Of the records that have an intent, of which there are two at least.
    """
    codes, intents = corpus.intents[1][corpus.with_intents], len(corpus.intents[0])
    found = LikelyClasses.empty(len(codes), intents)
    for rows, likely in held_out_intents(corpus):
        found.fill(rows, codes[rows], likely)
    found = found.corrected(intents)
    best = found.likely[:, 1:].argmax(axis=1) + 1
    each = np.arange(len(codes))
    other = found.codes[each, best].astype(np.intp)
    return IntentBeliefs(found.likely[:, 0], found.likely[each, best], other)


def held_out_intents(
    corpus: CheckedCorpus,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Places among the records with an intent, (r,), and their probabilities of intents, (r, k)."""
    codes, intents = corpus.intents[1][corpus.with_intents], len(corpus.intents[0])
    fold = corpus.fold[corpus.with_intents]
    present = np.unique(fold).tolist()
    advance = corpus.report("intents", len(present) + 1)
    with threadpool_limits(1):  # sums come out the same however many cores there are
        views = _Views(corpus, codes, intents, fold)
        advance(1)
        shares = None
        for number in present:
            views.learn(number)
            held_out = np.flatnonzero(fold == number)
            if shares is None:
                most = max(1, min(_SAMPLE, 4 * _CELLS // intents))
                some = held_out[:: -(-len(held_out) // most)]
                shares = weights_of_views(views.odds(some), codes[some])
            height = max(1, _CELLS // intents)
            for start in range(0, len(held_out), height):
                rows = held_out[start : start + height]
                yield rows, np.exp(log_softmax(np.tensordot(shares, views.odds(rows), 1)))
            advance(1)


class _Views:
    """Log-odds of intents by two classifiers."""

    def __init__(
        self,
        corpus: CheckedCorpus,
        codes: NDArray[np.intp],
        intents: int,
        fold: NDArray[np.intp],
    ) -> None:
        from scipy.sparse import csr_array

        ngrams = corpus.ngrams
        if len(codes) < ngrams.shape[0]:
            ngrams = ngrams[corpus.with_intents]
        components = _components(ngrams, corpus.options.seed)
        present = csr_array(
            (np.ones_like(ngrams.data), ngrams.indices, ngrams.indptr), shape=ngrams.shape
        )
        self.bayes = ComplementBayes(present, None, codes, intents, fold)
        texts = [corpus.texts[place][:LONGEST] for place in corpus.with_intents.tolist()]
        ones = np.ones((len(codes), 1), np.float32)
        vectors = _word_vectors(texts, corpus.options.seed)
        self.rows = np.concatenate([components, vectors, ones], axis=1)
        size = self.rows.shape[1]
        self.squares = np.zeros((int(fold.max()) + 1, size, size))
        self.given = np.zeros((len(self.squares), size, intents))
        for number in range(len(self.squares)):
            places = np.flatnonzero(fold == number)
            own = self.rows[places].astype(np.float64)
            self.squares[number] = own.T @ own
            self.given[number] = (one_hot(codes[places], intents).T @ own).T

    def learn(self, held_out: int) -> None:
        """Learn from all folds but that."""
        self.bayes.learn(held_out)
        square = self.squares.sum(axis=0) - self.squares[held_out]
        square[np.diag_indices_from(square)] += _PENALTY
        self.ridge = np.linalg.solve(square, self.given.sum(axis=0) - self.given[held_out])

    def odds(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(2, r, k) log-odds of some of the records, by either view."""
        return np.stack([self.bayes.odds(rows), self.rows[rows] @ self.ridge])


def _components(rows: csr_array, seed: int) -> NDArray[np.float32]:
    """(n, c) principal components of rows, found in some of them."""
    from sklearn.utils.extmath import randomized_svd

    some = rows[:: -(-rows.shape[0] // _SAMPLE)]
    size = min(_COMPONENTS, *some.shape)
    _, _, right = randomized_svd(some, size, n_iter=_POWER_ITERATIONS, random_state=seed)
    right = np.ascontiguousarray(right.T)  # as large as the rows: one at a time
    found: NDArray[np.float32] = rows @ right
    return found


def _word_vectors(texts: list[str], seed: int) -> NDArray[np.float32]:
    """(n, d) sums of word vectors; none where texts are too short to learn any."""
    from dataselect.models.encoders.ppmi.ppmi_vectors import PpmiVectors

    try:
        encoder = PpmiVectors.fit(texts, rng=np.random.default_rng(seed))
    except InputError:
        return np.empty((len(texts), 0), np.float32)
    return encoder.encode(texts, unit=True)
