"""Linear interpolation of n-gram models into one back-off model, and its weights by EM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.backoff import BackoffModel, NgramOrder, Places
from dataselect.models.language_model.scoring.language_model import perplexity
from dataselect.models.language_model.vocabulary import BEGIN, UNKNOWN, Vocabulary

TOLERANCE = 1e-5
"""EM ends when the perplexity is at most this share above the lowest that weights can give."""
_MOST_ITERATIONS = 10_000

_LEAST_PROBABILITY = 1e-99  # what ARPA files write for zero
_LEAST_BACKOFF = 1e-9  # printed probabilities are not exact enough to tell less from zero
_NO_MASS = 1e-12  # below this, what is left of a sum of probabilities is rounding


def mix(models: Sequence[BackoffModel], weights: Sequence[float]) -> BackoffModel:
    """Interpolate models linearly: p(w|h) = sum of weight times each model's own p(w|h).

    The mixture lists every n-gram that a model lists, and only for these is p exact; back-offs,
    1e-9 or more, are such that every history sums to one. The models may differ in order and
    vocabulary; `weights` sum to one. Takes about 130 bytes for each n-gram of the mixture, beside
    the models themselves.
    """
    united = _united_vocabulary(models)
    parts = [_Part(model, united) for model in models]
    tables = _united_ngrams(parts, united)
    histories, words = next(tables)
    predicted = words != BEGIN
    probabilities = _interpolated(parts, weights, histories, words)
    probabilities[predicted] /= probabilities[predicted].sum()
    levels = [_level(histories, words, probabilities)]
    places: Places = [words.astype(np.int64)]  # of the last level's n-grams and their ends
    for histories, words in tables:
        mixed = BackoffModel(united, tuple(levels))
        before = [place[histories] for place in places]
        places = mixed.extend(before, words)
        lower = 10 ** mixed.weigh(before, places).log_probs
        probabilities = _interpolated(parts, weights, histories, words)
        backoffs = _normalise(probabilities, lower, histories, words, len(levels[-1]))
        levels[-1] = replace(levels[-1], backoffs=_log10(backoffs))
        levels.append(_level(histories, words, probabilities))
        places.append(np.arange(len(words)))
    return BackoffModel(united, tuple(levels))


class InterpolationTuning(NamedTuple):
    """Interpolation `weights` (K,), the iterations of EM they took, and the text's `perplexities`.

    These are (K,), one a model.
    """

    weights: NDArray[np.float64]
    iterations: int
    perplexities: NDArray[np.float64]


def tune(log_probs: NDArray[np.float64]) -> InterpolationTuning:
    """The weights that make a text most probable (Jelinek & Mercer 1980), by EM from equal ones.

    `log_probs` (t, K): log10 probability of each word by each model, see `word_log_probs`.
    """
    perplexities = perplexity(log_probs.sum(axis=0), len(log_probs))
    probabilities = 10**log_probs
    probabilities = probabilities[probabilities.any(axis=1)]  # the rest is as bad by any weights
    count, models = probabilities.shape
    weights = np.full(models, 1 / models)
    iterations = 0
    while count and iterations < _MOST_ITERATIONS:
        # The gradient of the likelihood. That is concave, so other weights are better by a factor
        # of the largest component at most; by these weights, the mean of the components is 1.
        gradient = probabilities.T @ (1 / (probabilities @ weights)) / count
        if gradient.max() < 1 + TOLERANCE:
            break
        weights = weights * gradient
        iterations += 1
    return InterpolationTuning(weights, iterations, perplexities)


def word_log_probs(models: Sequence[BackoffModel], texts: Sequence[str]) -> NDArray[np.float64]:
    """(t, K) log10 probability of each word and sentence end of all texts by each model.

    The models are seen as `mix` sees them, over the vocabulary of all. Words that none of them
    knows are left out: they say nothing of which is better.
    """
    united = _united_vocabulary(models)
    tokens = united.encode(texts)
    columns = [_Part(model, united).score(tokens) for model in models]
    log_probs: NDArray[np.float64] = np.stack(columns, axis=1)[_is_predicted(tokens)]
    return log_probs


def known_perplexity(model: BackoffModel, texts: Sequence[str]) -> tuple[float, int]:
    """Perplexity of known words and sentence ends, and how many words are unknown."""
    tokens = model.vocabulary.encode(texts)
    log_probs = model.score(tokens).log_probs[_is_predicted(tokens)]
    unknown = int(np.count_nonzero(tokens == UNKNOWN))
    return float(perplexity(log_probs.sum(), len(log_probs))), unknown


def _is_predicted(tokens: NDArray[np.int32]) -> NDArray[np.bool_]:
    return ~np.isin(tokens, (BEGIN, UNKNOWN))


def _united_vocabulary(models: Sequence[BackoffModel]) -> Vocabulary:
    """The words of all models, in the order of first sight."""
    return Vocabulary(chain.from_iterable(model.vocabulary.words for model in models))


class _Part:
    """A model of a mixture, seen from the united vocabulary.

    A word that it lacks is its <unk>, in a history too. What it gives <unk> it shares evenly among
    <unk> and the united words that it lacks, so that its probabilities sum to one over the united
    vocabulary. (A static mixture by SRILM takes the probability of a word that a model lacks for
    zero.)
    """

    def __init__(self, model: BackoffModel, united: Vocabulary) -> None:
        self.model = model
        own = model.vocabulary
        self.united_numbers = np.array([united.number(word) for word in own.words], np.int32)
        self._own_numbers = np.array([own.number(word) for word in united.words], np.int32)
        self._share = -np.log10(np.count_nonzero(self._own_numbers == UNKNOWN))
        self._places: Places = []  # of the united n-grams of the order before

    def log_probs(
        self, histories: NDArray[np.int64], words: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """(m,) log10 probabilities of the united n-grams of an order, called for 1, 2, 3...

        `histories` (m,): where each stands in the united level before; `words` (m,) united.
        """
        own = self._own_numbers[words]
        before = [place[histories] for place in self._places]
        self._places = self.model.extend(before, own)
        return self._shared(self.model.weigh(before, self._places).log_probs, own)

    def score(self, tokens: NDArray[np.int32]) -> NDArray[np.float64]:
        """(t,) log10 probabilities of sentences in a row, in united numbers."""
        own = self._own_numbers[tokens]
        return self._shared(self.model.score(own).log_probs, own)

    def _shared(
        self, log_probs: NDArray[np.float64], own: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        return np.where(own == UNKNOWN, log_probs + self._share, log_probs)


def _united_ngrams(
    parts: Sequence[_Part], united: Vocabulary
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """For each order, histories and words of the n-grams of all parts, as in `NgramOrder`."""
    size = len(united)
    yield np.zeros(size, np.int64), np.arange(size, dtype=np.int32)
    places = [part.united_numbers.astype(np.int64) for part in parts]
    for order in range(2, max(part.model.order for part in parts) + 1):
        keys = []
        for part, place in zip(parts, places, strict=True):
            if part.model.order >= order:
                level = part.model.levels[order - 1]
                keys.append(place[level.histories] * size + part.united_numbers[level.words])
            else:
                keys.append(np.empty(0, np.int64))
        distinct = np.unique(np.concatenate(keys))
        places = [np.searchsorted(distinct, own) for own in keys]
        yield distinct // size, (distinct % size).astype(np.int32)


def _interpolated(
    parts: Sequence[_Part],
    weights: Sequence[float],
    histories: NDArray[np.int64],
    words: NDArray[np.int32],
) -> NDArray[np.float64]:
    """(m,) probabilities of the united n-grams of one order; the parts move on to the next."""
    total = np.zeros(len(words))
    for part, weight in zip(parts, weights, strict=True):
        total += weight * 10 ** part.log_probs(histories, words)
    return total


def _normalise(
    probabilities: NDArray[np.float64],
    lower: NDArray[np.float64],
    histories: NDArray[np.int64],
    words: NDArray[np.int32],
    size: int,
) -> NDArray[np.float64]:
    """(size,) the back-off weight of each history with which it sums to one.

    `probabilities` (m,) of n-grams, and `lower` (m,) of the same words after their shorter
    histories. What a history leaves to other words is spread over what its shorter history leaves
    to these. Where rounding leaves nothing, or too much, `probabilities` are scaled in place.
    """
    predicted = words != BEGIN
    listed = np.bincount(histories, probabilities * predicted, size)
    others = 1 - np.bincount(histories, lower * predicted, size)
    none = others < _NO_MASS
    left = np.where(none, 0, np.maximum(1 - listed, _LEAST_BACKOFF * others))
    scales = np.divide(1 - left, listed, out=np.ones(size), where=listed > 0)
    probabilities *= np.where(predicted, scales[histories], 1)
    return np.divide(left, others, out=np.ones(size), where=~none)


def _level(
    histories: NDArray[np.int64], words: NDArray[np.int32], probabilities: NDArray[np.float64]
) -> NgramOrder:
    log_probs = _log10(np.minimum(probabilities, 1))  # a sum may be more than 1 by rounding
    return NgramOrder(histories, words, log_probs, np.zeros(len(words)))


def _log10(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log10(np.maximum(values, _LEAST_PROBABILITY))
