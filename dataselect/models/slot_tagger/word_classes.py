"""Words that stand in the same places: what a pool tells of words that nobody annotated.

Positive pointwise mutual information of a word and the words around it, each place by itself,
reduced by a singular value decomposition and divided by k-means, coarsely and finely.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.slot_tagger.token_features import shifted
from dataselect.models.sparse import singular_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_CLUSTERS = (20, 40, 80, 160, 320, 640, 1280)
_PLACES = (-2, -1, 1, 2)
_SEEN = 2  # times that a word has to occur
_CONTEXTS = 2_000  # the commonest words, of those around
_CONTEXT_POWER = 0.75  # of counts of words around: a rare one tells less (Levy et al. 2015)
_DIMENSION = 60
_VALUE_POWER = 0.5  # of singular values
_ITERATIONS = 20  # of k-means
_POWER_ITERATIONS = 3  # of the randomised SVD
_EDGE = ""  # the word beyond either end of a text
_NEAREST = 6  # words of known values that are looked at
_ALIKE = (0.5, 0.7)  # cosines from which on a word is like another


def word_classes(
    texts: Iterable[Sequence[str]],
    slots_of: Mapping[str, Collection[str]],
    rng: np.random.Generator,
) -> dict[str, list[str]]:
    """Classes of the words of texts: clusters, and the slots of words that they are like.

    `slots_of`: of words of annotated values. A word's own slots do not count: in training all words
    of values would be known, and few afterwards.
    """
    from sklearn.cluster import KMeans, kmeans_plusplus

    words, vectors = _vectors(texts, rng)
    found: dict[str, list[str]] = {word: [] for word in words}
    for size in _CLUSTERS:
        if 2 * size < len(words):
            seed = int(rng.integers(2**32))
            # One candidate a centre, and not the ten of KMeans: as good (ATIS, 20 an intent).
            first, _ = kmeans_plusplus(vectors, size, random_state=seed, n_local_trials=1)
            means = KMeans(size, init=first, n_init=1, max_iter=_ITERATIONS)
            for word, cluster in zip(words, means.fit_predict(vectors).tolist(), strict=True):
                found[word].append(f"{size}.{cluster}")
    for word, names in _similar(words, vectors, slots_of):
        found[word] += names
    return {word: names for word, names in found.items() if names}


def _similar(
    words: Sequence[str], vectors: NDArray[np.float64], slots_of: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, list[str]]]:
    """For each word the slots of the words of values that are most like it, by how alike."""
    known = [place for place, word in enumerate(words) if word in slots_of]
    for place, word in enumerate(words):
        cosines = vectors[known] @ vectors[place]
        likest: dict[str, float] = {}
        for at in np.argsort(-cosines, kind="stable")[:_NEAREST].tolist():
            if known[at] != place:
                for slot in slots_of[words[known[at]]]:
                    likest.setdefault(slot, float(cosines[at]))
        yield (
            word,
            [
                f"{least}~{slot}"
                for slot in sorted(likest)
                for least in _ALIKE
                if likest[slot] >= least
            ],
        )


def _vectors(
    texts: Iterable[Sequence[str]], rng: np.random.Generator
) -> tuple[list[str], NDArray[np.float64]]:
    """Words that occur often enough, and (n, d) unit vectors."""
    place: dict[str, int] = {_EDGE: 0}
    said, ends = array("q"), array("q", [0])
    for text in texts:
        said.extend(place.setdefault(word, len(place)) for word in text)
        ends.append(len(said))
    ids, bounds = np.array(said, np.intp), np.array(ends, np.intp)
    counts = np.bincount(ids, minlength=len(place))
    used = np.flatnonzero(counts >= _SEEN)
    words = np.array(list(place), object)[used].tolist()
    if len(used) < 3:
        return [], np.empty((0, 0))
    weights = _mutual_information(ids, bounds, counts, used)
    dimension = min(_DIMENSION, len(used) - 1)
    left, values, _ = singular_vectors(weights, dimension, _POWER_ITERATIONS, rng)
    vectors = left * values**_VALUE_POWER
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return words, vectors / np.where(lengths > 0, lengths, 1)


def _mutual_information(
    ids: NDArray[np.intp],
    bounds: NDArray[np.intp],
    counts: NDArray[np.intp],
    used: NDArray[np.intp],
) -> csr_array:
    """(n, places x contexts) positive PMI of words and those around them."""
    from scipy.sparse import csr_array

    row_of = np.full(len(counts), -1)
    row_of[used] = np.arange(len(used))
    common = np.argsort(-counts, kind="stable")[:_CONTEXTS]
    column_of = np.full(len(counts), -1)
    column_of[common] = 1 + np.arange(len(common))
    column_of[0] = 0
    rows, columns = [], []
    for number, offset in enumerate(_PLACES):
        near = column_of[shifted(ids, bounds, offset)]
        seen = (row_of[ids] >= 0) & (near >= 0)
        rows.append(row_of[ids[seen]])
        columns.append(number * (len(common) + 1) + near[seen])
    row, column = np.concatenate(rows), np.concatenate(columns)
    shape = (len(used), len(_PLACES) * (len(common) + 1))
    table = csr_array((np.ones(len(row)), (row, column)), shape=shape)
    table.sum_duplicates()
    by_row = np.bincount(row, minlength=shape[0])
    by_column = np.bincount(column, minlength=shape[1]) ** _CONTEXT_POWER
    own_row = np.repeat(np.arange(shape[0]), np.diff(table.indptr))
    expected = by_row[own_row] * by_column[table.indices] / by_column.sum()
    table.data = np.maximum(0, np.log(table.data / expected))
    return table
