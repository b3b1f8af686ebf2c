"""Relevance and perplexity as one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.sampling import sample_items
from dataselect.models.language_model.scoring.language_model import DECIMALS
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.relevance.log_odds import BACKGROUND_SIZE, analyzer_of, log_odds

if TYPE_CHECKING:
    from dataselect.console import Report
    from dataselect.models.language_model.scoring.language_model import LanguageModel, TextScores
    from dataselect.models.relevance.weights import NgramWeights

_NGRAMS = 3
# On ten pools, from chats to film scripts, five draws each, test text is less perplexing to a
# language model of the share that --auto keeps than by relevance alone, by 1.1 % (in 40 of 50). A
# third did as well (1.2 %); in two draws, 1 was better than relevance alone by 0.4 %, and 2 worse
# by 1.3 %.
_PERPLEXITY_WEIGHT = 0.5


class _Scale(NamedTuple):
    """What a number is on average, and its standard deviation, 1 where it is always the same."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> _Scale:
        return cls(float(values.mean()), float(values.std()) or 1.0)

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return (values - self.mean) / self.deviation


@dataclass(frozen=True)
class InDomainScore:
    """Log-odds of relevance less half the logarithm of perplexity, high for good texts.

    Both are in standard deviations from their mean over the background: words that set in-domain
    text apart, and the fluency and vocabulary that a language model of it knows.
    """

    weights: NgramWeights
    odds: _Scale
    surprise: _Scale
    figures: dict[str, Any]

    @classmethod
    def fit(
        cls,
        in_domain: Sequence[str],
        background: Sequence[str],
        lm: LanguageModel,
        rng: np.random.Generator,
        report: Report,
    ) -> InDomainScore:
        """Learn from in-domain texts, their language model, and 10,000 background texts at most.

        Raises InputError if either side has no text.
        """
        from dataselect.models.relevance.discriminant_training import (
            discriminants,  # brings scikit-learn
        )

        drawn = sample_items(background, BACKGROUND_SIZE, rng)
        ngrams = Ngrams(_NGRAMS, analyzer_of(in_domain))
        learnt = discriminants({"": in_domain}, drawn, ngrams, rng, report)
        return cls(
            learnt.weights,
            _Scale.of(log_odds(learnt.weights, drawn)[0]),
            _Scale.of(np.log(lm.text_scores(drawn).perplexities)),
            learnt.figures,
        )

    def __call__(self, texts: Sequence[str], found: TextScores) -> NDArray[np.float64]:
        """(n,) the score of each text; `found`: what the in-domain language model makes of it."""
        odds = self.odds(log_odds(self.weights, texts)[0])
        surprise = self.surprise(np.log(found.perplexities))
        return np.round(odds - _PERPLEXITY_WEIGHT * surprise, DECIMALS)
