"""What an encoder of sentences knows of single words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dataselect.engines.encoders import base, loading

Meaning: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]
"""Words to vectors (n, d)."""

_MOST = 100_000  # words that are remembered


def no_meaning(words: Sequence[str]) -> NDArray[np.float32]:
    """(n, 0) vectors: nothing is known of any word."""
    return np.empty((len(words), 0), np.float32)


class WordMeanings:
    """The vectors that a sentence-transformers model gives single words, each encoded once."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) vectors, whose entries are about 1."""
        if len(self._known) > _MOST:
            self._known.clear()
        new = [word for word in words if word not in self._known]
        if new:
            self._known.update(zip(new, unit_vectors(self._encoder, new), strict=True))
        found = np.array([self._known[word] for word in words], np.float32)
        return found * np.float32(np.sqrt(found.shape[-1]))


def unit_vectors(encoder: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    """(n, d) vectors of texts, of length 1."""
    with loading.quiet():
        found = encoder.encode(list(texts), show_progress_bar=False)
    return base.unit(np.asarray(found, np.float32))
