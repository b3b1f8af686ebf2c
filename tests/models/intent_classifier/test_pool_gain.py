"""Whether the pool helps with labelled texts held out."""

import numpy as np
import pytest

from dataselect.models.intent_classifier.intent_classifier import IntentClassifier
from dataselect.models.intent_classifier.pool_gain import HeldOutLosses, PoolGain
from dataselect.models.intent_classifier.temperature import label_log_probs

ARTISTS = ["adele", "seal", "queen", "bach", "björk", "abba", "moby", "sade", "beck", "prince"]
PLACES = ["oslo", "paris", "rome", "bern", "kyoto", "quito", "lima", "cairo", "riga", "perth"]
NAMES, INTENTS = [*ARTISTS, *PLACES], ["music"] * 10 + ["weather"] * 10
OF_A_KIND = [f"{one} {other}" for own in (ARTISTS, PLACES) for one in own for other in own]
MIXED = [f"{artist} {place}" for artist in ARTISTS for place in PLACES]


def held_out(odds: list[list[float]], truth: list[int], weights: list[float]) -> HeldOutLosses:
    arrays = np.array(odds), np.arange(len(odds[0])), np.array(truth), np.array(weights)
    return HeldOutLosses.of(*arrays)


def test_losses_are_of_the_best_temperature() -> None:
    odds, truth = [[2.0, 0.0], [0.0, 1.0], [3.0, 1.0]], [0, 1, 1]
    found = held_out(odds, truth, [1.0, 1.0, 2.0])
    said = label_log_probs(np.array(odds), np.arange(2), found.temperature)
    np.testing.assert_allclose(found.losses, [-said[0, 0], -said[1, 1], -said[2, 1]])
    assert found.error == 0.5
    assert found.loss == pytest.approx((found.losses @ [1, 1, 2]) / 4)


def test_a_gain_is_a_mean_of_pairs_with_its_standard_error() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 50).tolist()
    one, other = (held_out(rng.normal(size=(50, 3)).tolist(), truth, [1.0] * 50) for _ in range(2))
    found = one.gain(other)
    lower = other.losses - one.losses
    assert found.nats == pytest.approx(lower.mean(), abs=1e-4)
    assert found.standard_error == pytest.approx(lower.std() / np.sqrt(50), abs=1e-4)
    assert other.gain(one).nats == pytest.approx(-found.nats, abs=1e-4)


@pytest.mark.parametrize(("nats", "is_clear"), [(0.3, True), (0.1, False), (0.0, False)])
def test_a_gain_is_clear_above_its_standard_error(nats: float, is_clear: bool) -> None:
    assert PoolGain(nats, 0.2).is_clear is is_clear


def test_a_pool_that_helps_is_learnt_from() -> None:
    learnt = IntentClassifier().fit(NAMES, INTENTS, pool=OF_A_KIND)
    assert PoolGain(**learnt.figures_["pool_gain"]).is_clear
    assert learnt.warnings() == []
    plain = IntentClassifier(uncalibrated=True).fit(NAMES, INTENTS, pool=OF_A_KIND)
    np.testing.assert_array_equal(learnt.linear_.weights, plain.linear_.weights)


def test_a_pool_that_does_not_help_is_left_alone() -> None:
    learnt = IntentClassifier().fit(NAMES, INTENTS, pool=MIXED)
    assert not PoolGain(**learnt.figures_["pool_gain"]).is_clear
    assert "does not clearly help" in learnt.warnings()[0]
    counted = range(1, len(MIXED) + 1)
    again = IntentClassifier().fit(NAMES, INTENTS, pool=MIXED, pool_weights=counted)
    np.testing.assert_array_equal(again.linear_.weights, learnt.linear_.weights)
    all_the_same = IntentClassifier(uncalibrated=True).fit(NAMES, INTENTS, pool=MIXED)
    assert (learnt.linear_.weights != all_the_same.linear_.weights).any()
