"""Diversity in partitions: which one a text is in, what each picks, and what is picked of that."""

import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataselect.models.encoders.base import coarse, unit
from dataselect.models.near_duplicates import canonical, first_places
from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.paraphrase_detector.detector import SavedDetector
from dataselect.operations.diversity.decisions import (
    COPY,
    COPY_OF_LABELLED,
    NOT_PICKED,
    OUTSIDE_BAND,
    PICKED,
    decide,
)
from dataselect.operations.diversity.greedy import Limits, Picks
from dataselect.operations.diversity.objectives.facility_location import Dense
from dataselect.operations.diversity.objectives.methods import (
    ByDetector,
    ByDistance,
    ByFacility,
    ByNgrams,
    Items,
    ObjectiveSpec,
)
from dataselect.operations.diversity.objectives.ngram_coverage import NgramCoverage
from dataselect.operations.diversity.objectives.objective import Objective
from dataselect.operations.diversity.partitions.partitioning import (
    Partitioning,
    Totals,
    Within,
    merge,
    needed,
    pick_within,
)
from dataselect.operations.diversity.quantized_vectors import coarse_vectors

WAYS = (
    "play some {} music by the {} band now",
    "will there be {} in the {} north tomorrow",
    "turn the {} lamp in the {} kitchen off please",
    "how do i cook {} with {} potatoes",
    "book a {} table for the {} evening",
    "which {} planes leave for the {} coast",
)
WORDS = ("blue", "old", "new", "red", "late", "warm", "small", "loud", "green", "slow", "odd")
LABELLED = ["play some blue music by the old band now", "how do i cook red with old potatoes"]
METHODS = ("features", "facility", "kcenter")
NGRAMS = Ngrams(order=2, bits=14)
SIZE = 40


def utterances(number: int) -> list[str]:
    draw = np.random.default_rng(0)
    ways = draw.integers(len(WAYS), size=number)
    return [WAYS[way].format(*draw.choice(WORDS, 2), *draw.choice(WORDS, 1)) for way in ways]


POOL = utterances(600)
PARTITIONING = Partitioning.fit(POOL[:200], 5, np.random.default_rng(0))


def vectors(rows: Any) -> NDArray[np.float16]:
    return coarse(unit(np.asarray(rows, np.float32)))


def encoded(texts: Sequence[str]) -> NDArray[np.float16]:
    return coarse_vectors(PARTITIONING.encoder, texts, lambda _: None)


def method_of(name: str) -> ObjectiveSpec:
    known = encoded(LABELLED)
    methods = (ByNgrams(LABELLED, NGRAMS), ByFacility(LABELLED, known), ByDistance(LABELLED, known))
    return dict(zip(METHODS, methods, strict=True))[name]


COSTS = np.random.default_rng(1).integers(1, 5, len(POOL)).astype(float)
GROUPS = np.random.default_rng(2).choice(4, len(POOL), p=(0.6, 0.3, 0.09, 0.01))
WHOLE = Items(np.arange(len(POOL)), POOL, vectors=encoded(POOL))
WITH_COSTS = Items(WHOLE.positions, POOL, COSTS, None, WHOLE.vectors)
WITH_GROUPS = Items(WHOLE.positions, POOL, None, GROUPS, WHOLE.vectors)
GROUP_SIZES = np.bincount(GROUPS)


def picked_within(
    items: Items,
    method: ObjectiveSpec,
    limits: Limits,
    partitions: NDArray[np.intp] | None = None,
    **options: Any,
) -> list[Within]:
    """What becomes of each partition of a pool."""
    if partitions is None:
        partitions = PARTITIONING.assign(items.texts)
    sizes = None if items.groups is None else np.bincount(items.groups)
    totals = Totals(len(items.texts), sizes)
    return [
        pick_within(
            items.take(np.flatnonzero(partitions == number)), method, limits, totals, **options
        )
        for number in np.unique(partitions)
    ]


def merged(found: Sequence[Within], method: ObjectiveSpec, limits: Limits) -> Picks:
    masses = [each.masses for each in found if each.masses is not None]
    total = np.sum(masses, axis=0) if masses else None
    return merge([each.candidates for each in found], method, limits, total)


def pick(items: Items, method: ObjectiveSpec, **limits: Any) -> Picks:
    return merged(picked_within(items, method, Limits(**limits)), method, Limits(**limits))


# -- which partition


@given(st.permutations(range(12)), st.integers(1, 11))
def test_a_partition_does_not_depend_on_the_other_texts(order: list[int], cut: int) -> None:
    texts = [*POOL[:9], "", "...", "nothing like it"]
    expected = PARTITIONING.assign(texts)[order].tolist()
    shuffled = [texts[place] for place in order]
    halves = PARTITIONING.assign(shuffled[:cut]), PARTITIONING.assign(shuffled[cut:])
    assert np.concatenate(halves).tolist() == expected


