"""Ranking: the same decisions whatever blocks records are read in, and however few are held."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataselect.errors import InputError
from dataselect.selection import score_table
from dataselect.selection.apply import Excluded
from dataselect.selection.external_ranking import lowest, select_best
from dataselect.selection.ranking import (
    Direction,
    RankedRows,
    affordable,
    floored,
    keys_at,
    ordinals,
)
from dataselect.selection.reasons import Reason
from dataselect.selection.rule import Selection
from dataselect.selection.score_table import Groups, ScoreTable

GROUPS = ["a", "b", "c"]
EXCLUSIONS = [Reason("too_long", "--max-words", 9), Reason("copy")]
# A few values, so that ties are common; and any.
NUMBERS = st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0, 1e-300, 5e-324]) | st.floats(0, 1e9)
SCORES = NUMBERS | st.floats(-1e9, 0)
COSTS = st.sampled_from([0.0, 1.0, 2.0, 0.1, 0.3]) | st.floats(0, 1e3)
COUNTS = st.integers(1, 12)
LIMITS = st.sampled_from([1, 2, 3, 8, 1 << 21])


@dataclass(frozen=True)
class Pool:
    """An input in plain lists, and how many records are looked at at once."""

    block: int
    scores: list[float]
    costs: list[float]
    codes: list[int]
    excluded: list[int]

    @contextmanager
    def table(self) -> Iterator[ScoreTable]:
        """The records, added in two parts, and read in blocks."""
        groups = Groups(np.array(self.codes, np.intc), GROUPS)
        columns: dict[str, Any] = {
            "scores": np.array(self.scores, np.float64),
            "costs": np.array(self.costs, np.float64),
            "excluded": np.array(self.excluded, np.uint8),
        }
        table = ScoreTable()
        with mock.patch.object(score_table, "_BLOCK", self.block):
            for own in slice(self.block), slice(self.block, None):
                codes = groups.codes[own]
                table.add(
                    Groups(codes, GROUPS), **{name: each[own] for name, each in columns.items()}
                )
            yield table


@st.composite
def pools(draw: st.DrawFn, scores: st.SearchStrategy[float] = SCORES) -> Pool:
    records = draw(
        st.lists(
            st.tuples(scores, COSTS, st.integers(0, 2), st.sampled_from([0, 0, 0, 1, 2])),
            max_size=30,
        )
    )
    columns: Any = [list(column) for column in zip(*records, strict=True)] or [[], [], [], []]
    return Pool(draw(st.sampled_from([1, 2, 7, 100])), *columns)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Any rule that ranks, but a sample, with and without a threshold and groups."""
    rules: list[st.SearchStrategy[dict[str, Any]]] = [
        st.fixed_dictionaries({"top_k": COUNTS}),
        st.fixed_dictionaries({"share": st.fractions(0, 1)}),
        st.fixed_dictionaries(
            {"budget": st.floats(0.1, 1e3) | st.integers(1, 9).map(float), "cost": st.just("secs")}
        ),
        st.just({}),
    ]
    options: dict[str, Any] = dict(draw(st.one_of(*rules)))
    options["threshold"] = draw(st.none() | SCORES)
    if draw(st.booleans()):
        options["per"] = "intent"
        options["min_per"] = draw(st.integers(0, 3))
        options["max_per"] = draw(st.none() | st.integers(3, 6))
    return Selection(**options)


def decided(
    selection: Selection, pool: Pool, direction: Direction, keys: Sequence[float]
) -> list[int]:
    """The decision on each record, worked out as one would by hand."""
    sign = 1 if direction == "high" else -1
    everything = range(len(pool.scores))
    decisions = [0] * len(pool.scores)
    for i in everything:
        if selection.threshold is not None and sign * pool.scores[i] < sign * selection.threshold:
            decisions[i] = 1
        if pool.excluded[i]:
            decisions[i] = 3 + pool.excluded[i]
    for code in range(3) if selection.per else [None]:
        group = [i for i in everything if code in (None, pool.codes[i])]
        group.sort(key=lambda i: (-keys[i], i))
        decide_group(selection, pool, group, decisions, keys)
    return decisions


