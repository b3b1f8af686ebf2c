"""The nearest neighbours of each vector of a pool among the others, as a sparse matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dataselect.models.neighbours import exact, faiss_index
from dataselect.models.neighbours.blocks import blocks
from dataselect.models.neighbours.exact import MOST_EXACT

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_ROWS = 4096


def neighbour_cosines(
    pool: NDArray[np.float16], count: int, advance: Callable[[int], None] = lambda _: None
) -> csr_array:
    """(n, n) cosines of each with itself, with its `count` nearest, and with what has it as one.

    `pool` (n, d): vectors made by `coarse`. `advance` is told of how many more are done. Raises
    OptionError where approximate search is needed, for many vectors, and not installed.
    """
    from scipy.sparse import csr_array

    places = _search(pool, min(count + 1, len(pool)), advance)
    cosines = np.empty(places.shape, np.float32)
    for rows in blocks(len(pool), _ROWS):
        own, others = pool[rows].astype(np.float32), pool[places[rows]].astype(np.float32)
        cosines[rows] = np.einsum("id,icd->ic", own, others)
    bounds = np.arange(0, places.size + 1, places.shape[1])
    found = csr_array((cosines.ravel(), places.ravel(), bounds), shape=(len(pool), len(pool)))
    return found.maximum(found.T).tocsr()


def _search(
    pool: NDArray[np.float16], count: int, advance: Callable[[int], None]
) -> NDArray[np.int32]:
    """(n, count) places of the nearest of each, itself among them unless copies crowd it out."""
    if len(pool) ** 2 * pool.shape[1] <= MOST_EXACT:
        found, _ = exact.nearest(pool, pool, count, advance)
    else:
        found = faiss_index.search(faiss_index.filled(pool), pool, count, advance)
    return found.astype(np.int32)
