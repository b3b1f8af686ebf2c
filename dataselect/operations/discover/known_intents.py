"""How large intents are, by the known ones in a graph of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataselect.operations.discover.communities import communities

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_DENSITIES = [0.12 * 0.5**halvings for halvings in range(9)]


def is_enough(intents: NDArray[np.intp]) -> bool:
    """Whether texts of these intents, numbered from 0, tell how large an intent is."""
    count = len(np.unique(intents))
    return count > 1 and len(intents) >= 2 * count


def density_by_intents(
    graph: csr_array, intents: NDArray[np.intp], rng: np.random.Generator
) -> tuple[float, dict[float, NDArray[np.intp]]]:
    """The density whose communities agree best with known intents, by adjusted Rand index.

    Also the communities of each density that was tried.

    `intents` (m,): of the first nodes. Among texts of SNIPS, a few intents of 1,900 texts, the
    density that suits the 100 texts of an intent of CLINC150 gives 217 communities for 7 intents,
    about thirty for each.
    """
    from sklearn.metrics import adjusted_rand_score

    found: NDArray[np.intp] | None = None
    tried, agreement = {}, []
    for density in _DENSITIES:
        tried[density] = found = communities(graph, density, rng, found)
        agreement.append(adjusted_rand_score(intents, found[: len(intents)]))
    return _DENSITIES[int(np.argmax(agreement))], tried
