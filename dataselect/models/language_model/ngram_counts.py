"""The n-grams of each order in some sentences, numbered, and how often each occurs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.vocabulary import BEGIN
from dataselect.models.ngrams.speakers import Speakers, count_by_speaker


class NgramCounts(NamedTuple):
    """The distinct n-grams of one order, sorted by history, then by word; every array is (m,).

    `histories` and `suffixes`: where the n-gram less its last and less its first word stand in
    the order below. `raw`: how often it occurs; <s> alone is no event and counts 0. `begins`:
    whether it begins with <s>. `said`: whether enough speakers said it.
    """

    histories: NDArray[np.int64]
    suffixes: NDArray[np.int64]
    words: NDArray[np.int32]
    raw: NDArray[np.int64]
    begins: NDArray[np.bool_]
    said: NDArray[np.bool_]


def count_ngrams(
    tokens: NDArray[np.int32],
    words: int,
    order: int,
    advance: Callable[[int], None],
    speakers: Speakers | None = None,
) -> list[NgramCounts]:
    """The n-grams of each order, up to the longest that any sentence has.

    `words`: the size of the vocabulary. `advance` is called once an order. With `speakers`, of each
    sentence, counts are capped by them.
    """
    of_tokens = None if speakers is None else speakers_of_tokens(tokens, speakers)
    counted = [_unigrams(tokens, words, of_tokens, None if speakers is None else speakers.most)]
    places = tokens.astype(np.int64)  # of the n-gram that ends at each token, or -1
    for _ in range(1, order):
        advance(1)  # the order below
        ends = np.flatnonzero((places[:-1] >= 0) & (tokens[1:] != BEGIN)) + 1
        if not len(ends):
            break
        found = places[ends - 1] * words + tokens[ends]
        keys, ascending = _sorted(found, len(counted[-1].words) * words)
        del found
        begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        raw = np.diff(begins, append=len(keys))
        keys = keys[begins]
        histories = keys // words
        keys %= words
        last = keys.astype(np.int32)
        del keys
        suffixes = places[ends[ascending[begins]]]
        del begins
        places.fill(-1)
        places[ends[ascending]] = np.repeat(np.arange(len(raw)), raw)
        del ascending
        said = np.broadcast_to(True, raw.shape)
        if speakers is not None and of_tokens is not None:
            own = count_by_speaker(places[ends], of_tokens[ends], len(raw), speakers.most)
            raw, said = own.occurrences, own.speakers >= speakers.least
        starts = counted[-1].begins[histories]
        counted.append(NgramCounts(histories, suffixes, last, raw, starts, said))
    advance(1)
    return counted


def speakers_of_tokens(tokens: NDArray[np.int32], speakers: Speakers) -> NDArray[np.int32]:
    """(t,) who said each token, of sentences in a row."""
    found: NDArray[np.int32] = speakers.of_texts[np.cumsum(tokens == BEGIN) - 1]
    return found


def _sorted(numbers: NDArray[np.int64], limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers from 0 to below `limit` in order, and the places where they stood; takes them over.

    Where a number and its place fit into 63 bits they are sorted as one: five times as fast.
    """
    bits = len(numbers).bit_length()
    if limit << bits > 1 << 63:
        places = np.argsort(numbers)
        return numbers[places], places
    numbers <<= bits
    numbers |= np.arange(len(numbers))
    numbers.sort()
    places = numbers & ((1 << bits) - 1)
    numbers >>= bits
    return numbers, places


def _unigrams(
    tokens: NDArray[np.int32],
    words: int,
    of_tokens: NDArray[np.int32] | None,
    most: int | None,
) -> NgramCounts:
    """Every word of the vocabulary, above an order 0 of one empty n-gram.

    Each is said by enough: words that are not are <unk> before they come here.
    """
    numbers = np.arange(words, dtype=np.int32)
    if of_tokens is None or most is None:
        raw = np.bincount(tokens, minlength=words)
    else:
        raw = count_by_speaker(tokens.astype(np.int64), of_tokens, words, most).occurrences
    raw[BEGIN] = 0
    empty = np.zeros(words, np.int64)
    every = np.broadcast_to(True, raw.shape)
    return NgramCounts(empty, empty, numbers, raw, numbers == BEGIN, every)
