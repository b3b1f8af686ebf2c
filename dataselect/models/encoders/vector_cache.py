"""Vectors kept on disk, so that a neural model encodes a text once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dataselect.data.files.content_cache import ContentCache

_APPLICATION = 0x64734356  # "dsCV", in the header of files that are ours
_STORED = np.dtype("<f4")


class VectorCache:
    """Vectors of one model by text, in an SQLite file of their own; processes may share it.

    Vectors are kept as the model gave them. One that is found may differ from one made anew by
    about 1e-7, since a model's sums depend on the batch in which a text was encoded.
    """

    def __init__(self, directory: str, model: str, dimension: int) -> None:
        """`model`: its digest. Raises OutputError, or InputError for a file that is not ours."""
        self._stored = ContentCache(directory, model, "vectors", _APPLICATION)
        self.path = self._stored.path
        self.dimension = dimension

    def find(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(n, dimension) vectors, zero where there is none, and (n,) whether there is one."""
        stored = self._stored.find(texts)
        there = [value for value in stored if value is not None]
        if set(map(len, there)) - {self.dimension * _STORED.itemsize}:
            raise self._stored.corrupt("vectors of another size")
        known = np.array([value is not None for value in stored], np.bool_)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        vectors[known] = np.frombuffer(b"".join(there), _STORED).reshape(-1, self.dimension)
        return vectors, known

    def add(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep the (n, dimension) vectors of texts; all of them or, on an error, none."""
        self._stored.add(texts, [row.tobytes() for row in vectors.astype(_STORED, copy=False)])
