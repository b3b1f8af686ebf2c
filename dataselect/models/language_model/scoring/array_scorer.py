"""Back-off models in single precision: texts scored whole blocks at once, as KenLM scores them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.backoff import BackoffModel, NgramOrder
from dataselect.models.language_model.hash_table import HashTable, WordTable
from dataselect.models.language_model.scoring.vocabulary_lookup import word_places
from dataselect.models.language_model.vocabulary import BEGIN, END, UNKNOWN, ended_sentences
from dataselect.models.ngrams.tokens import WORD_BYTES

_PORTION = 1 << 20  # words that are looked up at once: 100 bytes each while it lasts
_PORTION_BYTES = 1 << 22  # of text whose words are looked up at once


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
    """A back-off model as hash tables, 32 to 128 bytes an n-gram.

    Its numbers are those of KenLM to the last bit: single precision, the n-gram's log-probability
    first, then the back-offs from the shortest history to the longest.
    """

    def __init__(self, model: BackoffModel) -> None:
        self.order = model.order
        self._words = WordTable(model.vocabulary.words, absent=UNKNOWN)
        self._size = np.uint64(len(model.vocabulary))
        unigrams = model.levels[0]
        self._log_probs = [unigrams.log_probs.astype(np.float32)]
        self._backoffs = [unigrams.backoffs.astype(np.float32)]
        self._tables: list[HashTable] = []
        slots = np.arange(len(model.vocabulary))
        for level in model.levels[1:]:
            slots = self._add(level, slots)

    def _add(self, level: NgramOrder, below: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take the next order; `below` are the slots of the n-grams of the order before."""
        keys = self._keys(below[level.histories], level.words.astype(np.int64))
        table = HashTable(keys)
        slots, _ = table.find(keys)
        for columns, values in (
            (self._log_probs, level.log_probs),
            (self._backoffs, level.backoffs),
        ):
            column = np.zeros(table.size, np.float32)
            column[slots] = values
            columns.append(column)
        self._tables.append(table)
        return slots

    def _keys(self, histories: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.uint64]:
        """(m,) the key of each n-gram; 0 would be <unk> after <unk>, so it is counted from 1."""
        keys = histories.view(np.uint64) * self._size
        keys += words.view(np.uint64)
        keys += np.uint64(1)
        return keys

    def score(self, texts: Sequence[str]) -> Totals:
        """Score composed texts, each as a sentence, and add up in single precision."""
        tokens = self._tokens(texts)
        log_probs = np.concatenate([np.zeros(0, np.float32), *self._by_portion(tokens)])
        ends = np.flatnonzero(tokens == END)
        sizes = np.diff(ends, prepend=-1)
        oov = np.diff(np.searchsorted(np.flatnonzero(tokens == UNKNOWN), ends), prepend=0)
        return sums(log_probs, sizes).astype(np.float64), sizes - 1, oov

    def predict(self, texts: Sequence[str]) -> TokenPredictions:
        """Score every word and sentence end of composed texts."""
        tokens = self._tokens(texts)
        lengths = np.ones(len(tokens), np.int8)
        log_probs = np.concatenate([np.zeros(0, np.float32), *self._by_portion(tokens, lengths)])
        words = np.diff(np.flatnonzero(tokens == END), prepend=-1) - 1
        return TokenPredictions(log_probs, lengths, tokens != UNKNOWN, words)

    def _tokens(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """(t,) the numbers of the words of all texts in a row, END after each text."""
        data = ended_sentences(texts) + bytes(WORD_BYTES)
        found = [np.zeros(0, np.int32)]
        first, last = 0, len(data) - WORD_BYTES
        while first < last:
            end = data.find(b" ", first + _PORTION_BYTES, last) + 1 or last
            portion = np.frombuffer(data, np.uint8)[first : end + WORD_BYTES]
            found.append(self._words.find(portion, *word_places(portion[:-WORD_BYTES])))
            first = end
        return np.concatenate(found)

    def _by_portion(
        self, tokens: NDArray[np.int32], lengths: NDArray[np.int8] | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Yield log-probabilities of some tokens at a time; fill `lengths` of the n-grams hit."""
        before = self.order - 1  # words that a portion is begun early, for their sake alone
        for first in range(0, len(tokens), _PORTION):
            early = max(first - before, 0)
            part = slice(early, first + _PORTION)
            own = None if lengths is None else lengths[part].copy()
            found = self._look_up(tokens[part].astype(np.int64), own)
            if lengths is not None and own is not None:
                lengths[first : first + _PORTION] = own[first - early :]
            yield found[first - early :]

    def _look_up(
        self, tokens: NDArray[np.int64], lengths: NDArray[np.int8] | None
    ) -> NDArray[np.float32]:
        """(t,) log-probabilities of tokens in a row, as if a sentence began before the first."""
        log_probs = self._log_probs[0].take(tokens)
        histories = np.concatenate((np.full(1, BEGIN), tokens[:-1]))
        histories[histories == END] = BEGIN
        goes_on = tokens != END
        goes_on[-1:] = False
        # Tokens that may end a longer n-gram, whose histories have these slots: at first all.
        after: slice | NDArray[np.int64] = slice(None)
        for order, table in enumerate(self._tables, start=2):
            slots, hit = table.find(self._keys(histories, tokens[after]))
            log_probs[after] = np.where(
                hit,
                self._log_probs[order - 1].take(slots),
                log_probs[after] + self._backoffs[order - 2].take(histories),
            )
            longer = np.flatnonzero(hit & goes_on[after])
            if isinstance(after, slice):
                ends, after = np.flatnonzero(hit), longer + 1
            else:
                ends, after = after[hit], after.take(longer) + 1
            if lengths is not None:
                lengths[ends] = order
            histories = slots.take(longer)
        return log_probs


def sums(values: NDArray[np.float32], sizes: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n,) the sum of the first `sizes[0]` values, of the next `sizes[1]`, and so on.

    Added one after the other in single precision, as KenLM adds up a sentence.
    """
    totals = np.zeros(len(sizes), np.float32)
    np.add.at(totals, np.repeat(np.arange(len(sizes)), sizes), values)
    return totals
