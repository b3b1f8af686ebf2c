"""Pairs of texts as rows of word numbers, put together by length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.annotations import Utterance
from dataselect.models.paraphrase_detector.pairs.templates import Template, canonical
from dataselect.models.paraphrase_detector.words.tokenization import Words, words_of
from dataselect.models.paraphrase_detector.words.word_statistics import WordStatistics

LONGEST = 128  # words of a text that are read; attention takes time by the square of it
_CELLS = 1 << 19  # words by words, of all pairs of a batch: tens of megabytes


class TextPiece(NamedTuple):
    """A piece of a text, and whether it is the value of a slot."""

    text: str
    is_value: bool = False


Side = Sequence[TextPiece]


def parts(utterance: Utterance) -> list[TextPiece]:
    """An utterance as its values and what stands around them."""
    template = Template.of(utterance)
    found = [TextPiece(template.literals[0])]
    for value, literal in zip(template.values, template.literals[1:], strict=True):
        found += [TextPiece(value, is_value=True), TextPiece(literal)]
    return found


def text_of(side: Side) -> str:
    """A text as it is read: case and white space do not count."""
    return canonical("".join(part.text for part in side))


class PairBatch(NamedTuple):
    """Pairs of one batch: the number of each word from 1, 0 where a text has ended.

    `one` (n, l) and `other` (n, m) int64; `is_known` (n, l + m), of the vocabulary, bool;
    `is_value` (n, l + m) and `features` (n, l + m, TOKEN_FEATURES) float32.
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    is_known: NDArray[np.bool_]
    is_value: NDArray[np.float32]
    features: NDArray[np.float32]


class TokenizedPairs:
    """Pairs of texts, each cut into words. Text `2 * i` and the next are pair i.

    `vectors` (w, d): those of the distinct words; `features` (t, TOKEN_FEATURES) of all in order.
    """

    def __init__(
        self, sides: Sequence[Side], statistics: WordStatistics, vocabulary: NDArray[np.uint64]
    ) -> None:
        """`sides`: the two texts of every pair in turn; `statistics`: of texts like these.

        `vocabulary` (v,): ascending hashes of words that are known by their spelling.
        """
        flat = list(chain.from_iterable(sides))
        self.words: Words = words_of([part.text for part in flat])
        self.vectors = statistics.word_vectors(self.words)
        self._is_known = np.isin(self.words.hashes, vocabulary)[self.words.distinct]
        ends = np.cumsum([len(side) for side in sides])
        bounds = self.words.bounds[np.append(0, ends)]
        whole = self.words._replace(bounds=bounds)
        self.features = statistics.token_features(whole)
        self._starts = bounds[:-1]
        self._lengths = np.minimum(np.diff(bounds), LONGEST)
        values = np.array([part.is_value for part in flat], np.float32)
        self._is_value = np.repeat(values, np.diff(self.words.bounds))

    def __len__(self) -> int:
        return len(self._starts) // 2

    def batches(
        self, most: int, rng: np.random.Generator | None = None
    ) -> Iterator[NDArray[np.intp]]:
        """Yield the places of pairs of about one length, up to `most` at once.

        Shortest first without `rng`; with it, in random order.
        """
        lengths = self._lengths.reshape(-1, 2).sum(axis=1)
        if rng is None:
            order = np.argsort(lengths, kind="stable")
        else:
            order = np.argsort(lengths + rng.uniform(0, _JITTER, len(lengths)), kind="stable")
        found, start = [], 0
        while start < len(order):
            longest = max(int(lengths[order[start : start + most]].max()), 1)
            end = start + max(min(most, _CELLS // longest**2), 1)
            found.append(order[start:end])
            start = end
        if rng is not None:
            found = [found[place] for place in rng.permutation(len(found))]
        yield from found

    def rows(self, places: NDArray[np.intp]) -> PairBatch:
        """Some of the pairs."""
        one, other = self._padded(2 * places), self._padded(2 * places + 1)
        numbers = np.append(0, self.words.distinct + 1)
        values = np.append(np.float32(0), self._is_value)
        cells = np.concatenate((one, other), axis=1)
        features = self.features[np.maximum(cells - 1, 0)] * (cells > 0)[:, :, None]
        is_known = np.append(False, self._is_known)[cells]
        return PairBatch(numbers[one], numbers[other], is_known, values[cells], features)

    def _padded(self, texts: NDArray[np.intp]) -> NDArray[np.intp]:
        """(n, longest) place of each word among all, counted from 1."""
        lengths = self._lengths[texts][:, None]
        columns = np.arange(max(int(lengths.max()), 1))
        return np.where(columns < lengths, self._starts[texts][:, None] + columns + 1, 0)


_JITTER = 3.0  # words: pairs of one length do not always meet the same others
