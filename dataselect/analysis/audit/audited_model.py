"""Models of every kind that can be audited, each as a measure of how familiar texts are to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dataselect.data.files.raw_files import display, rereadable
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError, OptionError
from dataselect.models import archive
from dataselect.models.intent_classifier.intent_classifier import IntentClassifier
from dataselect.models.language_model.scoring.language_model import (
    LanguageModel,
    is_language_model,
)
from dataselect.operations.label.label_model import load as load_label
from dataselect.operations.relevance.relevance import Relevance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.models.intent_classifier.intent_classifier import OpenEncoder
    from dataselect.models.normalization import Normalization

Model = LanguageModel | Relevance | IntentClassifier
"""What can be audited."""

_TEXTS_AT_ONCE = 4_096  # bounds the memory of their features


class AuditedModel(Protocol):
    """A model that texts are more or less familiar to; `kind` and `measure` say how, in words."""

    kind: str
    measure: str

    def canary_scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n,) how familiar texts of one form are, high for familiar ones."""

    def member_scores(
        self, texts: Sequence[str], intents: Sequence[str] | None
    ) -> NDArray[np.float64]:
        """(n,) how familiar texts of any length are; `intents` are theirs, where they are known."""


class _AuditedLanguageModel:
    kind, measure = "language model", "perplexity"

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def canary_scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return self._model.text_scores(texts).log_probs

    def member_scores(
        self, texts: Sequence[str], intents: Sequence[str] | None
    ) -> NDArray[np.float64]:
        found = self._model.text_scores(texts)
        return found.log_probs / (found.words + 1)


class _AuditedRelevance:
    kind, measure = "relevance", "log-odds"

    def __init__(self, model: Relevance) -> None:
        self._model = model

    def canary_scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        odds = self._model.log_odds(texts)
        steep = np.array([[each.slope] for each in self._model.sigmoids_])
        offsets = np.array([[each.offset] for each in self._model.sigmoids_])
        found: NDArray[np.float64] = (odds * steep + offsets).max(axis=0)
        return found

    def member_scores(
        self, texts: Sequence[str], intents: Sequence[str] | None
    ) -> NDArray[np.float64]:
        return self.canary_scores(texts)


class _AuditedClassifier:
    kind, measure = "intent classifier", "probability"

    def __init__(self, model: IntentClassifier) -> None:
        self._model = model

    def canary_scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self._model.probabilities(texts).max(axis=1)
        return found

    def member_scores(
        self, texts: Sequence[str], intents: Sequence[str] | None
    ) -> NDArray[np.float64]:
        if intents is None:
            return self.canary_scores(texts)
        names = {name: place for place, name in enumerate(self._model.names_)}
        places = np.array([names.get(intent, -1) for intent in intents])
        own = self._model.probabilities(texts)[np.arange(len(texts)), places]
        return np.where(places < 0, 0.0, own)


def audited(model: Model) -> AuditedModel:
    """A model as what can be audited. Raises OptionError for one of another kind."""
    kinds: dict[type, Callable[[Any], AuditedModel]] = {
        LanguageModel: _AuditedLanguageModel,
        Relevance: _AuditedRelevance,
        IntentClassifier: _AuditedClassifier,
    }
    for kind, wrapped in kinds.items():
        if isinstance(model, kind):
            return wrapped(model)
    names = ", ".join(kind.__name__ for kind in kinds)
    raise OptionError(f"{type(model).__name__} is none of {names}; give a model of these")


def load(path: str, normalization: Normalization, open_encoder: OpenEncoder | None = None) -> Model:
    """The model in a file, whatever its kind. Raises InputError where it is none of these.

    `normalization` is done to the texts of a language model.
    """
    path = rereadable(path)
    noun = archive.noun_of(path)
    if noun == "relevance":
        return Relevance.load(path)
    if noun == "label":
        return load_label(path, open_encoder)[0]
    if noun is None and is_language_model(Inputs([path])):
        return LanguageModel(path, normalization)
    what = "neither a language model nor one of relevance or label"
    raise InputError(f"{display(path)}: {what}; name what lm train or --save-model wrote")


def in_batches(
    model: AuditedModel, texts: Sequence[str], intents: Sequence[str] | None
) -> NDArray[np.float64]:
    """`AuditedModel.member_scores` of many texts."""
    starts = range(0, len(texts), _TEXTS_AT_ONCE)
    parts = [slice(start, start + _TEXTS_AT_ONCE) for start in starts]
    own = [None if intents is None else intents[part] for part in parts]
    return np.concatenate(
        [np.zeros(0), *map(model.member_scores, [texts[part] for part in parts], own)]
    )