@given(
    st.lists(st.sampled_from(("Play It", "play it!", "STRASSE", "stra\u00dfe", "?", "...", " ?")))
)
def test_texts_are_the_same_in_canonical_form_if_they_are_copies(texts: list[str]) -> None:
    forms = [canonical(text) for text in texts]
    assert first_places(texts).tolist() == [forms.index(form) for form in forms]


def test_copies_have_the_same_partition() -> None:
    """Also where a hash decides, and where a letter has no capital of its own."""
    divided = Partitioning(PARTITIONING.encoder, PARTITIONING.centroids[:1], np.array([0, 50]))
    for text in (*POOL[:50], "stra\u00dfe"):
        for partitioning in PARTITIONING, divided:
            assert len({*partitioning.assign([text, f" {text.upper()}!", text.title()])}) == 1


def test_a_partitioning_travels_to_workers() -> None:
    copied = pickle.loads(pickle.dumps(PARTITIONING))
    assert copied.assign(POOL).tolist() == PARTITIONING.assign(POOL).tolist()
    again = Partitioning.fit(POOL[:200], 5, np.random.default_rng(0))
    assert again.assign(POOL).tolist() == PARTITIONING.assign(POOL).tolist()


def test_texts_that_are_alike_are_together() -> None:
    partitions = PARTITIONING.assign(POOL)
    ways = [next(way for way in WAYS if text.startswith(way[:4])) for text in POOL]
    together = sum(
        len({ways[place] for place in np.flatnonzero(partitions == number)})
        for number in range(PARTITIONING.count)
    )
    assert together < 2 * PARTITIONING.count


def test_what_is_most_of_a_pool_is_divided() -> None:
    """Texts without words are all alike."""
    skewed = ["?" * number for number in range(1, 601)] + POOL[:100]
    partitioning = Partitioning.fit(skewed, 8, np.random.default_rng(0))
    sizes = np.bincount(partitioning.assign(skewed), minlength=partitioning.count)
    parts = np.diff(partitioning.bounds)
    assert parts.max() > 1
    first = partitioning.bounds[parts.argmax()]
    together = sizes[first : first + parts.max()]
    assert together.sum() > 2 * len(skewed) / 8
    assert together.max() < 0.7 * together.sum()


def test_a_sample_of_fewer_texts_than_partitions() -> None:
    partitioning = Partitioning.fit(["play jazz", "will it rain"], 5, np.random.default_rng(0))
    assert partitioning.count >= 2
    assert (partitioning.assign(POOL) < partitioning.count).all()


def test_partitions_are_so_many_that_more_than_twice_the_mean_fits() -> None:
    assert [needed(memory, 100) for memory in (0, 40, 41, 1000)] == [1, 1, 2, 25]


# -- against the whole pool


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("items", "limits"),
    [
        (WHOLE, Limits(size=SIZE)),
        (WHOLE, Limits(min_novelty=0.3)),
        (WITH_COSTS, Limits(budget=60)),
        (WITH_GROUPS, Limits(size=SIZE)),
        (WITH_GROUPS, Limits(size=SIZE, max_per=6)),
    ],
    ids=["size", "min-novelty", "budget", "groups", "max-per"],
)
def test_one_partition_picks_what_the_whole_pool_does(
    name: str, items: Items, limits: Limits
) -> None:
    method = method_of(name)
    exact = decide(
        POOL,
        LABELLED,
        lambda rows: method.objective(items.take(rows)),
        limits,
        costs=items.costs,
        groups=items.groups,
    )
    found = merged(
        picked_within(items, method, limits, np.zeros(len(POOL), np.intp)), method, limits
    )
    assert found.items.tolist() == exact.picks.items.tolist()
    np.testing.assert_allclose(found.nearest.similarities, exact.picks.nearest.similarities)
    assert found.nearest.places.tolist() == exact.picks.nearest.places.tolist()


def coverage(picked: NDArray[np.intp]) -> float:
    return gained(NgramCoverage(POOL, LABELLED, NGRAMS), picked)


def nearness(picked: NDArray[np.intp]) -> float:
    return gained(Dense(encoded(POOL), encoded(LABELLED)), picked)


def gained(objective: Objective, picked: NDArray[np.intp]) -> float:
    total = 0.0
    for item in picked.tolist():
        total += float(objective.gains(np.array([item]))[0])
        objective.add(item)
    return total


