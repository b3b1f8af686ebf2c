"""Back-off models in single precision: texts scored whole blocks at once, as KenLM scores them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.backoff import BackoffModel, NgramOrder
from dataselect.models.language_model.scoring.vocabulary_lookup import KnownWords
from dataselect.models.language_model.vocabulary import BEGIN, END, UNKNOWN

_SLOTS_PER_NGRAM = 2  # at least: most look-ups end at the first slot
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # odd, 2 ** 64 over the golden ratio (Fibonacci hashing)
_STEPS = 64  # words of a text that are added in step with those of the others


class TokenPredictions(NamedTuple):
    """What a model makes of each word and sentence end of some texts, all (t,) and in a row.

    `log_probs` float32, base 10; `lengths` of the n-gram that predicted it; whether it is `known`.
    `words` (n,): how many words each text has.
    """

    log_probs: NDArray[np.float32]
    lengths: NDArray[np.int8]
    known: NDArray[np.bool_]
    words: NDArray[np.int64]


Totals = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]
"""Of each text, all (n,): log10 probability with the sentence end, words, unknown words."""


class ArrayScorer:
    """A back-off model as hash tables, 32 to 48 bytes an n-gram.

    Its numbers are those of KenLM to the last bit: single precision, the n-gram's log-probability
    first, then the back-offs from the shortest history to the longest.
    """

    def __init__(self, model: BackoffModel) -> None:
        self.order = model.order
        self._words = KnownWords(model.vocabulary.number)
        self._size = len(model.vocabulary)
        unigrams = model.levels[0]
        self._log_probs = [unigrams.log_probs.astype(np.float32)]
        self._backoffs = [unigrams.backoffs.astype(np.float32)]
        self._tables: list[_Table] = []
        slots = np.arange(self._size)
        for level in model.levels[1:]:
            slots = self._add(level, slots)

    def _add(self, level: NgramOrder, below: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take the next order; `below` are the slots of the n-grams of the order before."""
        keys = below[level.histories] * self._size + level.words
        table = _Table(keys)
        slots = table.find(keys)
        for columns, values in (
            (self._log_probs, level.log_probs),
            (self._backoffs, level.backoffs),
        ):
            column = np.zeros(table.size, np.float32)
            column[slots] = values
            columns.append(column)
        self._tables.append(table)
        return slots

    def score(self, texts: Sequence[bytes]) -> Totals:
        """Add up what `predict` finds, in single precision."""
        found = self.predict(texts)
        ends = np.cumsum(found.words + 1)
        unknown = np.concatenate((np.zeros(1, np.int64), np.cumsum(~found.known)))
        oov = np.diff(unknown[ends], prepend=0)
        return sums(found.log_probs, found.words + 1).astype(np.float64), found.words, oov

    def predict(self, texts: Sequence[bytes]) -> TokenPredictions:
        """Score texts without markers, each as a sentence."""
        numbers, words = self._words.numbers(texts)
        tokens = np.empty(len(numbers) + 2 * len(texts), np.int32)
        ends = np.cumsum(words + 2) - 1
        begins = ends - words - 1
        inner = np.ones(len(tokens), np.bool_)
        inner[begins] = inner[ends] = False
        tokens[begins], tokens[ends], tokens[inner] = BEGIN, END, numbers
        log_probs, lengths = self._score(tokens, begins)
        events = np.ones(len(tokens), np.bool_)
        events[begins] = False
        known = tokens[events] != UNKNOWN
        return TokenPredictions(log_probs[events], lengths[events], known, words)

    def _score(
        self, tokens: NDArray[np.int32], begins: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        log_probs = self._log_probs[0][tokens]
        lengths = np.ones(len(tokens), np.int8)
        inside = np.ones(len(tokens) + 1, np.bool_)  # of a sentence, and not its begin
        inside[begins] = inside[-1] = False
        # The tokens that may end a longer n-gram, and the slots of its histories.
        after = np.flatnonzero(inside)
        histories = tokens[after - 1].astype(np.int64)
        for order, table in enumerate(self._tables, start=2):
            places = table.find(histories * self._size + tokens[after])
            hit = places >= 0
            log_probs[after] = np.where(
                hit,
                self._log_probs[order - 1][places],
                log_probs[after] + self._backoffs[order - 2][histories],
            )
            lengths[after[hit]] = order
            after += 1
            hit &= inside[after]
            after, histories = after[hit], places[hit]
        return log_probs, lengths


class _Table:
    """Slots of int64 keys, each at or after the slot of its hash: open addressing."""

    def __init__(self, keys: NDArray[np.int64]) -> None:
        """`keys` (m,) are distinct and not negative."""
        bits = max(int(len(keys) * _SLOTS_PER_NGRAM).bit_length(), 1)
        self.size = 1 << bits
        self._shift = np.uint64(64 - bits)
        self._keys = np.full(self.size, -1, np.int64)
        slots = self._slots(keys)
        while len(keys):
            free = self._keys[slots] < 0
            self._keys[slots[free]] = keys[free]  # of several that want a slot one gets it
            left = self._keys[slots] != keys
            keys, slots = keys[left], (slots[left] + 1) & (self.size - 1)

    def _slots(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        return ((keys.view(np.uint64) * _MIXER) >> self._shift).view(np.int64)

    def find(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """(w,) the slot of each key, or -1."""
        slots = self._slots(keys)
        there = self._keys[slots]
        found = np.where(there == keys, slots, -1)
        left = np.flatnonzero((there != keys) & (there >= 0))
        while len(left):
            slots = (slots[left] if len(slots) == len(keys) else slots) + 1
            slots &= self.size - 1
            there, wanted = self._keys[slots], keys[left]
            hit = there == wanted
            found[left[hit]] = slots[hit]
            more = ~hit & (there >= 0)
            left, slots = left[more], slots[more]
        return found


def sums(values: NDArray[np.float32], sizes: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n,) the sum of the first `sizes[0]` values, of the next `sizes[1]`, and so on.

    Added one after the other in single precision, as KenLM adds up a sentence.
    """
    totals = np.zeros(len(sizes), np.float32)
    order = np.argsort(-sizes, kind="stable")
    starts, lengths = (np.cumsum(sizes) - sizes)[order], sizes[order]
    running = np.zeros(len(sizes), np.float32)
    for step in range(min(_STEPS, int(lengths[0]) if len(lengths) else 0)):
        some = int(np.searchsorted(-lengths, -step, side="left"))
        running[:some] += values[starts[:some] + step]
    for place in range(int(np.searchsorted(-lengths, -_STEPS, side="left"))):
        rest = values[starts[place] + _STEPS : starts[place] + lengths[place]]
        running[place] = np.add.accumulate(np.concatenate((running[place : place + 1], rest)))[-1]
    totals[order] = running
    return totals
