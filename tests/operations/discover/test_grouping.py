"""Communities of a graph, groups of vectors, and their names."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from dataselect.models.encoders.base import unit
from dataselect.operations.discover.communities import communities
from dataselect.operations.discover.group_names import group_names
from dataselect.operations.discover.grouping import (
    NO_GROUP,
    GroupingOptions,
    KnownVectors,
    group,
)

NOTHING_KNOWN = np.empty(0, np.intp)


def graph(size: int, links: list[tuple[int, int]]) -> csr_array:
    """Links of 1 between nodes, in both directions."""
    matrix = np.zeros((size, size))
    for one, other in links:
        matrix[one, other] = matrix[other, one] = 1
    return csr_array(matrix)


def cliques(*sizes: int) -> list[tuple[int, int]]:
    links, start = [], 0
    for size in sizes:
        links += list(itertools.combinations(range(start, start + size), 2))
        start += size
    return links


def found(size: int, links: list[tuple[int, int]], density: float) -> list[int]:
    own: list[int] = communities(graph(size, links), density, np.random.default_rng(0)).tolist()
    return own


def value(matrix: NDArray[np.float64], own: list[int], density: float) -> float:
    """What communities maximise: links within, less the density times all pairs within."""
    pairs = itertools.combinations(range(len(own)), 2)
    return float(sum(matrix[a, b] - density for a, b in pairs if own[a] == own[b]))


def test_cliques_are_communities() -> None:
    links = [*cliques(5, 4), (4, 5)]
    assert found(10, links, 0.3) == [0] * 5 + [1] * 4 + [2]


def test_a_higher_density_divides_what_a_lower_one_leaves_whole() -> None:
    links = [*cliques(5, 5), (0, 5), (1, 6), (2, 7)]
    assert len(set(found(10, links, 0.05))) == 1
    assert len(set(found(10, links, 0.5))) == 2
    assert len(set(found(10, links, 1.0))) == 10


def test_the_size_of_the_graph_does_not_merge_what_is_small() -> None:
    """Modularity would, from about a hundred cliques on (Fortunato & Barthélemy 2007)."""
    sizes = [4] * 200
    chain = [(4 * n, 4 * n + 5) for n in range(199)]
    assert len(set(found(800, [*cliques(*sizes), *chain], 0.3))) == 200


@given(
    st.integers(2, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))
    ),
    st.sampled_from([0.1, 0.3, 0.7]),
)
def test_no_node_would_rather_be_elsewhere(
    drawn: tuple[int, list[tuple[int, int]]], density: float
) -> None:
    size, links = drawn
    links = [(a, b) for a, b in links if a != b]
    matrix = graph(size, links).toarray()
    own = found(size, links, density)
    best = value(matrix, own, density)
    for node, other in itertools.product(range(size), [*set(own), size]):
        moved = [other if at == node else number for at, number in enumerate(own)]
        assert value(matrix, moved, density) <= best + 1e-6


def around(centres: list[int], sizes: list[int], seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors near axes of a space of 20 dimensions."""
    rng = np.random.default_rng(seed)
    rows = np.eye(20)[np.repeat(centres, sizes)]
    return unit(rows + 0.1 * rng.normal(size=rows.shape))


def grouped(
    texts: NDArray[np.float32],
    known: NDArray[np.float32] | None = None,
    intents: NDArray[np.intp] = NOTHING_KNOWN,
    **options: float,
) -> list[int]:
    own = GroupingOptions(**{"min_size": 5, **options})  # type: ignore[arg-type]  # whole numbers
    rng = np.random.default_rng(0)
    compared = KnownVectors(texts[:0] if known is None else known, intents)
    groups: list[int] = group(texts, compared, own, rng).groups.tolist()
    return groups


def test_vectors_around_a_centre_are_a_group() -> None:
    assert grouped(around([0, 1, 2], [20, 30, 10])) in [
        [a] * 20 + [b] * 30 + [c] * 10 for a, b, c in itertools.permutations(range(3))
    ]


def test_what_is_near_known_vectors_belongs_to_their_intents() -> None:
    texts = around([0, 1, 2], [20, 30, 10])
    intents = np.repeat([0, 1], 10)
    assert (
        grouped(texts, around([2, 0], [10, 10], seed=1), intents) == [1] * 20 + [2] * 30 + [0] * 10
    )


@pytest.mark.parametrize("are_compared", [True, False])
def test_known_intents_tell_how_large_a_group_is(are_compared: bool) -> None:
    """Twelve narrow themes, in threes beside each other: an intent has one of these, or three."""
    themes = np.repeat(np.arange(12), 100)
    rng = np.random.default_rng(0)
    means = np.hstack([np.eye(4)[themes // 3], 0.5 * np.eye(12)[themes]])
    rows = unit(means + 0.175 * rng.normal(size=means.shape))
    is_known = themes < 6
    for intents, expected in ((themes, 6), (themes // 3, 2)):
        known = KnownVectors(rows[is_known], intents[is_known], are_compared=are_compared)
        found = group(rows[~is_known], known, GroupingOptions(), np.random.default_rng(0)).groups
        assert len(set(found.tolist())) == expected


def test_a_new_group_beside_a_known_one_is_told_apart_at_other_densities() -> None:
    """At a density of 0.2, cosines of 0.3 join both into one community, which has known texts."""
    rng = np.random.default_rng(0)
    means = np.zeros((60, 20))
    means[:, 0] = 1
    means[20:40, :2] = 0.3, 0.95  # the new ones; known ones are the last
    rows = unit(means + 0.02 * rng.normal(size=means.shape))
    own = grouped(rows[:40], rows[40:45], np.zeros(5, np.intp), density=0.2, neighbours=44)
    assert own == [0] * 20 + [1] * 20


def test_small_groups_are_none() -> None:
    assert grouped(around([0, 1], [20, 4])) == [0] * 20 + [NO_GROUP] * 4


def test_vectors_that_were_not_drawn_join_the_nearest_group() -> None:
    texts = around([0, 1, 2], [200, 300, 100])
    numbers = grouped(texts, sample_size=150)
    for start, end in ((0, 200), (200, 500), (500, 600)):
        own = [number for number in numbers[start:end] if number != NO_GROUP]
        assert len(set(own)) == 1
        assert len(own) > 0.9 * (end - start)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_a_few_vectors_are_no_group(size: int) -> None:
    assert grouped(around([0], [size])) == [NO_GROUP] * size


def test_names_are_never_the_same() -> None:
    names = group_names([["play jazz"] * 3, ["play jazz"] * 3, ["hm"]], ["it rained", "hm"])
    assert len(set(names)) == 3
