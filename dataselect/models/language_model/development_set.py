"""The value of texts as training data: how well a development set is predicted and covered."""

from __future__ import annotations

import numpy as np

from dataselect.models.language_model.corpus import TokenizedCorpus
from dataselect.models.language_model.kneser_ney import estimate
from dataselect.models.language_model.scoring.language_model import perplexity
from dataselect.models.language_model.vocabulary import Vocabulary

ORDER = 3


class DevelopmentSet:
    """A development set that models of one vocabulary are tried on, so that perplexities compare.

    >>> vocabulary = Vocabulary()
    >>> text, development = (
    ...     TokenizedCorpus.encoded([batch], vocabulary)
    ...     for batch in (["play some jazz", "play the blues"], ["play some rock"])
    ... )
    >>> DevelopmentSet(vocabulary, development).coverage(text, n=2)
    0.5
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        development: TokenizedCorpus,
        joined: TokenizedCorpus | None = None,
    ) -> None:
        """`vocabulary` is complete, and numbers all texts. `joined`: part of all that is tried."""
        self._vocabulary, self._development = vocabulary, development
        self._joined = joined or TokenizedCorpus.joined([])
        self._events = len(development.tokens) - len(development)

    def perplexity(self, corpus: TokenizedCorpus) -> float:
        """Of words and sentence ends, by an interpolated modified Kneser-Ney model of some texts.

        Takes what it does to train one, see `estimate`. Raises InputError where there is no text.
        """
        joined = self._joined.tokens
        tokens = np.concatenate((joined, corpus.tokens)) if len(joined) else corpus.tokens
        model = estimate(tokens, self._vocabulary, order=ORDER).model
        log_prob = float(model.score(self._development.tokens).log_probs.sum())
        return float(perplexity(log_prob, self._events))

    def coverage(self, corpus: TokenizedCorpus, n: int) -> float | None:
        """The share of the development set's n-grams that some texts have; None without any."""
        wanted = self._development.ngrams(n)
        if not len(wanted):
            return None
        distinct, counts = np.unique(wanted, return_counts=True)
        is_found = np.zeros(len(distinct), bool)
        for own in (self._joined.ngrams(n), corpus.ngrams(n)):
            places = np.searchsorted(distinct[:-1], own)
            is_found[places[distinct[places] == own]] = True
        return float(counts[is_found].sum() / len(wanted))
