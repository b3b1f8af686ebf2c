"""Communities of a graph: sets of nodes with more links than a density asks for.

The constant Potts model (Traag, Van Dooren & Nesterov 2011), which finds their number by itself
and, other than modularity, does not merge small ones because the graph is large; maximised by the
Louvain method (Blondel et al. 2008), with the queue of Traag et al. (2019): a node is looked at
again only when a neighbour has moved.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_LEAST_GAIN = 1e-9  # of links: below it is rounding


def communities(
    graph: csr_array,
    density: float,
    rng: np.random.Generator,
    start: NDArray[np.intp] | None = None,
) -> NDArray[np.intp]:
    """(n,) the community of each node of a symmetric (n, n) graph of weights, from 0.

    A node is in the community to which it has most links beyond `density` times the nodes there.
    `start`: communities at another density, by default each node alone.
    """
    ones = np.ones(graph.shape[0])
    own = np.arange(graph.shape[0]) if start is None else start
    while True:
        moved = _moved(graph, ones, own, density, rng)
        count = int(moved.max(initial=-1)) + 1
        sizes = np.bincount(moved, minlength=count).astype(np.float64)
        whole = _moved(_merged(graph, moved, count), sizes, np.arange(count), density, rng)
        merged = whole[moved]
        if (merged == own).all():
            return own
        own = merged


def _merged(graph: csr_array, groups: NDArray[np.intp], count: int) -> csr_array:
    """(count, count) the graph whose nodes are groups of nodes."""
    from scipy.sparse import csr_array

    size = graph.shape[0]
    of_group = csr_array((np.ones(size), (groups, np.arange(size))), shape=(count, size))
    found: csr_array = (of_group @ graph @ of_group.T).tocsr()
    found.sort_indices()  # in one order, in which sums are the same everywhere
    return found


def _moved(
    graph: csr_array,
    sizes: NDArray[np.float64],
    start: NDArray[np.intp],
    density: float,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """(n,) communities, from 0 in the order of their first nodes, once no node gains by a move.

    A node stands for `sizes` (n,) nodes. It may also leave for a community of its own.
    """
    bounds, columns = graph.indptr.tolist(), graph.indices.tolist()
    weights, own_sizes = graph.data.tolist(), sizes.tolist()
    own = start.tolist()
    totals = np.bincount(start, weights=sizes, minlength=len(own) + 1).tolist()
    empty = [number for number, total in enumerate(totals) if not total]
    waiting = deque(rng.permutation(len(own)).tolist())
    is_waiting = [True] * len(own)
    while waiting:
        node = waiting.popleft()
        is_waiting[node] = False
        here = own[node]
        cost = density * own_sizes[node]
        around = range(bounds[node], bounds[node + 1])
        links: dict[int, float] = {here: 0.0}
        for at in around:
            if columns[at] != node:
                community = own[columns[at]]
                links[community] = links.get(community, 0.0) + weights[at]
        totals[here] -= own_sizes[node]
        best, most = here, links[here] - cost * totals[here] + _LEAST_GAIN
        if most < 0:
            best, most = empty[-1], 0.0
        for community, weight in links.items():
            gain = weight - cost * totals[community]
            if gain > most:
                best, most = community, gain
        totals[best] += own_sizes[node]
        if best == here:
            continue
        own[node] = best
        if best == empty[-1]:
            empty.pop()
        if not totals[here]:
            empty.append(here)
        for at in around:
            other = columns[at]
            if own[other] != best and not is_waiting[other]:
                is_waiting[other] = True
                waiting.append(other)
    _, first, numbers = np.unique(own, return_index=True, return_inverse=True)
    found: NDArray[np.intp] = np.argsort(np.argsort(first))[numbers]
    return found