def decide_group(
    selection: Selection, pool: Pool, group: list[int], decisions: list[int], keys: Sequence[float]
) -> None:
    """Decide on the records of a group, best first."""
    passed = [i for i in group if decisions[i] == 0]
    drawn = [i for i in passed if keys[i] > -math.inf]
    bought = passed
    if selection.budget is not None:
        bought = shopped(drawn, [exactly(cost, selection.budget) for cost in pool.costs], selection)
    for count in (selection.top_k, selection.sample):
        bought = bought if count is None else drawn[:count]
    if selection.share is not None:
        bought = drawn[: math.floor(selection.share * len(group))]
    for i in passed:
        decisions[i] = 0 if i in bought else 2
    if selection.per is not None:
        allowed = [i for i in group if decisions[i] < 4 and keys[i] > -math.inf]
        for i in allowed[: selection.min_per or 0]:
            decisions[i] = 0
        kept = [i for i in group if decisions[i] == 0]
        for i in kept[selection.max_per :] if selection.max_per is not None else []:
            decisions[i] = 3


def shopped(queue: list[int], costs: list[Fraction], selection: Selection) -> list[int]:
    assert selection.budget is not None
    left, bought = Fraction(selection.budget), []
    for i in queue:
        if costs[i] <= left:
            left -= costs[i]
            bought.append(i)
    return bought


def exactly(cost: float, budget: float) -> Fraction:
    """A cost as a multiple of the step of floats between the powers of two around the budget."""
    step = Fraction(2) ** (math.floor(math.log2(budget)) - 52)
    return math.floor(Fraction(cost) / step) * step


def assert_decided(
    selection: Selection,
    pool: Pool,
    direction: Direction,
    limit: int,
    keys: Sequence[float],
    seed: int = 0,
) -> None:
    """The decisions of the parts and of the whole are those of the obvious way."""
    expected = decided(selection, pool, direction, keys)
    with pool.table() as table:
        cut = selection.cut(
            table.scores,
            direction,
            costs=table.costs,
            groups=table.groups if selection.per else None,
            excluded=None if table.excluded is None else Excluded(table.excluded, EXCLUSIONS),
            rng=np.random.default_rng(seed),
            limit=limit,
        )
    assert cut.decisions[:].tolist() == expected


@given(selections(), pools(), st.sampled_from(["high", "low"]), LIMITS)
def test_blocks_are_decided_on_as_by_hand(
    selection: Selection, pool: Pool, direction: Direction, limit: int
) -> None:
    sign = 1 if direction == "high" else -1
    assert_decided(selection, pool, direction, limit, [sign * score for score in pool.scores])


@given(selections(), pools(), st.sampled_from(["high", "low"]), LIMITS)
def test_ties_without_end_are_decided_by_position(
    selection: Selection, pool: Pool, direction: Direction, limit: int
) -> None:
    tied = replace(pool, scores=[0.5] * len(pool.scores))
    assert_decided(selection, tied, direction, limit, tied.scores)


@given(pools(NUMBERS), COUNTS, st.booleans(), st.integers(0, 9), LIMITS)
def test_blocks_draw_the_sample_of_the_whole(
    pool: Pool, count: int, grouped: bool, seed: int, limit: int
) -> None:
    selection = Selection(sample=count, per="intent" if grouped else None)
    noise = np.random.default_rng(seed).gumbel(size=len(pool.scores))
    with np.errstate(divide="ignore"):
        keys = np.log(np.array(pool.scores, np.float64)) + noise
    keys[np.array(pool.excluded, np.uint8) > 0] = -np.inf
    assert_decided(selection, pool, "high", limit, keys.tolist(), seed)


def test_a_negative_weight_in_a_later_block_is_refused() -> None:
    with (
        mock.patch.object(score_table, "_BLOCK", 2),
        pytest.raises(InputError, match="one is -3"),
    ):
        Selection(sample=1).cut(np.array([1.0, 1.0, 1.0, -3.0]))


@given(pools(), st.sampled_from(["high", "low"]), LIMITS)
def test_buckets_do_not_depend_on_blocks(pool: Pool, direction: Direction, limit: int) -> None:
    with pool.table() as table:
        limits = Selection(buckets=(30, 60)).bucket_limits(table.scores, direction, limit=limit)
    sign = 1 if direction == "high" else -1
    order = sorted((sign * score for score in pool.scores), reverse=True)
    expected = (
        [order[math.ceil(share * len(order) / 100) - 1] for share in (30, 60)] if order else []
    )
    assert limits.tolist() == (expected or [math.inf, math.inf])


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_places_are_in_the_order_of_keys(values: list[float]) -> None:
    keys = np.array(values)
    np.testing.assert_array_equal(keys_at(ordinals(keys)), keys)
    order = np.argsort(ordinals(keys), kind="stable")
    np.testing.assert_array_equal(order, np.argsort(-keys, kind="stable"))


