"""Tuning: the expected metric by hand, what is kept."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.metrics import metric
from dataselect.operations.rescore.lists import Lists, oracle
from dataselect.operations.rescore.minimum_risk import expected_metric
from dataselect.operations.rescore.weight_tuning import tune

WER = metric("wer")


def lists_of(*lists: list[tuple[list[float], list[float]]]) -> Lists:
    """Lists of (features, statistics) of each hypothesis."""
    rows = [row for own in lists for row in own]
    features, statistics = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    return Lists.of(features, statistics, np.array([len(own) for own in lists]))


def errors(count: float, words: float = 10) -> list[float]:
    """Statistics of WER."""
    return [count, 0, 0, words]


def random_lists(seed: int, n: int = 40, f: int = 3) -> Lists:
    """Ragged lists in which the first feature tells something of the errors."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 7, n)
    features = rng.normal(size=(int(sizes.sum()), f))
    wrong = np.clip(np.round(4 - 2 * features[:, 0] + rng.normal(size=len(features))), 0, 10)
    statistics = np.array([errors(each) for each in wrong.tolist()])
    return Lists.of(features, statistics, sizes)


def test_short_lists_are_filled_up_with_their_first_hypothesis() -> None:
    lists = lists_of([([1], errors(1))], [([2], errors(2)), ([3], errors(3))])
    assert lists.features[:, :, 0].tolist() == [[1, 1], [2, 3]]
    assert lists.real.tolist() == [[True, False], [True, True]]
    assert lists.winners(np.array([1.0])).tolist() == [0, 1]
    assert lists.spread().tolist() == [pytest.approx(math.sqrt(0.5 / 3))]


def test_the_expected_metric_by_hand() -> None:
    """Chances are 3/4 and 1/4: 1.5 errors are expected of 10 words."""
    lists = lists_of([([math.log(3)], errors(1)), ([0.0], errors(3))], [([5.0], errors(0))])
    loss, _ = expected_metric(lists, WER, np.array([1.0]), penalty=2.0)
    assert loss == pytest.approx(100 * 1.5 / 20 + 2.0)


@pytest.mark.parametrize("name", ["wer", "bleu", "chrf"])
def test_the_gradient_is_that_of_differences(name: str) -> None:
    rng = np.random.default_rng(0)
    measure = metric(name)
    reference = "the cat sat on a mat and the dog ran off"
    references = [reference] * 12
    hypotheses = [
        " ".join(word for word in reference.split() if rng.random() < 0.8) for _ in references
    ]
    statistics = measure.statistics(hypotheses, references)
    lists = Lists.of(rng.normal(size=(12, 3)), statistics, np.array([3, 1, 5, 3]))
    at = rng.normal(size=3)
    _, slope = expected_metric(lists, measure, at)
    for i, own in enumerate(slope.tolist()):
        step = np.eye(3)[i] * 1e-5
        above, below = (expected_metric(lists, measure, at + s)[0] for s in (step, -step))
        assert own == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-4)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=5))
def test_the_oracle_of_error_rates_is_exact(counts: list[list[int]]) -> None:
    lists = lists_of(*[[([0.0], errors(count)) for count in own] for own in counts])
    chosen = lists.chosen(oracle(lists, WER))
    assert chosen[:, 0].tolist() == [min(own) for own in counts]


def test_the_oracle_of_bleu_is_at_least_that_of_each_sentence_alone() -> None:
    bleu = metric("bleu")
    references = ["the cat sat on the mat today", "a dog ran off into the woods again"]
    hypotheses = ["a cat", references[0], "the mat sat", "dog", "a dog ran off", "the woods"]
    statistics = bleu.statistics(hypotheses, [references[0]] * 3 + [references[1]] * 3)
    lists = Lists.of(np.zeros((6, 1)), statistics, np.array([3, 3]))
    found = float(bleu.value(lists.chosen(oracle(lists, bleu)).sum(axis=0)))
    every = [
        float(bleu.value(lists.chosen(np.array(places)).sum(axis=0)))
        for places in product(range(3), repeat=2)
    ]
    assert found == max(every)


def test_tuning_finds_the_feature_that_tells_errors() -> None:
    lists, unseen = random_lists(0), random_lists(1)
    start = np.array([0.0, 1.0, 0.0])
    found = tune(lists, WER, start, np.random.default_rng(0))
    assert found.kept
    assert found.after < found.before
    assert WER.value(unseen.sums(found.weights)) < WER.value(unseen.sums(start))
    assert found.weights[0] > abs(found.weights[1:]).max()


def test_tuning_is_repeatable() -> None:
    start = np.array([0.0, 1.0, 0.0])
    one, other = (tune(random_lists(0), WER, start, np.random.default_rng(3)) for _ in range(2))
    assert one.weights.tolist() == other.weights.tolist()


def test_weights_stay_where_nothing_can_be_learnt() -> None:
    """The start is right already: every other order makes more errors on lists held out."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 2))
    features[::3, 0] += 10
    statistics = np.array([errors(0 if i % 3 == 0 else 5) for i in range(60)])
    lists = Lists.of(features, statistics, np.full(20, 3))
    start = np.array([1.0, 0.0])
    found = tune(lists, WER, start, np.random.default_rng(0))
    assert not found.kept
    assert found.weights.tolist() == start.tolist()
    [said] = found.warnings(WER)
    assert "tuning on 20 lists is no use" in said


def test_a_feature_that_never_differs_does_no_harm() -> None:
    lists = random_lists(0)
    lists.features[:, :, 2] = 7.0
    found = tune(lists, WER, np.array([0.0, 1, 0]), np.random.default_rng(0))
    assert np.isfinite(found.weights).all()
    assert found.kept


def test_a_gain_that_may_be_chance_is_not_kept() -> None:
    """By luck tuned weights win a little on these lists; not in 95 % of samples of them."""
    found = [
        tune(random_lists(seed), WER, np.array([1.0, 0, 0]), np.random.default_rng(seed))
        for seed in range(3)
    ]
    for each in found:
        assert each.kept == (each.wins >= 0.95)
        if not each.kept:
            assert "of bootstrap samples" in each.warnings(WER)[0]
