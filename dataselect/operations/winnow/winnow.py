"""Winnowing: how probable an in-domain language model finds texts.

After Punjabi et al. (2019). With a second, general model texts are ranked by cross-entropy
difference instead (Moore & Lewis 2010), or by perplexity and relevance together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.errors import OptionError
from dataselect.models.cross_validation import folds
from dataselect.models.fitted_model import unfitted
from dataselect.models.language_model.scoring.language_model import (
    DECIMALS,
    LanguageModel,
    TextScores,
)
from dataselect.models.language_model.trained_model import KneserNey, training_figures
from dataselect.models.language_model.vocabulary import MARKERS
from dataselect.models.text_sequences import as_texts
from dataselect.operations.winnow.in_domain_score import InDomainScore

if TYPE_CHECKING:
    from dataselect.models.language_model.vocabulary import Vocabulary
    from dataselect.models.text_sequences import Texts
    from dataselect.operations.winnow.scorer import WinnowScorer
    from dataselect.selection.ranking import Direction


class WinnowScores(NamedTuple):
    """What records are ranked by, (n,), and what the in-domain model makes of each text."""

    values: NDArray[np.float64]
    in_domain: TextScores


class Winnow:
    """Perplexity of a text to an in-domain model; with a background, cross-entropy difference.

    Perplexity is per word, the sentence end counted as one. The difference is the in-domain
    cross-entropy less that of the background, in bits a word. Both are low for good texts. With
    `relevance` the score is that of an `InDomainScore`, which learns from background texts, and is
    high for good ones: the best way to find text for a language model.

    `lm`: a `KneserNey` or `LanguageModel`; without, `fit` trains one of this `order`. `background`:
    another one, or texts to train one on, over the words of the in-domain model. `lowercase` and
    `remove_punctuation` are for models that are trained here. After `fit`: `lm_`, `background_`,
    `relevance_`.

    >>> lm = KneserNey(order=2).fit(["play some jazz", "play the blues"])
    >>> Winnow(lm).score(["play the jazz", "it rained"]).round(1).tolist()
    [3.3, 12.2]
    """

    lm_: LanguageModel
    background_: LanguageModel | None
    relevance_: InDomainScore | None

    def __init__(
        self,
        lm: LanguageModel | None = None,
        background: LanguageModel | Texts | None = None,
        *,
        relevance: bool = False,
        order: int = 3,
        lowercase: bool = False,
        remove_punctuation: bool = False,
        seed: int = 0,
    ) -> None:
        """Raise OptionError for `relevance` beside a background that is no text."""
        if relevance and (background is None or isinstance(background, LanguageModel)):
            raise OptionError("relevance=True learns from text; give texts as background")
        self.lm, self.background, self.relevance = lm, background, relevance
        self.order, self.lowercase, self.seed = order, lowercase, seed
        self.remove_punctuation = remove_punctuation
        self._trained: list[KneserNey] = []
        if lm is not None and (background is None or isinstance(background, LanguageModel)):
            self.lm_, self.background_, self.relevance_ = lm, background, None

    @property
    def direction(self) -> Direction:
        """Which end of the score is the good one."""
        return "high" if self.relevance else "low"

    def fit(self, in_domain: Texts = (), report: Report = unreported) -> Winnow:
        """Train the models that are not there. Returns self. Raises InputError."""
        self.background_, self.relevance_ = None, None
        try:
            self.lm_ = self.lm or self._train(in_domain, None, report)
            if self.background is None or isinstance(self.background, LanguageModel):
                self.background_ = self.background
                return self
            texts = as_texts(self.background, "background")
            if self.relevance:
                own, rng = as_texts(in_domain, "in_domain"), np.random.default_rng(self.seed)
                self.relevance_ = InDomainScore.fit(own, texts, self.lm_, rng, report)
            else:
                self.background_ = self._train(texts, self.lm_.vocabulary(), report)
        except BaseException:
            self.close()
            raise
        return self

    def _train(self, texts: Texts, vocabulary: Vocabulary | None, report: Report) -> KneserNey:
        model = KneserNey(
            order=self.order,
            vocab=None if vocabulary is None else vocabulary.words[len(MARKERS) :],
            lowercase=self.lowercase,
            remove_punctuation=self.remove_punctuation,
        )
        self._trained.append(model.fit(texts, report))
        return model

    def score(self, texts: Texts) -> NDArray[np.float64]:
        return self.scores(as_texts(texts)).values

    def scores(self, texts: Sequence[str]) -> WinnowScores:
        """As `score`, with what it was made of."""
        found = self.lm_.text_scores(texts)
        if self.relevance_ is not None:
            return WinnowScores(self.relevance_(texts, found), found)
        if self.background_ is None:
            return WinnowScores(found.perplexities, found)
        general, events = self.background_.text_scores(texts).log_probs, found.words + 1
        bits = (general / events - found.log_probs / events) * math.log2(10)
        return WinnowScores(np.round(bits, DECIMALS), found)

    def held_out(
        self, in_domain: Sequence[str], rng: np.random.Generator, report: Report = unreported
    ) -> NDArray[np.float64]:
        """(n,) the score of each in-domain text by models that were trained without it."""
        texts = list(in_domain)
        fold = folds(texts, rng)
        scores = np.empty(len(texts))
        count = int(fold.max()) + 1
        advance = report("training without a fold", count)
        for own in range(count):
            held = np.flatnonzero(fold == own)
            rest = [text for text, other in zip(texts, fold, strict=True) if other != own]
            with self._anew().fit(rest or texts) as winnow:
                scores[held] = winnow.score([texts[place] for place in held])
            advance(1)
        return scores

    def _anew(self) -> Winnow:
        return Winnow(
            self.lm,
            self.background,
            relevance=self.relevance,
            order=self.order,
            lowercase=self.lowercase,
            remove_punctuation=self.remove_punctuation,
            seed=self.seed,
        )

    def figures(self) -> dict[str, Any]:
        """For the run report: what was trained, and what a person should know of it."""
        relevance = {} if self.relevance_ is None else {"relevance": self.relevance_.figures}
        return training_figures(self._trained) | relevance

    def record_scorer(
        self,
        *,
        text_field: str = "text",
        min_perplexity: float | None = None,
        max_perplexity: float | None = None,
    ) -> WinnowScorer:
        """What scores records of files: see `select_file`. Others perplexities are left out."""
        from dataselect.operations.winnow.scorer import Band, WinnowScorer

        return WinnowScorer(self, Band(min_perplexity, max_perplexity), text_field)

    def close(self) -> None:
        """Remove the temporary files of models that were trained here."""
        for model in self._trained:
            model.close()

    def __enter__(self) -> Winnow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """The models alone: workers train nothing."""
        names = "lm_", "background_", "relevance_", "relevance"
        return {name: getattr(self, name) for name in names}

    def __getattr__(self, name: str) -> Any:
        raise unfitted(self, name)