def test_no_float_stands_between_two_places_that_follow_each_other() -> None:
    following = np.nextafter([0.0, 1.0, -1.0, 5e-324], -np.inf)
    assert (ordinals(following) - ordinals(np.array([0.0, 1.0, -1.0, 5e-324]))).tolist() == [1] * 4
    assert ordinals(np.array([-0.0]))[0] == ordinals(np.array([0.0]))[0] == 0


@given(st.lists(COSTS, max_size=20), st.floats(0.1, 1e3))
def test_floored_costs_are_multiples_of_the_step_of_their_budget(
    costs: list[float], budget: float
) -> None:
    found = floored(np.array(costs, np.float64), budget)
    assert [Fraction(each) for each in found.tolist()] == [exactly(each, budget) for each in costs]


def test_whole_costs_are_not_floored() -> None:
    costs = np.array([0.0, 1.0, 7.0, 36_000.0])
    np.testing.assert_array_equal(floored(costs, 36_000), costs)


@pytest.mark.parametrize("budget", [5e-324, 1e-310, 1.0, 1e300, math.inf])
def test_any_budget_above_0_can_be_spent(budget: float) -> None:
    costs = floored(np.array([budget, 0.0, budget]), budget)
    bought = affordable(np.array([3.0, 2.0, 1.0]), costs, budget)
    assert bought.tolist() == ([0, 1, 2] if budget == math.inf else [0, 1])


def test_tenths_that_add_up_to_the_budget_are_bought() -> None:
    """As floats, three tenths are more than 0.3 one by one: 0.30000000000000004."""
    for budget, number in (1.0, 10), (0.3, 3), (0.7, 7):
        cut = Selection(budget=budget, cost="secs").cut(np.ones(12), costs=np.full(12, 0.1))
        assert cut.kept.sum() == number


@given(st.lists(SCORES, max_size=20), st.lists(st.integers(0, 25), min_size=1, max_size=3), LIMITS)
def test_lowest_of_the_best(keys: list[float], counts: list[int], limit: int) -> None:
    arrays = [np.array(keys[:7], np.float64), np.array(keys[7:], np.float64)]
    order = sorted(keys, reverse=True)
    expected = [min(order[:count], default=math.inf) for count in counts]
    assert lowest(lambda: arrays, counts, limit).tolist() == expected


def test_many_records_are_decided_on_as_few_are() -> None:
    rng = np.random.default_rng(5)
    scores, codes = np.round(rng.random(300_000), 3), rng.integers(0, 3, 300_000)
    groups = Groups(codes, GROUPS)
    cut = Selection(top_k=50_000, per="intent").cut(scores, groups=groups, limit=1 << 10)
    for code in range(3):
        own = np.flatnonzero(codes == code)
        order = own[np.argsort(-scores[own], kind="stable")]
        np.testing.assert_array_equal(
            np.flatnonzero(cut.kept & (codes == code)), np.sort(order[:50_000])
        )


class Passes:
    """A large input that counts how often it is read."""

    def __init__(self, keys: NDArray[np.float64], costs: NDArray[np.float64] | None) -> None:
        self.keys = keys
        self.costs = costs
        self.number = 0

    def __call__(self) -> Iterator[RankedRows]:
        self.number += 1
        for start in range(0, len(self.keys), 1000):
            own = slice(start, start + 1000)
            costs = None if self.costs is None else self.costs[own]
            yield RankedRows(np.arange(start, start + len(self.keys[own])), self.keys[own], costs)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("by_cost", [True, False])
def test_a_few_passes_are_enough(tied: bool, by_cost: bool) -> None:
    rng = np.random.default_rng(3)
    keys = np.round(rng.random(100_000), 1 if tied else 16)
    costs = floored(rng.gamma(2, 3, len(keys)), 50_000) if by_cost else None
    source = Passes(keys, costs)
    selected = select_best(source, np.array([50_000.0]), limit=1 << 10)
    assert source.number <= 15
    found = np.concatenate([selected.mask(rows) for rows in source()])
    expected = (
        np.argsort(-keys, kind="stable")[:50_000] if costs is None else affordable(keys, costs, 5e4)
    )
    np.testing.assert_array_equal(np.flatnonzero(found), np.sort(expected))
    assert len(selected.positions) <= 1 << 11
