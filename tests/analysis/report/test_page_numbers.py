"""The numbers of the page: histograms, draws, balances, places on the map."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.analysis.compare.groups.group_shares import GroupShare
from dataselect.analysis.report.extremes import Extremes, Row
from dataselect.analysis.report.figures.binning import Histogram, of_lengths, of_scores
from dataselect.analysis.report.lineage import balance
from dataselect.analysis.report.record_statistics import OTHERS
from dataselect.analysis.report.tsne_map import tsne_map
from dataselect.data.sampling import Drawing
from dataselect.errors import InputError
from dataselect.selection.histogram import Distribution
from dataselect.selection.ranking import Direction

FINITE = st.floats(-1e6, 1e6)


def distribution(*scores: float) -> Distribution:
    found = Distribution()
    found.add(np.array(scores, np.float64))
    return found


def histogram(kept: list[float], dropped: list[float], direction: Direction = "high") -> Histogram:
    cut = None if not kept or not dropped else min(kept) if direction == "high" else max(kept)
    found = of_scores(
        distribution(*kept), distribution(*dropped), distribution(*kept, *dropped), cut, direction
    )
    assert found is not None
    return found


# -- how many scores are below


def test_how_many_are_below_is_exact_between_scores() -> None:
    scores = distribution(1, 1, 2, 3, 100)
    assert scores.total == 5
    assert scores.below(np.array([0.5, 1, 1.5, 2.5, 50, 101])).tolist() == [0, 0, 2, 3, 4, 5]


def test_scores_that_are_counted_together_are_spread_evenly() -> None:
    scores = distribution(1, 1 + 1 / 512)  # of the same 8 bits
    assert scores.below(np.array([1 + 1 / 1024])).tolist() == [1]


@given(st.lists(FINITE, min_size=1), st.lists(FINITE, min_size=2))
def test_more_are_below_a_higher_limit(scores: list[float], limits: list[float]) -> None:
    below = distribution(*scores).below(np.array(sorted(limits)))
    assert (np.diff(below) >= 0).all()
    assert (below >= 0).all()
    assert (below <= len(scores) + 1e-9).all()


# -- histograms


@pytest.mark.parametrize("direction", ["high", "low"])
def test_no_bar_holds_both_kept_and_dropped_scores(direction: Direction) -> None:
    low, high = [0.1, 0.2, 0.3], [0.4, 0.5]
    kept, dropped = (high, low) if direction == "high" else (low, high)
    found = histogram(kept, dropped, direction)
    assert found.cut == pytest.approx(0.4 if direction == "high" else 0.3)
    assert all(0 in pair for pair in zip(found.kept, found.dropped, strict=True))
    assert (sum(found.kept), sum(found.dropped)) == (len(kept), len(dropped))


@given(st.lists(FINITE, min_size=1), st.lists(FINITE))
def test_every_score_is_in_a_bar(kept: list[float], dropped: list[float]) -> None:
    found = histogram(kept, dropped)
    assert sum(found.kept) == pytest.approx(len(kept))
    assert sum(found.dropped) == pytest.approx(len(dropped))
    assert all(one < other for one, other in pairwise(found.edges))


def test_one_outlier_flattens_nothing() -> None:
    scores = [float(n) for n in range(1000)]
    found = histogram([*scores, 1e9], [])
    assert found.edges[-1] < 2000
    assert found.beyond == (False, True)
    assert found.kept[-1] >= 1


@pytest.mark.parametrize("step", [0.1, 0.3, 1 / 3, 0.7])
def test_rounding_puts_nothing_beyond_the_bars(step: float) -> None:
    assert histogram([number * step for number in range(10)], []).beyond == (False, False)


def test_a_cut_below_zero_is_drawn_among_scores_above_it() -> None:
    scores = distribution(*(math.exp(n / 100) for n in range(1000)))
    found = of_scores(scores, distribution(), scores, -1.0, "high")
    assert found is not None
    assert not found.logarithmic
    assert sum(found.kept) == pytest.approx(1000)


def test_long_tails_are_drawn_on_a_logarithmic_scale() -> None:
    found = histogram([math.exp(n / 100) for n in range(1000)], [])
    assert found.logarithmic
    assert max(found.kept) < 2 * 1000 / len(found.kept)
    assert not histogram([n / 1000 for n in range(1000)], []).logarithmic


def test_small_bars_beside_tall_ones_are_rooted() -> None:
    assert histogram([0.9], [0.1] * 1000).rooted
    assert not histogram([0.9] * 900, [0.1] * 1000).rooted


def test_scores_that_are_all_the_same_have_a_bar() -> None:
    found = histogram([5.0, 5.0], [])
    assert sum(found.kept) == 2
    assert of_scores(distribution(), distribution(), distribution(), None, "high") is None


def test_lengths_are_shares_of_each_side() -> None:
    found = of_lengths(before=Counter({1: 1, 2: 3}), after=Counter({2: 2}))
    assert found is not None
    assert found.edges == [-0.5, 0.5, 1.5, 2.5]
    assert found.dropped == [0, 25, 75]
    assert found.kept == [0, 0, 100]
    assert found.beyond == (False, False)


def test_long_texts_share_the_last_bar() -> None:
    found = of_lengths(before=Counter({3: 1000, 500: 1}), after=Counter({3: 1}))
    assert found is not None
    assert len(found.kept) == 4
    assert found.dropped[-1] == pytest.approx(100)
    assert found.beyond == (False, True)
    assert of_lengths(Counter({3: 1}), Counter()) is None


# -- draws


def row(text: str, score: float = 0.0) -> Row:
    return Row(text, b"{}", score)


def test_a_draw_is_uniform_and_does_not_depend_on_batches() -> None:
    counts: Counter[int] = Counter()
    for seed in range(300):
        whole = Drawing[int](5, np.random.default_rng(seed))
        whole.add(range(50))
        parts = Drawing[int](5, np.random.default_rng(seed))
        for start in range(0, 50, 7):
            parts.add(range(start, min(start + 7, 50)))
        assert parts.shuffled() == whole.shuffled()
        assert len(set(whole.shuffled())) == 5
        counts.update(whole.shuffled())
    # Each of 50 is drawn 30 times on average, with a standard deviation of 5.
    assert min(counts.values()) > 8
    assert max(counts.values()) < 55


def test_a_draw_of_few_is_all_of_them() -> None:
    found = Drawing[str](5, np.random.default_rng(0))
    found.add(["a", "b"])
    assert sorted(found.shuffled()) == ["a", "b"]


def test_extremes_have_each_text_once_and_of_equals_the_first() -> None:
    found = Extremes(3)
    offers = {"abc": [1.0, 3.0, np.nan], "bdef": [3.0, 2.0, 2.0, 9.0]}
    for texts, gains in offers.items():
        found.add(np.array(gains), [row(text) for text in texts].__getitem__)
    assert [each.text for each in found.rows] == ["f", "b", "d"]


@given(st.lists(st.integers(0, 9)), st.integers(1, 5), st.integers(1, 4))
def test_extremes_are_the_head_of_a_sorted_list(gains: list[int], size: int, batch: int) -> None:
    found = Extremes(size)
    rows = [row(f"{place}") for place in range(len(gains))]
    for start in range(0, len(gains), batch):
        found.add(np.array(gains[start : start + batch], float), rows[start:].__getitem__)
    order = sorted(range(len(gains)), key=lambda place: (-gains[place], place))
    assert [each.text for each in found.rows] == [f"{place}" for place in order[:size]]


# -- labels


def test_labels_that_are_most_before_or_after_come_first() -> None:
    before = Counter({"chat": 90, "play": 9, "stop": 1})
    assert balance(before, Counter({"play": 4})) == [
        GroupShare("play", 9, 4),
        GroupShare("chat", 90, 0),
        GroupShare("stop", 1, 0),
    ]


def test_labels_beyond_the_first_fifteen_are_one() -> None:
    before = Counter({f"intent-{n:02}": 100 - n for n in range(20)})
    found = balance(before, before)
    assert len(found) == 16
    assert found[-1] == GroupShare(OTHERS, sum(range(81, 86)), sum(range(81, 86)))
    assert balance(before, Counter()) == []


# -- the map

MUSIC = [f"play {a} {b}" for a in ["some", "more", "loud", "slow"] for b in ["jazz", "pop", "rock"]]
WEATHER = [f"will it {a} {b}" for a in ["rain", "snow", "hail"] for b in ["now", "soon", "today"]]
MANY_MUSIC = [f"{text} {word}" for text in MUSIC for word in ["by", "for", "with", "near"]]
MANY_WEATHER = [f"{text} {word}" for text in WEATHER for word in ["here", "there", "up", "down"]]


@pytest.mark.parametrize(("music", "weather"), [(MUSIC, WEATHER), (MANY_MUSIC, MANY_WEATHER)])
def test_alike_texts_are_neighbours(music: list[str], weather: list[str]) -> None:
    places = tsne_map([*music, *weather])
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    is_music = np.arange(len(places)) < len(music)
    assert (is_music[distances.argmin(axis=1)] == is_music).mean() > 0.9
    assert np.abs(places).max() == pytest.approx(1)


def test_the_same_texts_have_the_same_places() -> None:
    assert (tsne_map(MANY_MUSIC, seed=3) == tsne_map(MANY_MUSIC, seed=3)).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_texts_have_places(count: int) -> None:
    places = tsne_map(MUSIC[:count])
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()


def test_texts_that_are_all_the_same_have_places() -> None:
    assert np.isfinite(tsne_map(["play"] * 100)).all()


def test_a_map_needs_words() -> None:
    with pytest.raises(InputError, match="no words"):
        tsne_map(["...", "!"])
