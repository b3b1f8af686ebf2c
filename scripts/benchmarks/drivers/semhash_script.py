"""Representative records by semhash, as it comes; see picking.py."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from picking import main
from semhash import SemHash


class _Made:
    """Stands where an encoder is expected: the vectors are there already."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of records that are named by their position."""
        return self._vectors[[int(sentence) for sentence in sentences]]


def pick(vectors: NDArray[np.float32], size: int) -> Iterable[int]:
    """Positions, in its order."""
    names = [str(position) for position in range(len(vectors))]
    index = SemHash.from_embeddings(vectors, names, model=_Made(vectors))
    return [int(name) for name in index.self_find_representative(selection_size=size).selected]


main(pick)
