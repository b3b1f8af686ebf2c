"""Self-training: an intent classifier labels texts of the pool, and learns from them as well.

Two classifiers that fail in different ways teach each other, as in co-training (Blum & Mitchell
1998). Logistic regression learns from the labelled texts and says what it believes of the pool.
Naive Bayes learns from the labelled texts and those beliefs, and brings in what words the pool uses
together (Nigam et al. 2000); both views make the new beliefs. At the end logistic regression learns
from everything, with beliefs as targets: no text is forced into a label, and a text that could be
several things says little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.intent_classifier.conjugate_gradients import Rows
from dataselect.models.intent_classifier.naive_bayes import NaiveBayes
from dataselect.models.intent_classifier.soft_regression import MultinomialWeights, fit, log_softmax
from dataselect.models.intent_classifier.targets import Targets

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

ROUNDS = 3  # of beliefs
# Penalties of squared weights in the mean loss: for labelled texts alone, and with the pool. With
# five new intents of CLINC150, 20 texts each, 3e-4 for the first makes up to a quarter more errors.
_LABELLED_PENALTY, _TOGETHER_PENALTY = 1e-4, 1e-5
# How much naive Bayes' log-probabilities count beside those of the regression. It takes words to be
# independent and is too sure: from 0.15 on, an intent with 20 labelled texts may be flooded by its
# neighbours. At 0.05, intents with five texts gain a fifth of what they gain at 0.1.
_BAYES_SHARE = 0.1
# What a pool text counts where a labelled text counts 1; 0.1 is a little worse, so is 1.
_POOL_WEIGHT = 0.3
_CLASSES = 64  # that naive Bayes learns in one go


@dataclass(frozen=True)
class TwoViewTexts:
    """Texts as two views see them: `rows` (n, f) for regression, `words` (n, g) for Bayes.

    `words` has 1 where a text has a word.
    """

    rows: csr_array
    words: csr_array

    def subset(self, which: NDArray[np.intp]) -> TwoViewTexts:
        return TwoViewTexts(self.rows[which], self.words[which])


@dataclass(frozen=True)
class ClassifiedTexts:
    """Texts with `classes` (n,), each one of `count`, and `weights` (n,)."""

    texts: TwoViewTexts
    classes: NDArray[np.intp]
    count: int
    weights: NDArray[np.float64]

    def subset(self, which: NDArray[np.intp]) -> ClassifiedTexts:
        texts, classes, weights = self.texts.subset(which), self.classes[which], self.weights[which]
        return ClassifiedTexts(texts, classes, self.count, weights)

    def learn(
        self, pool: TwoViewTexts, pool_weights: NDArray[np.float64], rounds: int
    ) -> MultinomialWeights:
        """Logistic regression on these texts, and on the pool as it is labelled in the rounds.

        `pool_weights` (m,): how many texts each one of the pool counts as.
        """
        from scipy.sparse import vstack

        nothing = np.empty((0, self.count), np.float32)
        known = Targets(self.classes, nothing)
        alone, point = fit(Rows(self.texts.rows), known, self.weights, _LABELLED_PENALTY)
        if not rounds or not pool.rows.shape[0]:
            return alone
        own = log_softmax(alone(pool.rows))
        del alone  # which may be large
        weights = _POOL_WEIGHT * pool_weights
        beliefs = self._beliefs(pool, weights, own, rounds)
        del own
        # By the same name, so that the shorter one, which may be large, does not live on.
        point = np.insert(point, np.full(len(weights), len(self.classes)), 0, axis=0)
        return fit(
            Rows(vstack([self.texts.rows, pool.rows], format="csr")),
            Targets(self.classes, beliefs),
            np.concatenate((self.weights, weights)),
            _TOGETHER_PENALTY,
            point,
        ).linear

    def _beliefs(
        self,
        pool: TwoViewTexts,
        weights: NDArray[np.float64],
        own: NDArray[np.float64],
        rounds: int,
    ) -> NDArray[np.float32]:
        """(m, k) the probability of each class for each pool text; `own` are the regression's.

        `weights` (m,): what each text counts beside labelled ones.
        """
        from scipy.sparse import csr_array, vstack

        words = vstack([self.texts.words, pool.words], format="csr")
        known = len(self.classes)
        # Arrays of texts by classes may be large: few live at once.
        labelled = csr_array(
            (self.weights, self.classes, np.arange(known + 1)), shape=(known, self.count)
        ).tocsc()
        beliefs, both = np.exp(own), np.empty_like(own)
        for _ in range(rounds):
            beliefs *= weights[:, None]
            for start in range(0, self.count, _CLASSES):
                some = slice(start, start + _CLASSES)
                counted = np.concatenate((labelled[:, some].toarray(), beliefs[:, some]))
                both[:, some] = NaiveBayes.fit(words, counted)(pool.words)
            both[:] = log_softmax(both)
            both *= _BAYES_SHARE
            both += own
            np.exp(log_softmax(both), out=beliefs)
        return beliefs.astype(np.float32)
