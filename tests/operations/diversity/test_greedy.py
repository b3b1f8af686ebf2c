"""Greedy selection inside: every method against the plain algorithm, by hand, and by apricot."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataselect.models.encoders.base import coarse, unit
from dataselect.models.near_duplicates import first_places
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.operations.diversity.greedy import Limits, Picks, greedy
from dataselect.operations.diversity.objectives.facility_location import (
    Dense,
    FacilityLocation,
    Sparse,
)
from dataselect.operations.diversity.objectives.k_center import KCenter
from dataselect.operations.diversity.objectives.ngram_coverage import NgramCoverage
from dataselect.operations.diversity.objectives.objective import NOTHING, Objective
from dataselect.operations.diversity.objectives.paraphrase_coverage import ParaphraseCoverage

WORDS = ("play", "some", "jazz", "blues", "by", "the", "band", "will", "it", "rain", "snow")
# Unit vectors times 2048, and what apricot 0.6.1 picks: its facility location on the cosines from
# 0 up, with nothing picked before and with item 3.
VECTORS = (
    (0, 629, -566, -1865),
    (-534, -1174, 71, 1589),
    (-1006, -1273, 1006, 739),
    (193, -1628, -53, 1226),
    (-1017, -349, -1442, -979),
    (-1664, -217, -1148, 244),
    (127, -150, -1993, -427),
    (-64, 140, -1949, -611),
)
APRICOT = [4, 1, 0, 7, 5]
APRICOT_GAINS = [3.91982245, 2.67585707, 0.42241478, 0.39857841, 0.24053192]
APRICOT_AFTER_3 = [4, 0, 7]
# Texts, and what apricot's feature-based selection (sqrt) picks from their shares of words, each
# times its sum.
TEXTS = (
    "play some jazz",
    "play jazz by the band",
    "will it rain",
    "will it snow in the north",
    "play some blues",
    "rain",
    "some jazz",
    "the north",
)
APRICOT_FEATURES = [0, 3, 5, 1, 4]
APRICOT_FEATURE_GAINS = [1.74798731, 1.62407541, 1.15470054, 0.88151945, 0.77843827]


class WordOverlap:
    """Stands in for a detector: the share of words that two texts have in common."""

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = np.array([[text.split().count(word) for word in WORDS] for text in texts])
        return unit(counts.reshape(-1, len(WORDS)).astype(np.float32))

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.array([overlap(*pair) for pair in pairs])


def overlap(one: str, other: str) -> float:
    ours, theirs = set(one.split()), set(other.split())
    return len(ours & theirs) / len(ours | theirs)


def vectors(rows: Any) -> NDArray[np.float16]:
    return coarse(unit(np.asarray(rows, np.float32)))


def random_vectors(number: int, seed: int, dimension: int = 5) -> NDArray[np.float16]:
    return vectors(np.random.default_rng(seed).normal(size=(number, dimension)))


def random_texts(number: int, seed: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, draw.integers(1, 6))) for _ in range(number)]


def detector() -> Any:
    return WordOverlap()


METHODS: dict[str, Callable[[int, int], Objective]] = {
    "facility": lambda n, seed: Dense(random_vectors(n, seed), random_vectors(2, seed + 1)),
    "sparse facility": lambda n, seed: Sparse(random_vectors(n, seed), random_vectors(2, 1), 3),
    "kcenter": lambda n, seed: KCenter(random_vectors(n, seed), random_vectors(2, seed + 1)),
    "kcenter from nothing": lambda n, seed: KCenter(
        random_vectors(n, seed), vectors(np.ones((0, 5)))
    ),
    "features": lambda n, seed: NgramCoverage(
        random_texts(n, seed), random_texts(2, seed + 1), Ngrams(order=2, bits=10)
    ),
    "paraphrase": lambda n, seed: ParaphraseCoverage(
        detector(), random_texts(n, seed), random_texts(2, seed + 1), candidates=64
    ),
}


def plain_greedy(objective: Objective, size: int, costs: NDArray[np.float64] | None) -> list[int]:
    """Look at everything each time."""
    left = list(range(40))
    picked: list[int] = []
    while len(picked) < size:
        gains = objective.gains(np.array(left))
        if costs is not None and objective.adds_up:
            gains = gains / costs[left]
        picked.append(left.pop(int(gains.argmax())))
        objective.add(picked[-1])
    return picked


def pick(objective: Objective, number: int, **limits: Any) -> Picks:
    return greedy(objective, np.arange(number), Limits(**limits))


# -- lazy greedy


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20)
@given(seed=st.integers(0, 1000), size=st.integers(1, 40), with_costs=st.booleans())
def test_lazy_picks_are_those_of_looking_at_everything(
    method: str, seed: int, size: int, with_costs: bool
) -> None:
    costs = np.random.default_rng(seed).integers(1, 4, 40).astype(float) if with_costs else None
    lazy = greedy(METHODS[method](40, seed), np.arange(40), Limits(size=size), costs=costs)
    plain = plain_greedy(METHODS[method](40, seed), size, costs)
    assert lazy.items.tolist() == plain


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_that_is_longer_than_the_head_of_the_queue(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataselect.operations.diversity.queues._HEAD", 6)
    monkeypatch.setattr("dataselect.operations.diversity.greedy._WATCHED", 4)
    picks = pick(METHODS[method](40, 9), 40, size=40)
    assert picks.items.tolist() == plain_greedy(METHODS[method](40, 9), 40, None)


@pytest.mark.parametrize("method", METHODS)
def test_a_shorter_pick_is_the_beginning_of_a_longer_one(method: str) -> None:
    short, long = (pick(METHODS[method](40, 5), 40, size=size) for size in (7, 30))
    assert short.items.tolist() == long.items[:7].tolist()
    assert short.nearest.places.tolist() == long.nearest.places[:7].tolist()


@pytest.mark.parametrize("method", METHODS)
def test_gains_fall_as_more_is_picked(method: str) -> None:
    objective, everything = METHODS[method](40, 3), np.arange(40)
    before = objective.gains(everything)
    for item in (4, 17, 8):
        objective.add(item)
        after = objective.gains(everything)
        assert (after <= before + 1e-12).all()
        before = after


@given(st.integers(0, 1000))
def test_watched_gains_are_those_that_are_computed_anew(seed: int) -> None:
    objective, items = NgramCoverage(random_texts(40, seed), ["play some jazz"]), np.arange(10, 30)
    watched = objective.watch(items)
    for item in (3, 17, 8):
        objective.add(item)
        assert (watched() == objective.gains(items)).all()


def test_of_equal_gains_the_first_wins() -> None:
    same = vectors([[1, 0], [0, 1], [0, 1], [1, 0]])
    assert pick(KCenter(same, same[:0]), 4, size=2).items.tolist() == [0, 1]
    assert pick(Dense(same, same[:0]), 4, size=2).items.tolist() == [0, 1]


def test_a_budget_is_spent_on_gain_per_cost_and_on_what_still_fits() -> None:
    axes = vectors(np.eye(4))
    costs = np.array([2.0, 1.0, 3.0, 4.0])
    spend = Limits(budget=6.0)
    picks = greedy(Dense(axes, axes[:0]), np.arange(4), spend, costs=costs)
    assert picks.items.tolist() == [1, 0, 2]
    picks = greedy(KCenter(axes, axes[:1]), np.arange(1, 4), spend, costs=costs)
    assert picks.items.tolist() == [1, 2]  # the third axis fits, the fourth no longer does


def test_what_costs_nothing_is_picked_first_the_best_of_it_before_the_rest() -> None:
    near = vectors([[1, 0, 0, 0], [1, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    costs = np.array([3.0, 0.0, 0.0, 4.0, 1.0])
    picks = greedy(Dense(near, near[:0]), np.arange(5), Limits(budget=1.0), costs=costs)
    assert picks.items.tolist() == [1, 2, 4]  # 1 stands for two; what is left buys the last


def test_groups_take_turns_and_small_ones_leave_room() -> None:
    pool = random_vectors(20, 2)
    groups = np.array([0] * 12 + [1] * 6 + [2] * 2)
    picks = greedy(Dense(pool, pool[:0]), np.arange(20), Limits(size=11), groups=groups)
    counts = np.bincount(groups[picks.items])
    assert counts.tolist() == [5, 4, 2]
    assert groups[picks.items][:6].tolist() == [0, 1, 2, 0, 1, 2]
    capped = Limits(size=11, max_per=3)
    picks = greedy(Dense(pool, pool[:0]), np.arange(20), capped, groups=groups)
    assert np.bincount(groups[picks.items]).tolist() == [3, 3, 2]


def test_picking_ends_where_nothing_is_novel_enough() -> None:
    pool = vectors([[1, 0, 0], [0.8, 0.6, 0], [0, 1, 0], [0, 0, 1]])
    picks = pick(KCenter(pool, pool[:1]), 4, min_novelty=0.5)
    assert sorted(picks.items.tolist()) == [2, 3]
    assert (1 - picks.nearest.similarities).min() > 0.5


# -- each method


def test_facility_location_by_hand() -> None:
    """Cosines to (1, 0): 1, 0.6, 0; to (0.6, 0.8): 0.6, 1, 0.8; to (0, 1): 0, 0.8, 1."""
    pool = vectors([[1, 0], [0.6, 0.8], [0, 1]])
    objective = Dense(pool, pool[:0])
    np.testing.assert_allclose(objective.gains(np.arange(3)), [1.6, 2.4, 1.8], atol=0.002)
    objective.add(1)
    np.testing.assert_allclose(objective.gains(np.arange(3)), [0.4, 0, 0.2], atol=0.002)


@pytest.mark.parametrize("method", [Dense, Sparse])
def test_facility_location_picks_what_apricot_picks(method: type[FacilityLocation]) -> None:
    pool = (np.array(VECTORS) / 2048).astype(np.float16)
    objective = method(pool, pool[:0])
    gains = []
    for item in APRICOT:
        gains.append(objective.gains(np.array([item]))[0])
        objective.add(item)
    np.testing.assert_allclose(gains, APRICOT_GAINS, atol=1e-6)
    assert pick(method(pool, pool[:0]), 8, size=5).items.tolist() == APRICOT
    after = greedy(method(pool, pool[3:4]), np.delete(np.arange(8), 3), Limits(size=3))
    assert after.items.tolist() == APRICOT_AFTER_3


def test_features_by_hand() -> None:
    """Each of the two words of "play jazz" has half of its mass; "play" has 1.5 in the pool."""
    objective = NgramCoverage(["play jazz", "play"], [], Ngrams(order=1))
    expected = [np.sqrt(1.5 * 0.5) + np.sqrt(0.5 * 0.5), np.sqrt(1.5 * 1)]
    np.testing.assert_allclose(objective.gains(np.arange(2)), expected)
    objective.add(1)
    again = np.sqrt(1.5) * (np.sqrt(1.5) - 1) + 0.5
    np.testing.assert_allclose(objective.gains(np.array([0])), [again])
    nearest = objective.nearest(np.array([0]))
    assert (nearest.similarities.tolist(), nearest.places.tolist()) == ([0.5], [0])


def test_features_pick_what_apricot_picks() -> None:
    objective = NgramCoverage(TEXTS, [], Ngrams(order=1))
    gains = []
    for item in APRICOT_FEATURES:
        gains.append(objective.gains(np.array([item]))[0])
        objective.add(item)
    np.testing.assert_allclose(gains, APRICOT_FEATURE_GAINS, atol=1e-6)
    picks = pick(NgramCoverage(TEXTS, [], Ngrams(order=1)), 8, size=5)
    assert picks.items.tolist() == APRICOT_FEATURES


def test_kcenter_by_hand() -> None:
    """From (1, 0, 0): the third is at right angles, the second at 0.8; then the second again."""
    pool = vectors([[1, 0, 0], [0.8, 0.6, 0], [0, 1, 0]])
    picks = pick(KCenter(pool, pool[:1]), 3, size=3)
    assert picks.items.tolist() == [2, 1, 0]
    assert picks.nearest.places.tolist() == [0, 0, 0]
    np.testing.assert_allclose(picks.nearest.similarities, [0, 0.8, 1], atol=0.001)


def test_kcenter_begins_in_the_middle_where_nothing_is_labelled() -> None:
    pool = vectors([[1, 0], [0.7, 0.7], [0, 1]])
    picks = pick(KCenter(pool, pool[:0]), 3, size=1)
    assert (picks.items.tolist(), picks.nearest.places.tolist()) == ([1], [NOTHING])


def test_paraphrases_are_picked_last() -> None:
    pool = ["play some jazz", "will it rain", "play jazz"]
    picks = pick(ParaphraseCoverage(detector(), pool, ["play some jazz by the band"]), 3, size=3)
    assert picks.items.tolist() == [1, 2, 0]
    np.testing.assert_allclose(picks.nearest.similarities, [0, 2 / 6, 2 / 3], atol=1e-6)
    assert picks.nearest.places.tolist() == [0, 0, 2]


@given(st.integers(0, 1000))
def test_few_candidates_find_the_closest_where_vectors_agree_with_the_detector(seed: int) -> None:
    """All pairs, or the two nearest by vectors: what is found is never closer than what is."""
    texts, labelled = random_texts(10, seed), random_texts(30, seed + 1)
    exact, few = (ParaphraseCoverage(detector(), texts, labelled, count) for count in (30, 2))
    items = np.arange(10)
    best = np.array([max(overlap(text, other) for other in labelled) for text in texts])
    np.testing.assert_allclose(exact.nearest(items).similarities, best, atol=1e-6)
    assert (few.nearest(items).similarities <= best + 1e-6).all()


def test_wordless_records_are_worth_nothing() -> None:
    pool = vectors([[0, 0], [1, 0], [0, 1]])
    for objective in (
        KCenter(pool, pool[1:2]),
        Dense(pool, pool[:0]),
        NgramCoverage(["...", "play"], []),
    ):
        gains = objective.gains(np.arange(2))
        assert (gains[0], objective.nearest(np.array([0])).similarities.tolist()) == (0, [0])


@given(st.integers(0, 1000), st.integers(1, 12))
def test_with_all_as_neighbours_sparse_is_dense(seed: int, size: int) -> None:
    pool = random_vectors(12, seed)
    dense, sparse = Dense(pool, pool[:0]), Sparse(pool, pool[:0], 12)
    assert pick(dense, 12, size=size).items.tolist() == pick(sparse, 12, size=size).items.tolist()


# -- copies, and vectors


def test_copies_are_found_whatever_their_case_spaces_and_punctuation() -> None:
    texts = [
        "Play Adele!",
        "play  adele",
        "Stra\u00dfe",
        "STRASSE?",
        "e\u0301te",
        "\u00e9te",
        "...",
        "?",
    ]
    assert first_places(texts).tolist() == [0, 0, 2, 2, 4, 4, 6, 7]


@given(st.integers(0, 1000))
def test_products_of_coarse_vectors_are_exact(seed: int) -> None:
    rows = random_vectors(6, seed, 64)
    single = rows.astype(np.float32)
    exact = rows.astype(np.float64) @ rows.T.astype(np.float64)
    assert (single @ single.T == exact).all()
    assert np.abs(exact.diagonal() - 1).max() < 0.01
