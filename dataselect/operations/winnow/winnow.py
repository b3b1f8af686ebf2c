"""Winnowing: how probable an in-domain language model finds texts.

After Punjabi et al. (2019). With a second, general model texts are ranked by cross-entropy
difference instead (Moore & Lewis 2010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
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
    cross-entropy less that of the background, in bits a word. Both are low for good texts.

    `lm`: a `KneserNey` or `LanguageModel`; without, `fit` trains one of this `order`. `background`:
    another one, or texts to train one on, over the words of the in-domain model. `lowercase` and
    `remove_punctuation` are for models that are trained here. After `fit`: `lm_`, `background_`.

    >>> lm = KneserNey(order=2).fit(["play some jazz", "play the blues"])
    >>> Winnow(lm).score(["play the jazz", "it rained"]).round(1).tolist()
    [3.3, 12.2]
    """

    direction: ClassVar[Direction] = "low"

    lm_: LanguageModel
    background_: LanguageModel | None

    def __init__(
        self,
        lm: LanguageModel | None = None,
        background: LanguageModel | Texts | None = None,
        *,
        order: int = 3,
        lowercase: bool = False,
        remove_punctuation: bool = False,
    ) -> None:
        self.lm, self.background = lm, background
        self.order, self.lowercase = order, lowercase
        self.remove_punctuation = remove_punctuation
        self._trained: list[KneserNey] = []
        if lm is not None and (background is None or isinstance(background, LanguageModel)):
            self.lm_, self.background_ = lm, background

    def fit(self, in_domain: Texts = (), report: Report = unreported) -> Winnow:
        """Train the models that are not there. Returns self. Raises InputError."""
        try:
            self.lm_ = self.lm or self._train(in_domain, None, report)
            background = self.background
            if background is not None and not isinstance(background, LanguageModel):
                texts = as_texts(background, "background")
                background = self._train(texts, self.lm_.vocabulary(), report)
            self.background_ = background
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
            order=self.order,
            lowercase=self.lowercase,
            remove_punctuation=self.remove_punctuation,
        )

    def figures(self) -> dict[str, Any]:
        """For the run report: what was trained, and what a person should know of it."""
        return training_figures(self._trained)

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
        return {"lm_": self.lm_, "background_": self.background_}

    def __getattr__(self, name: str) -> Any:
        raise unfitted(self, name)
