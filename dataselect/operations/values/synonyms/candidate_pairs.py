"""Pairs of values that may be synonyms, by keys that they share: never all with all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from dataselect.models.encoders.base import coarse
from dataselect.models.neighbours.graph import neighbour_cosines
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.sparse import inverse_document_frequency
from dataselect.operations.values.synonyms.context_vectors import unit_rows
from dataselect.operations.values.synonyms.spelled_value import SpelledValue, is_abbreviation

_MOST = 64  # values that share a key; of a key of more, none is a candidate by it
_NEAREST = 10  # values alike in their characters, for each
_NEAREST_BY_CONTEXTS = 5
_NEAREST_BY_VECTORS = 5
_ALIKE = 0.35  # cosine of characters
_SHORT = 14  # characters; a difference of one leaves few n-grams in common up to here
_COMMON = 512  # values with an n-gram, beyond which it tells nothing
_ROWS = 512  # values compared at once
_ABBREVIATED = 4  # letters that an abbreviation has at most, where only its consonants are left


def candidate_pairs(
    values: Sequence[SpelledValue],
    contexts: csr_array,
    vectors: NDArray[np.float32] | None = None,
) -> NDArray[np.intp]:
    """(p, 2) numbers of two values each, the lower first, sorted; none twice.

    `contexts` (n, f): unit rows; `vectors` (n, d) unit vectors by an encoder.
    """
    found = [
        *_sharing(_keys(value) for value in values),
        *_sharing(_words(value) for value in values),
        *_abbreviations(values),
    ]
    texts = [f"  {' '.join(value.plain)}  " for value in values]
    characters = _idf_rows(Ngrams(order=3, analyzer="char", bits=18).columns(texts).counts)
    pairs = [
        np.array(found, np.intp).reshape(-1, 2),
        _nearest(characters, _NEAREST, _ALIKE),
        _nearest(contexts, _NEAREST_BY_CONTEXTS, _ALIKE),
    ]
    if vectors is not None and len(values) > 1:
        near = neighbour_cosines(coarse(vectors), min(_NEAREST_BY_VECTORS, len(values) - 1))
        own = np.repeat(np.arange(len(values)), np.diff(near.indptr))
        pairs.append(np.column_stack([own, near.indices]))
    together = np.sort(np.concatenate(pairs), axis=1)
    together = together[together[:, 0] < together[:, 1]]
    distinct: NDArray[np.intp] = np.unique(together, axis=0)
    return distinct


def _keys(value: SpelledValue) -> set[str]:
    """The whole value, its acronyms, and all that is left of a short one without a character."""
    keys = {value.squeezed, *value.initials}
    for whole in {value.squeezed, "".join(value.words)}:
        keys.add(whole)
        if len(whole) <= _SHORT:
            keys |= {whole[:place] + whole[place + 1 :] for place in range(len(whole))} - {""}
    return keys


def _words(value: SpelledValue) -> set[str]:
    return set(value.plain)


def _sharing(keys: Iterable[set[str]]) -> Iterator[tuple[int, int]]:
    """Yield all pairs that share a key which few have."""
    having: dict[str, list[int]] = defaultdict(list)
    for number, own in enumerate(keys):
        for key in sorted(own):
            having[key].append(number)
    for numbers in having.values():
        if len(numbers) <= _MOST:
            yield from combinations(numbers, 2)


def _abbreviations(values: Sequence[SpelledValue]) -> Iterator[tuple[int, int]]:
    """Yield pairs that are the same but for one word, which one has in short."""
    having: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, value in enumerate(values):
        for place, word in enumerate(value.words):
            for key in _short_forms(word):
                having[_with(value, place, key)].append(number)
    for number, value in enumerate(values):
        for place, word in enumerate(value.words):
            for key in {f"{word}.", f"{word[0]}{word[-1]}*"}:
                others = having.get(_with(value, place, key), ())
                for other in others if len(others) <= _MOST else ():
                    if is_abbreviation(word, values[other].words[place]):
                        yield number, other


def _with(value: SpelledValue, place: int, key: str) -> tuple[str, ...]:
    """The words of a value, one of them replaced."""
    return (*value.words[:place], key, *value.words[place + 1 :])


def _short_forms(word: str) -> Iterator[str]:
    """Yield the beginnings of a word, and its first and last letter."""
    for size in range(1, len(word) - 1):
        yield f"{word[:size]}."
    if len(word) > _ABBREVIATED:
        yield f"{word[0]}{word[-1]}*"


def _idf_rows(counts: csr_array) -> csr_array:
    """Unit rows, weighted by how few values have an n-gram."""
    idf = inverse_document_frequency(counts)
    return unit_rows(csr_array((idf[counts.indices], counts.indices, counts.indptr), counts.shape))


def _nearest(rows: csr_array, count: int, least: float) -> NDArray[np.intp]:
    """(p, 2) each row and those of the highest cosine, of equals the first ones.

    What too many rows have counts in lengths only.
    """
    found = [np.empty((0, 2), np.intp)]
    shared = np.bincount(rows.indices, minlength=rows.shape[1])
    rows = rows.copy()
    rows.data[shared[rows.indices] > _COMMON] = 0
    rows.eliminate_zeros()
    turned = csr_array(rows.T)
    for start in range(0, rows.shape[0], _ROWS):
        cosines = csr_array(rows[start : start + _ROWS] @ turned)
        own = np.repeat(np.arange(cosines.shape[0]), np.diff(cosines.indptr))
        pairs = np.column_stack([own + start, cosines.indices])
        near = (cosines.data >= least) & (pairs[:, 0] != pairs[:, 1])
        pairs, data = pairs[near], cosines.data[near]
        order = np.lexsort((pairs[:, 1], -data, pairs[:, 0]))
        pairs = pairs[order]
        rank = np.arange(len(pairs)) - np.searchsorted(pairs[:, 0], pairs[:, 0])
        found.append(pairs[rank < count])
    return np.concatenate(found)
