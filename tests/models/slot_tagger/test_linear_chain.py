"""Sums and best paths of a linear chain, against all taggings one by one."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from dataselect.models.slot_tagger.linear_chain import (
    ForwardBackward,
    Transitions,
    best_paths,
    row_by_row,
)

SLOTS = 2
TAGS = 2 * SLOTS + 1
BOUNDS = np.array([0, 3, 3, 5, 9])
RNG = np.random.default_rng(0)
TRANSITIONS = Transitions(
    RNG.normal(size=(TAGS, SLOTS + 1)).astype(np.float32),
    RNG.normal(size=(2, SLOTS)).astype(np.float32),
)
EMISSIONS = 2 * RNG.normal(size=(9, TAGS))


def weight(tags: tuple[int, ...], emissions: NDArray[np.float64]) -> float:
    """The log-weight of one tagging; that of an I that continues nothing is -inf."""
    total = 0.0
    before = 0
    for place, tag in enumerate(tags):
        total += float(emissions[place, tag])
        if tag > SLOTS and (place == 0 or before not in (tag, tag - SLOTS)):
            return -np.inf
        if tag > SLOTS:
            total += float(TRANSITIONS.inside[int(before > SLOTS), tag - SLOTS - 1])
        elif place:
            total += float(TRANSITIONS.enter[before, tag])
        before = tag
    return total


Everything = tuple[list[tuple[int, ...]], NDArray[np.float64]]


def all_taggings(start: int, end: int) -> Everything:
    taggings = list(product(range(TAGS), repeat=end - start))
    return taggings, np.array([weight(tags, EMISSIONS[start:end]) for tags in taggings])


SEQUENCES = [pytest.param(i, id=f"{BOUNDS[i + 1] - BOUNDS[i]} tokens") for i in range(4)]


@pytest.fixture(scope="module")
def sums() -> ForwardBackward:
    return ForwardBackward.of(EMISSIONS, BOUNDS, TRANSITIONS, row_by_row)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_sums_and_marginals_are_those_of_all_taggings(sums: ForwardBackward, sequence: int) -> None:
    start, end = BOUNDS[sequence : sequence + 2].tolist()
    taggings, weights = all_taggings(start, end)
    total = np.logaddexp.reduce(weights)
    assert sums.log_sums[sequence] == pytest.approx(total)
    expected = np.zeros((end - start, TAGS))
    for tags, own in zip(taggings, np.exp(weights - total), strict=True):
        expected[np.arange(end - start), list(tags)] += own
    np.testing.assert_allclose(sums.marginals()[start:end], expected, atol=1e-12)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_the_best_path_is_that_of_all_taggings(sequence: int) -> None:
    start, end = BOUNDS[sequence : sequence + 2].tolist()
    taggings, weights = all_taggings(start, end)
    paths, highest = best_paths(EMISSIONS, BOUNDS, TRANSITIONS)
    assert tuple(paths[start:end].tolist()) == taggings[int(weights.argmax())]
    assert highest[sequence] == pytest.approx(weights.max())


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_segment_is_as_probable_as_all_taggings_that_have_it(
    sums: ForwardBackward, sequence: int
) -> None:
    start, end = BOUNDS[sequence : sequence + 2].tolist()
    taggings, weights = all_taggings(start, end)
    probabilities = np.exp(weights - np.logaddexp.reduce(weights))
    for first, last, slot in product(range(end - start), range(end - start), range(SLOTS)):
        if first > last:
            continue
        segment = (1 + slot, *[1 + SLOTS + slot] * (last - first))
        after = 1 + SLOTS + slot
        having = [
            tags[first : last + 1] == segment and tags[last + 1 : last + 2] != (after,)
            for tags in taggings
        ]
        [found] = sums.segment_probabilities(
            np.array([start + first]), np.array([start + last]), np.array([slot])
        )
        assert found == pytest.approx(probabilities[having].sum())


def test_a_sequence_does_not_depend_on_its_batch(sums: ForwardBackward) -> None:
    alone = ForwardBackward.of(EMISSIONS[5:], np.array([0, 4]), TRANSITIONS, row_by_row)
    np.testing.assert_array_equal(alone.marginals(), sums.marginals()[5:])


def test_weights_far_apart_stay_finite() -> None:
    emissions = np.array([[0.0, 1e6, 0, 0, 0], [0, 0, -1e6, 1e6, 0], [1e6, 0, 0, 0, 1e6]])
    found = ForwardBackward.of(emissions, np.array([0, 3]), TRANSITIONS).marginals()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
