"""Membership inference: against scikit-learn, by chance, and where all is known."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dataselect.errors import InputError
from dataselect.models.memorization.membership import membership_inference


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_auc_is_that_of_scikit_learn_ties_too() -> None:
    draws = np.random.default_rng(5)
    members, others = (
        draws.integers(0, most, size).astype(np.float64) for most, size in ((9, 300), (7, 200))
    )
    truth = [1] * 300 + [0] * 200
    found = membership_inference(members, others, rng(), 200)
    assert found.auc.value == pytest.approx(roc_auc_score(truth, [*members, *others]))
    assert found.auc.low < found.auc.value < found.auc.high


def test_all_or_nothing() -> None:
    told = membership_inference(np.arange(50, 100.0), np.arange(50.0), rng(), 100)
    assert told.auc.value == 1
    assert told.advantage.value > 0.9  # the other half's threshold may lie a text lower
    same = membership_inference(np.zeros(50), np.zeros(50), rng(), 100)
    assert (same.auc.value, same.advantage.value) == (0.5, 0)


def test_intervals_of_an_attack_by_chance_hold_what_chance_gives() -> None:
    """A threshold that is tried where it was learnt would promise an advantage above 0."""
    covered, advantages = [], []
    for seed in range(40):
        draws = np.random.default_rng(seed)
        found = membership_inference(draws.normal(size=100), draws.normal(size=100), draws, 200)
        covered.append(found.auc.low <= 0.5 <= found.auc.high)
        advantages.append(found.advantage.value)
    assert sum(covered) >= 34
    assert abs(np.mean(advantages)) < 0.04


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(InputError, match="non_members: 3 texts"):
        membership_inference(np.zeros(4), np.zeros(3), rng())