@pytest.mark.parametrize(("name", "value"), [("features", coverage), ("facility", nearness)])
def test_picks_in_partitions_are_worth_nearly_as_much(
    name: str, value: Callable[[NDArray[np.intp]], float]
) -> None:
    method, limits = method_of(name), Limits(size=SIZE)
    whole = picked_within(WHOLE, method, limits, np.zeros(len(POOL), np.intp))
    exact = value(merged(whole, method, limits).items)
    parts = value(pick(WHOLE, method, size=SIZE).items)
    chance = value(np.random.default_rng(0).permutation(len(POOL))[:SIZE])
    assert chance < 0.95 * exact < parts


@pytest.mark.parametrize("name", METHODS)
def test_the_order_of_partitions_does_not_matter(name: str) -> None:
    method, limits = method_of(name), Limits(size=SIZE)
    found = picked_within(WHOLE, method, limits)
    forward, backward = merged(found, method, limits), merged(found[::-1], method, limits)
    assert forward.items.tolist() == backward.items.tolist()
    assert forward.nearest.places.tolist() == backward.nearest.places.tolist()
    assert forward.nearest.similarities.tolist() == backward.nearest.similarities.tolist()


def test_of_equal_candidates_the_first_of_the_input_wins() -> None:
    items, method, limits = Items(np.arange(2), ["rain", "snow"]), ByNgrams([]), Limits(size=1)
    found = picked_within(items, method, limits, np.array([1, 0]))
    assert merged(found, method, limits).items.tolist() == [0]


@pytest.mark.parametrize("name", METHODS)
def test_where_shards_end_does_not_matter(name: str) -> None:
    """Each shard assigns its own texts; positions are those of the input in both cases."""
    method, limits = method_of(name), Limits(size=SIZE)
    shards = (POOL[:7], POOL[7:300], POOL[300:])
    partitions = np.concatenate([PARTITIONING.assign(shard) for shard in shards])
    sharded = merged(picked_within(WHOLE, method, limits, partitions), method, limits)
    assert sharded.items.tolist() == pick(WHOLE, method, size=SIZE).items.tolist()


# -- limits


@pytest.mark.parametrize("name", METHODS)
def test_as_many_are_picked_as_are_asked_for(name: str) -> None:
    picks = pick(WHOLE, method_of(name), size=SIZE)
    assert len(picks.items) == len(set(picks.items.tolist())) == SIZE
    distinct = np.unique(first_places([*LABELLED, *POOL]))[len(LABELLED) :]
    picks = pick(WHOLE, method_of(name), size=len(POOL))
    assert sorted(picks.items) == (distinct - len(LABELLED)).tolist()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("items", [WHOLE, WITH_COSTS], ids=["records", "costs"])
def test_a_budget_is_spent_and_not_exceeded(name: str, items: Items) -> None:
    picks = pick(items, method_of(name), budget=60)
    spent = len(picks.items) if items.costs is None else items.costs[picks.items].sum()
    assert 59 <= spent <= 60


def test_a_text_may_take_most_of_the_budget() -> None:
    """A tenth of the pool may use 24 of 60 and 8 times the mean cost, or what one text takes."""
    rows = np.random.default_rng(0).normal([5, 0, 0], 0.5, (30, 3))
    rows[7] = [-5, 0, 0]
    costs = np.where(np.arange(30) == 7, 50.0, 1.0)
    items = Items(np.arange(30), [f"{n}" for n in range(30)], costs, None, vectors(rows))
    method = ByDistance(["x"], vectors([[5, 0, 0]]))
    found = pick_within(items, method, Limits(budget=60), Totals(300))
    assert found.candidates.picks.items[0] == 7


@pytest.mark.parametrize("name", METHODS)
def test_nothing_is_picked_that_is_not_novel_enough(name: str) -> None:
    picks = pick(WHOLE, method_of(name), min_novelty=0.3)
    assert len(picks.items) > 5
    assert (1 - picks.nearest.similarities).min() >= 0.3


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("limits", [{"size": SIZE}, {"size": SIZE, "max_per": 6}, {"max_per": 3}])
def test_groups_have_as_many_picks_as_without_partitions(name: str, limits: dict[str, Any]) -> None:
    method = method_of(name)
    whole = picked_within(WITH_GROUPS, method, Limits(**limits), np.zeros(len(POOL), np.intp))
    exact = merged(whole, method, Limits(**limits))
    found = pick(WITH_GROUPS, method, **limits)
    assert np.bincount(GROUPS[found.items]).tolist() == np.bincount(GROUPS[exact.items]).tolist()
    assert GROUPS[found.items].tolist() == GROUPS[exact.items].tolist()


