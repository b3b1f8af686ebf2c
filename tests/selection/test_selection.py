"""Selection: equal to the obvious way of doing it, with ties and groups."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import DataselectError, InputError, OptionError
from dataselect.selection.apply import Cut, Excluded
from dataselect.selection.budgets import parse_share
from dataselect.selection.external_ranking import bucket_of
from dataselect.selection.ranking import Direction, affordable, gain
from dataselect.selection.reasons import Reason, describe
from dataselect.selection.rule import Selection
from dataselect.selection.score_table import Groups

# Few distinct values, so that ties are common.
SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), max_size=30)
DIRECTIONS = st.sampled_from(["high", "low"])


def kept(
    selection: Selection, scores: list[float], direction: Direction = "high", **more: object
) -> list[int]:
    cut = selection.cut(np.array(scores, dtype=np.float64), direction, **more)  # type: ignore[arg-type]
    return np.flatnonzero(cut.kept).tolist()


def ranked(scores: list[float], direction: str) -> list[int]:
    """Positions best first; of equal scores the first in the input wins."""
    sign = -1 if direction == "high" else 1
    return sorted(range(len(scores)), key=lambda i: (sign * scores[i], i))


@given(SCORES, st.integers(1, 35), DIRECTIONS)
def test_top_k_is_the_head_of_the_sorted_list(
    scores: list[float], k: int, direction: Direction
) -> None:
    assert kept(Selection(top_k=k), scores, direction) == sorted(ranked(scores, direction)[:k])


@given(SCORES, st.fractions(0, 1), DIRECTIONS)
def test_share_rounds_down(scores: list[float], share: Fraction, direction: Direction) -> None:
    expected = sorted(ranked(scores, direction)[: int(len(scores) * share)])
    assert kept(Selection(share=share), scores, direction) == expected


@given(SCORES, st.sampled_from([0.0, 0.3, 0.5, 1.0]), DIRECTIONS)
def test_threshold_is_inclusive(
    scores: list[float], threshold: float, direction: Direction
) -> None:
    good = [
        i
        for i, s in enumerate(scores)
        if (s >= threshold if direction == "high" else s <= threshold)
    ]
    assert kept(Selection(threshold=threshold), scores, direction) == good


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.integers(0, 9)), max_size=25),
    st.integers(1, 40),
)
def test_budget_buys_best_first_whatever_still_fits(
    records: list[tuple[float, int]], budget: int
) -> None:
    scores, costs = [r[0] for r in records], [r[1] for r in records]
    bought, spent = [], 0
    for position in ranked(scores, "high"):
        if spent + costs[position] <= budget:
            bought.append(position)
            spent += costs[position]
    chosen = affordable(np.array(scores), np.array(costs, dtype=np.float64), budget)
    assert chosen.tolist() == bought


def test_budget_of_records_is_top_k() -> None:
    assert kept(Selection(budget=2), [0.1, 0.9, 0.5]) == [1, 2]


@given(SCORES, st.lists(st.integers(0, 2), min_size=30, max_size=30), st.integers(1, 4))
def test_top_k_per_group_is_top_k_of_each_group(
    scores: list[float], codes: list[int], k: int
) -> None:
    groups = Groups(np.array(codes[: len(scores)], dtype=np.intp), "abc")
    expected = []
    for group in range(3):
        own = [i for i in ranked(scores, "high") if codes[i] == group]
        expected += own[:k]
    selection = Selection(top_k=k, per="group")
    assert kept(selection, scores, groups=groups) == sorted(expected)


@given(SCORES, st.lists(st.integers(0, 2), min_size=30, max_size=30), st.integers(0, 3))
def test_quotas_hold_in_each_group(scores: list[float], codes: list[int], least: int) -> None:
    most = least + 1
    groups = Groups(np.array(codes[: len(scores)], dtype=np.intp), "abc")
    selection = Selection(threshold=0.5, per="group", min_per=least, max_per=most)
    chosen = kept(selection, scores, groups=groups)
    for group in range(3):
        own = [i for i in range(len(scores)) if codes[i] == group]
        good = sum(scores[i] >= 0.5 for i in own)
        wanted = min(max(good, min(least, len(own))), most)
        assert [i for i in chosen if codes[i] == group] == sorted(
            [i for i in ranked(scores, "high") if codes[i] == group][:wanted]
        )


def test_threshold_and_top_k_must_both_be_passed() -> None:
    scores = [0.9, 0.8, 0.2]
    assert kept(Selection(threshold=0.5, top_k=1), scores) == [0]
    assert kept(Selection(threshold=0.5, top_k=3), scores) == [0, 1]


def words(cut: Cut) -> list[str]:
    by_number = ["kept", *map(describe, cut.reasons)]
    return [by_number[decision] for decision in cut.decisions[:]]


@pytest.mark.parametrize("name", ["top_k", "sample"])
def test_every_record_gets_a_reason(name: str) -> None:
    selection = Selection(threshold=0.5, per="g", max_per=1, **{name: 2})  # type: ignore[arg-type]
    groups = Groups(np.zeros(4, dtype=np.intp), ["a"])
    cut = selection.cut(np.array([0.9, 0.8, 0.7, 0.1]), groups=groups)
    reasons = words(cut)
    assert reasons.count("kept") == 1
    assert "below the threshold 0.5" in reasons
    assert "over --max-per 1 of its g" in reasons


def test_sample_is_drawn_in_proportion_to_the_score() -> None:
    """First draws of 4,000: 1, 2 and 7 tenths, to within four standard deviations."""
    scores = np.array([0.1, 0.2, 0.7])
    rng = np.random.default_rng(7)
    firsts = [
        np.flatnonzero(Selection(sample=1).cut(scores, rng=rng).kept)[0] for _ in range(4_000)
    ]
    shares = np.bincount(firsts, minlength=3) / 4_000
    np.testing.assert_allclose(shares, scores, atol=4 * np.sqrt(0.25 / 4_000))


def test_sample_prefers_low_scores_where_low_is_good() -> None:
    scores = np.array([1.0, 99.0])
    rng = np.random.default_rng(0)
    cuts = [Selection(sample=1).cut(scores, "low", rng=rng).kept[0] for _ in range(1_000)]
    assert 970 <= sum(cuts) <= 1_000


def test_sample_never_draws_what_weighs_nothing() -> None:
    assert kept(Selection(sample=3), [0.0, 0.5, 0.0]) == [1]


def test_sample_refuses_negative_scores() -> None:
    with pytest.raises(InputError, match="not negative"):
        kept(Selection(sample=1), [-1.0, 1.0])


def test_the_same_seed_draws_the_same() -> None:
    scores = np.random.default_rng(1).random(100)
    draws = [
        Selection(sample=10).cut(scores, rng=np.random.default_rng(seed)).kept for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=40), st.sampled_from([0.05, 0.5, 0.95, 1.0])
)
def test_calibrated_threshold_is_the_strictest_that_a_share_passes(
    whole: list[int], share: float
) -> None:
    held_out = np.array(whole) / 20
    threshold = Selection(calibrate=share).calibrated(held_out, "high").threshold
    assert threshold is not None
    assert (held_out >= threshold).mean() >= share - 1e-12
    assert (held_out > threshold).mean() < share


def test_calibrated_threshold_where_low_is_good() -> None:
    selection = Selection(calibrate=0.95).calibrated(np.arange(1.0, 21.0), "low")
    assert selection.threshold == 19.0


@pytest.mark.parametrize(
    ("spelled", "share"),
    [("10%", Fraction(1, 10)), ("0.1", Fraction(1, 10)), ("2.5 %", Fraction(1, 40)), ("1", 1)],
)
def test_shares(spelled: str, share: Fraction) -> None:
    assert parse_share(spelled) == share


@pytest.mark.parametrize("spelled", ["", "x", "-1%", "101%", "1.5", "1/0"])
def test_what_is_no_share_is_refused(spelled: str) -> None:
    with pytest.raises(OptionError):
        parse_share(spelled)


@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 1, "share": Fraction(1, 2)},
        {"threshold": 0.5, "calibrate": 0.9},
        {"top_k": 0},
        {"sample": 0},
        {"budget": 0.0},
        {"calibrate": 1.5},
        {"calibrate": 0.0},
        {"threshold": float("nan")},
        {"cost": "words"},
        {"min_per": 1},
        {"per": "intent"},
        {"per": "intent", "threshold": 0.5},
        {"per": "intent", "min_per": 3, "max_per": 2},
    ],
    ids=str,
)
def test_contradictory_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(DataselectError):
        Selection(**options)  # type: ignore[arg-type]


@given(SCORES, st.data(), st.integers(1, 9), DIRECTIONS)
def test_what_is_excluded_is_never_kept_and_takes_no_place(
    scores: list[float], data: st.DataObject, k: int, direction: Direction
) -> None:
    codes = data.draw(st.lists(st.integers(0, 2), min_size=len(scores), max_size=len(scores)))
    excluded = Excluded(np.array(codes, np.uint8), [Reason("copy"), Reason("other_intent")])
    allowed = [i for i in ranked(scores, direction) if not codes[i]]
    assert kept(Selection(top_k=k), scores, direction, excluded=excluded) == sorted(allowed[:k])
    cut = Selection(threshold=0.5).cut(np.array(scores), direction, excluded=excluded)
    excluded_words = ["", "a copy of an earlier record", "labelled 'other'"]
    for code, reason in zip(codes, words(cut), strict=True):
        assert (reason == excluded_words[code]) == bool(code)


def test_a_quota_does_not_bring_back_what_is_excluded() -> None:
    groups = Groups(np.array([0, 0, 1]), ["a", "b"])
    excluded = Excluded(np.array([1, 0, 1], np.uint8), [Reason("copy")])
    rule = Selection(threshold=5, per="field", min_per=2)
    assert kept(rule, [9.0, 1.0, 9.0], groups=groups, excluded=excluded) == [1]


@given(SCORES, DIRECTIONS)
def test_buckets_hold_their_share_and_all_that_is_equal(
    scores: list[float], direction: Direction
) -> None:
    values = np.array(scores, dtype=np.float64)
    limits = Selection(buckets=(30, 60)).bucket_limits(values, direction)
    found = bucket_of(gain(values, direction), limits)
    order = ranked(scores, direction)
    for place, position in enumerate(order):
        first = next(p for p, other in enumerate(order) if scores[other] == scores[position])
        assert place >= first
        expected = (
            1 + (first >= math.ceil(0.3 * len(scores))) + (first >= math.ceil(0.6 * len(scores)))
        )
        assert found[position] == expected


@pytest.mark.parametrize("buckets", [(0.0,), (100.0,), (60.0, 30.0), (30.0, 30.0), (math.nan,)])
def test_buckets_that_are_no_rising_percentages_are_refused(buckets: tuple[float, ...]) -> None:
    with pytest.raises(OptionError, match="buckets"):
        Selection(buckets=buckets)


@pytest.mark.parametrize("spelled", ["1e9999999999", "1e-99999999%", "1E+1_0000"])
def test_a_share_of_huge_exponent_is_refused_at_once(spelled: str) -> None:
    with pytest.raises(OptionError, match="not a share"):
        parse_share(spelled)
