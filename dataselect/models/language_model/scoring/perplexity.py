"""How well n-gram models predict a text: perplexity, unknown words, lengths of the n-grams hit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.scoring.array_scorer import TokenPredictions
from dataselect.models.language_model.scoring.language_model import LanguageModel, perplexity
from dataselect.models.normalization import all_composed


class PerplexityCounts:
    """What one model makes of texts that are added batch by batch, in constant memory."""

    def __init__(self, path: str) -> None:
        """Raises InputError if there is no model in the file."""
        self.path = path
        self._model = LanguageModel(path)
        self.sentences = self.words = self.oov = self.characters = self.shared = 0
        self.log_prob = self.known_log_prob = self.shared_log_prob = 0.0
        self._model.predict([])  # opens it
        self._hits = np.zeros(self._model.order, np.int64)

    def add(self, texts: Sequence[str]) -> None:
        add([self], texts)

    def predict(self, texts: Sequence[str]) -> TokenPredictions:
        """What the model makes of each word and sentence end, for `take`."""
        return self._model.predict(texts)

    def take(
        self, texts: Sequence[str], found: TokenPredictions, shared: NDArray[np.bool_]
    ) -> None:
        """Add what `predict` found; `shared` (t,) are the words that all models know."""
        known, log_probs = found.known, found.log_probs.astype(np.float64)
        texts = all_composed(texts)
        self.sentences += len(texts)
        self.words += len(known) - len(texts)
        self.oov += int(np.count_nonzero(~known))
        self.shared += int(np.count_nonzero(shared))
        self.characters += sum(map(len, texts))
        self.log_prob += float(log_probs.sum())
        self.known_log_prob += float(log_probs[known].sum())
        self.shared_log_prob += float(log_probs[shared].sum())
        self._hits += np.bincount(found.lengths[known], minlength=len(self._hits) + 1)[1:]

    def describe(self) -> dict[str, Any]:
        """All figures; a mean is None where there was no text.

        Means over words and sentence ends: `perplexity` and `bits_per_word`, without unknown
        words `perplexity_known`, and without those that any of the models lacks
        `perplexity_shared`, of `shared` words and ends. Over characters, spaces included, and
        sentence ends: `bits_per_character`. `hits` counts known words and sentence ends by the
        length of the n-gram that predicted them.
        """
        events = self.words + self.sentences
        bits = -self.log_prob * float(np.log2(10))
        return {
            "lm": self.path,
            "order": len(self._hits),
            "sentences": self.sentences,
            "words": self.words,
            "characters": self.characters,
            "oov": self.oov,
            "oov_rate": _mean(self.oov, self.words),
            "log10": self.log_prob,
            "perplexity": _perplexity(self.log_prob, events),
            "perplexity_known": _perplexity(self.known_log_prob, events - self.oov),
            "shared": self.shared,
            "perplexity_shared": _perplexity(self.shared_log_prob, self.shared),
            "bits_per_word": _mean(bits, events),
            "bits_per_character": _mean(bits, self.characters + self.sentences),
            "hits": {str(length): n for length, n in enumerate(self._hits.tolist(), start=1)},
        }


def add(evaluations: Sequence[PerplexityCounts], texts: Sequence[str]) -> None:
    """Score some more texts by several models, which split them into the same words."""
    found = [evaluation.predict(texts) for evaluation in evaluations]
    shared = np.logical_and.reduce([each.known for each in found])
    for evaluation, each in zip(evaluations, found, strict=True):
        evaluation.take(texts, each, shared)


def _mean(total: float, count: int) -> float | None:
    return total / count if count else None


def _perplexity(log_prob: float, events: int) -> float | None:
    return float(perplexity(log_prob, events)) if events else None
