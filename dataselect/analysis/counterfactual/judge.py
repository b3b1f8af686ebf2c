"""Models whose decisions are tested: scores of texts, and what is decided by a threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.data.files.raw_files import display, rereadable
from dataselect.errors import InputError
from dataselect.models import archive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.models.intent_classifier.intent_classifier import OpenEncoder
    from dataselect.models.normalization import Normalization
    from dataselect.selection.ranking import Direction

_TEXTS_AT_ONCE = 4_096  # bounds the memory of their features


class Judged(NamedTuple):
    """What a model says of texts: (n,) scores, and (n,) answers, 0 where it gives scores alone."""

    scores: NDArray[np.float64]
    answers: NDArray[np.intp]


@dataclass(frozen=True)
class Judge:
    """A model as a selection uses it: `measure` is its score, `direction` the good end of that."""

    measure: str
    direction: Direction
    judge: Callable[[Sequence[str]], Judged]

    def judged(self, texts: Sequence[str]) -> Judged:
        """What it says of any number of texts."""
        starts = range(0, len(texts), _TEXTS_AT_ONCE)
        parts = [self.judge(texts[start : start + _TEXTS_AT_ONCE]) for start in starts]
        return Judged(
            np.concatenate([each.scores for each in parts]),
            np.concatenate([each.answers for each in parts]),
        )

    def decisions(self, judged: Judged, threshold: float | None) -> NDArray[np.intp]:
        """(n,) the answer to each text that is kept, from 0, or -1 where it is not kept."""
        if threshold is None:
            return judged.answers
        good = (
            judged.scores >= threshold if self.direction == "high" else judged.scores <= threshold
        )
        return np.where(good, judged.answers, -1)


def load(path: str, normalization: Normalization, open_encoder: OpenEncoder | None = None) -> Judge:
    """The model in a file, whatever its kind. Raises InputError where it is none of these."""
    from dataselect.data.input_files import Inputs
    from dataselect.models.language_model.scoring.language_model import (
        LanguageModel,
        is_language_model,
    )

    path = rereadable(path)
    noun = archive.noun_of(path)
    if noun == "relevance":
        from dataselect.operations.relevance.relevance import Relevance

        return Judge("relevance", "high", _scored(Relevance.load(path).score))
    if noun == "label":
        from dataselect.operations.label.label_model import load as load_label

        classifier = load_label(path, open_encoder)[0]

        def labelled(texts: Sequence[str]) -> Judged:
            answers, confidence = classifier.label(texts)
            return Judged(confidence, answers)

        return Judge("confidence", "high", labelled)
    if noun is None and is_language_model(Inputs([path])):
        from dataselect.operations.winnow.winnow import Winnow

        return Judge("perplexity", "low", _scored(Winnow(LanguageModel(path, normalization)).score))
    what = "neither a language model nor one of relevance or label"
    raise InputError(f"{display(path)}: {what}; name what lm train or --save-model wrote")


def _scored(
    score: Callable[[Sequence[str]], NDArray[np.float64]],
) -> Callable[[Sequence[str]], Judged]:
    def judged(texts: Sequence[str]) -> Judged:
        scores = score(texts)
        return Judged(scores, np.zeros(len(scores), np.intp))

    return judged
