"""Texts as points of a plane, alike ones near each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from dataselect.models.encoders.lexical import Lexical

_DIMENSION = 50  # what t-SNE is given; its authors take as many
_PERPLEXITY = 30.0
# As trustworthy as 500 iterations with an angle of 0.5, in two thirds of their time: 0.966 and
# 0.967 for a thousand utterances from grammars and ten neighbours, 0.969 and 0.967 for spoken ones
# (300 iterations: 0.949 and 0.955; principal components: 0.676 and 0.697).
_ITERATIONS = 350
_ANGLE = 0.8  # how coarsely distant points are taken together
_START = 1e-4  # standard deviation of the first axis, as the authors advise
_FEWEST = 2 * int(_PERPLEXITY)  # texts that t-SNE tells more of than principal components


def tsne_map(texts: Sequence[str], *, seed: int = 0) -> NDArray[np.float64]:
    """(n, 2) places of n texts by t-SNE (van der Maaten & Hinton 2008) of TF-IDF and SVD vectors.

    Few texts have places by the two principal components instead.
    Neighbours mean something, distances across the plane do not. The same texts and seed give the
    same places on one machine; places lie between -1 and 1. Raises InputError without a word.

    >>> tsne_map(["play some jazz", "play jazz", "will it rain", "it rained", "rain"]).shape
    (5, 2)
    """
    vectors = Lexical.fit(texts, dimension=_DIMENSION).encode(texts, unit=True)
    with threadpool_limits(1):  # sums come out the same however many cores there are
        places = _neighbours(vectors, seed) if len(texts) >= _FEWEST else _components(vectors)
    places -= places.mean(axis=0)
    scaled: NDArray[np.float64] = places / (np.abs(places).max() or 1.0)
    return scaled


def _neighbours(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE

    start = _components(vectors)  # init="pca" divides by zero where all texts are the same
    start *= _START / (start[:, 0].std() or 1.0)
    places: NDArray[np.float32] = TSNE(
        perplexity=_PERPLEXITY,
        init=start.astype(np.float32),
        max_iter=_ITERATIONS,
        angle=_ANGLE,
        random_state=seed,
        n_jobs=1,
    ).fit_transform(vectors)
    return places.astype(np.float64)


def _components(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, 2) the first two principal components of (n, d) vectors."""
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    components = np.zeros((len(vectors), 2))
    found = centred @ directions[:2].T
    components[:, : found.shape[1]] = found
    return components