def test_a_group_that_is_all_in_one_partition_has_its_share() -> None:
    partitions = PARTITIONING.assign(POOL)
    items = Items(WHOLE.positions, POOL, None, (partitions == partitions[0]) * 1, WHOLE.vectors)
    picks = pick(items, method_of("features"), size=SIZE)
    assert items.groups is not None
    assert np.bincount(items.groups[picks.items]).tolist() == [SIZE // 2] * 2
    assert items.groups[picks.items].tolist() == [0, 1] * (SIZE // 2)


def test_groups_with_a_budget_take_turns() -> None:
    picks = pick(Items(WHOLE.positions, POOL, COSTS, GROUPS), method_of("features"), budget=60)
    assert GROUPS[picks.items][:8].tolist() == [0, 1, 2, 3] * 2
    assert COSTS[picks.items].sum() <= 60


def test_a_partition_puts_forward_its_share_and_some_more() -> None:
    """Of 50 picks a tenth, four times, and 8; of a budget of 50 at a cost of 1 the same."""
    texts = [f"{n // 10} {n % 10} {n}" for n in range(100)]
    items = Items(np.arange(100), texts, costs=np.ones(100))
    for limits in Limits(size=50), Limits(budget=50):
        found = pick_within(items, method_of("features"), limits, Totals(1000))
        assert len(found.candidates.items.texts) == 28


def test_a_group_puts_forward_its_share_and_some_more() -> None:
    """Of 20 picks each of two groups has 10; a tenth of one and half of the other are here."""
    texts = [f"{n // 10} {n % 10} {n}" for n in range(60)]
    items = Items(np.arange(60), texts, groups=np.repeat([0, 1], (10, 50)))
    totals = Totals(200, np.array([100, 100]))
    found = pick_within(items, method_of("features"), Limits(size=20), totals)
    assert found.candidates.items.groups is not None
    assert np.bincount(found.candidates.items.groups).tolist() == [8, 10]


def test_a_partition_picks_no_more_of_a_group_than_the_largest_group_puts_forward() -> None:
    """Of 50 picks each, 24 and 14 are put forward; of the first there are 10."""
    texts = [f"{n // 10} {n % 10} {n}" for n in range(60)]
    items = Items(np.arange(60), texts, groups=np.repeat([0, 1], (10, 50)))
    totals = Totals(1100, np.array([100, 1000]))
    found = pick_within(items, method_of("features"), Limits(max_per=50), totals)
    assert found.candidates.items.groups is not None
    assert np.bincount(found.candidates.items.groups).tolist() == [10, 14]
    assert (found.decisions.codes == PICKED).sum() == 10 + 24


# -- copies, and what is outside a band


def test_copies_are_told_from_other_texts_in_each_partition() -> None:
    found = picked_within(WHOLE, method_of("features"), Limits(size=SIZE))
    codes = np.concatenate([each.decisions.codes for each in found])
    first = first_places([*LABELLED, *POOL])[len(LABELLED) :]
    assert (codes == COPY_OF_LABELLED).sum() == (first < len(LABELLED)).sum() > 0
    places = np.arange(len(LABELLED), len(LABELLED) + len(POOL))
    is_copy = (first < places) & (first >= len(LABELLED))
    assert (codes == COPY).sum() == is_copy.sum() > 0
    masses = [each.masses.sum() for each in found if each.masses is not None]
    assert sum(masses) == pytest.approx((first == places).sum(), abs=0.01)  # 1 each, no copies


def test_what_is_outside_the_band_is_not_picked_within() -> None:
    limits = Limits(size=SIZE)
    found = picked_within(WHOLE, method_of("kcenter"), limits, band=(0.2, 0.6))
    outside = [(each.decisions.codes == OUTSIDE_BAND).sum() for each in found]
    left = [(each.decisions.codes == NOT_PICKED).sum() for each in found]
    assert sum(outside) > 0 < sum(left)
    references = encoded(LABELLED).astype(np.float32)
    for each in found:
        assert each.candidates.items.vectors is not None
        novelty = 1 - (each.candidates.items.vectors.astype(np.float32) @ references.T).max(axis=1)
        assert ((novelty >= 0.2) & (novelty <= 0.6)).all()


# -- the whole pool in the merge


def test_masses_by_hand() -> None:
    """ "play jazz" has two words and a pair, each with a third of its mass."""
    masses = ByNgrams([], NGRAMS).masses(Items(np.arange(2), ["play jazz", "play"]))
    assert np.sort(masses[masses > 0]).tolist() == pytest.approx([1 / 3, 1 / 3, 4 / 3], abs=1e-6)
    assert (masses * 2**20 % 1 == 0).all()


@given(st.lists(st.integers(0, 3), min_size=50, max_size=50))
def test_masses_of_partitions_add_up_exactly_in_any_order(numbers: list[int]) -> None:
    partitions, method = np.array(numbers), ByNgrams([], NGRAMS)
    items = WHOLE.take(np.arange(50))
    parts = [method.masses(items.take(np.flatnonzero(partitions == n))) for n in range(4)]
    whole = method.masses(items)
    assert (sum(parts, np.zeros_like(whole)) == whole).all()
    assert (sum(parts[::-1], np.zeros_like(whole)) == whole).all()


def test_candidates_are_worth_to_the_merge_what_they_are_worth_to_the_pool() -> None:
    method, places = method_of("features"), np.array([3, 50, 400])
    merged = method.objective(WHOLE.take(places), method.masses(WHOLE))
    pool = method.objective(WHOLE)
    np.testing.assert_allclose(merged.gains(np.arange(3)), pool.gains(places), rtol=1e-5)


def test_the_merge_prefers_what_is_common_in_the_pool() -> None:
    texts, method, limits = ["rain", "snow"], ByNgrams([], NGRAMS), Limits(size=1)
    found = picked_within(Items(np.arange(2), texts), method, limits, np.arange(2))
    masses = method.masses(Items(np.arange(3), ["snow", "rain", "snow today"]))
    assert merge([each.candidates for each in found], method, limits, masses).items.tolist() == [1]


def test_the_merge_prefers_what_stands_for_many() -> None:
    """The second partition has three texts, of which the middle one is near to the others."""
    near = vectors([[1, 0, 0], [0, 1, 0.1], [0, 1, 0], [0, 0.9, -0.1]])
    items, method = Items(np.arange(4), list("abcd"), vectors=near), ByFacility([], near[:0])
    limits = Limits(size=1)
    found = picked_within(items, method, limits, np.array([0, 1, 1, 1]))
    assert merged(found, method, limits).items.tolist() == [2]


def test_weights_by_hand() -> None:
    """Cosines of (0.6, 0.8) to the candidates (1, 0) and (0, 1): 0.6 and 0.8."""
    items = Items(np.arange(3), ["a", "b", "c"], vectors=vectors([[1, 0], [0.6, 0.8], [0, 1]]))
    candidates = items.take(np.array([0, 2]))
    nothing = ByFacility([], vectors(np.ones((0, 2))))
    np.testing.assert_allclose(nothing.weights(items, candidates), [1, 1.8], atol=0.001)
    near = ByFacility(["d"], vectors([[0.5, 0.8]]))
    np.testing.assert_allclose(near.weights(items, candidates), [1, 1], atol=0.001)


@given(st.integers(0, 1000))
def test_an_item_with_a_weight_is_as_many_items(seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows, weights = vectors(draw.normal(size=(12, 5))), draw.integers(1, 4, 12)
    method = ByFacility(["x"], vectors(draw.normal(size=(1, 5))))
    items = Items(np.arange(12), ["x"] * 12, vectors=rows, weights=weights.astype(float))
    weighted = method.objective(items)
    repeated = Dense(np.repeat(rows, weights, axis=0), method.labelled_vectors)
    places = np.cumsum(weights) - weights
    for item in range(3):
        np.testing.assert_allclose(
            weighted.gains(np.arange(12)), repeated.gains(places), rtol=1e-5, atol=1e-6
        )
        weighted.add(item)
        repeated.add(int(places[item]))


@pytest.mark.parametrize("name", METHODS)
def test_nearest_is_labelled_or_picked_before(name: str) -> None:
    picks = pick(WHOLE, method_of(name), size=SIZE)
    places = picks.nearest.places
    assert (places < len(LABELLED) + np.arange(SIZE)).all()
    assert (places[2:] >= len(LABELLED)).any()


class WordOverlap:
    """Stands in for a detector: the share of words that two texts have in common."""

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return unit(Ngrams(order=1, bits=8).matrix(texts).toarray())

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        words = [(set(one.split()), set(other.split())) for one, other in pairs]
        return np.array([len(ours & theirs) / len(ours | theirs) for ours, theirs in words])


def test_paraphrases_are_picked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "dataselect.models.paraphrase_detector.detector.Detector.load",
        lambda *_, **__: WordOverlap(),
    )
    picks = pick(WHOLE, ByDetector(LABELLED, SavedDetector("folder")), size=4)
    ways = {next(way for way in WAYS if POOL[item].startswith(way[:4])) for item in picks.items}
    assert ways == {WAYS[1], WAYS[2], WAYS[4], WAYS[5]}
