"""How well n-gram models predict a text: perplexity, unknown words, lengths of the n-grams hit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.engines.lm import arpa
from dataselect.engines.lm.language_model import LanguageModel, is_binary, perplexity
from dataselect.engines.lm.vocabulary import BEGIN, UNKNOWN
from dataselect.engines.normalization import all_composed


class Predictions(NamedTuple):
    """Of each word and sentence end of some texts, all (t,): what a model made of it.

    `log_probs` base 10; `lengths` of the n-gram that predicted it; whether it is `known`.
    """

    log_probs: NDArray[np.float64]
    lengths: NDArray[np.int8]
    known: NDArray[np.bool_]


class Predictor(ABC):
    """A model that tells word by word how it scores a text."""

    order: int

    @abstractmethod
    def predict(self, texts: Sequence[str]) -> Predictions:
        """Score whole texts as sentences."""


class ArpaPredictor(Predictor):
    """A model in an ARPA file, held in arrays."""

    def __init__(self, path: str) -> None:
        """Raises InputError if it is not an ARPA file."""
        self._model = arpa.read(path)
        self.order = self._model.order

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Look the n-grams of all texts up at once."""
        tokens = self._model.vocabulary.encode(texts)
        scores = self._model.score(tokens)
        events = tokens != BEGIN
        return Predictions(
            scores.log_probs[events], scores.lengths[events], tokens[events] != UNKNOWN
        )


class KenlmPredictor(Predictor):
    """A model in KenLM's own format, mapped into memory."""

    def __init__(self, path: str) -> None:
        """Raises InputError if KenLM cannot read it."""
        self._model = LanguageModel(path)
        self.order = self._model.order

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Ask KenLM for each text, a microsecond or so a word."""
        found = list(chain.from_iterable(map(self._model.word_scores, texts)))
        columns = np.array(found, np.float64).reshape(-1, 3)
        return Predictions(columns[:, 0], columns[:, 1].astype(np.int8), columns[:, 2] == 0)


def open_predictor(path: str) -> Predictor:
    """The model in a file, ARPA of any order or KenLM's own format. Raises InputError."""
    return KenlmPredictor(path) if is_binary(path) else ArpaPredictor(path)


class Evaluation:
    """What one model makes of texts that are added batch by batch, in constant memory."""

    def __init__(self, path: str) -> None:
        """Raises InputError if there is no model in the file."""
        self.path = path
        self._predictor = open_predictor(path)
        self.sentences = self.words = self.oov = self.characters = 0
        self.log_prob = self.known_log_prob = 0.0
        self._hits = np.zeros(self._predictor.order, np.int64)

    def add(self, texts: Sequence[str]) -> None:
        """Score some more texts."""
        texts = all_composed(texts)
        found = self._predictor.predict(texts)
        known = found.known
        self.sentences += len(texts)
        self.words += len(known) - len(texts)
        self.oov += int(np.count_nonzero(~known))
        self.characters += sum(map(len, texts))
        self.log_prob += float(found.log_probs.sum())
        self.known_log_prob += float(found.log_probs[known].sum())
        self._hits += np.bincount(found.lengths[known], minlength=len(self._hits) + 1)[1:]

    def describe(self) -> dict[str, Any]:
        """All figures; a mean is None where there was no text.

        Means over words and sentence ends: `perplexity` and `bits_per_word`, and without unknown
        words `perplexity_known`. Over characters, spaces included, and sentence ends:
        `bits_per_character`. `hits` counts known words and sentence ends by the length of the
        n-gram that predicted them.
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
            "bits_per_word": _mean(bits, events),
            "bits_per_character": _mean(bits, self.characters + self.sentences),
            "hits": {str(length): n for length, n in enumerate(self._hits.tolist(), start=1)},
        }


def _mean(total: float, count: int) -> float | None:
    return total / count if count else None


def _perplexity(log_prob: float, events: int) -> float | None:
    return float(perplexity(log_prob, events)) if events else None
