"""Regression with many weights: the same optimum by conjugate gradients as by L-BFGS."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from dataselect.models.intent_classifier import soft_regression
from dataselect.models.intent_classifier.intent_classifier import IntentClassifier
from dataselect.models.intent_classifier.soft_regression import MultinomialWeights, fit, log_softmax
from dataselect.models.intent_classifier.targets import Targets


def loss(
    linear: MultinomialWeights,
    rows: csr_array,
    targets: Targets,
    weights: np.ndarray,
    penalty: float,
) -> float:
    entropy = -(targets.dense() * log_softmax(linear(rows))).sum(axis=1) @ (weights / weights.sum())
    return float(entropy + penalty / 2 * (linear.weights.astype(np.float64) ** 2).sum())


@pytest.mark.parametrize("penalty", [1e-2, 1e-4])
def test_both_ways_find_the_same_optimum(monkeypatch: pytest.MonkeyPatch, penalty: float) -> None:
    rng = np.random.default_rng(0)
    rows = csr_array(rng.random((60, 40)) * (rng.random((60, 40)) < 0.2))
    beliefs = rng.dirichlet(np.full(7, 0.1), 40).astype(np.float32)
    targets = Targets(rng.integers(0, 7, 20), beliefs)
    weights = rng.uniform(0.3, 1, 60)
    usual = fit(rows, targets, weights, penalty)
    monkeypatch.setattr(soft_regression, "_MOST_WEIGHTS", 0)
    lean = fit(rows, targets, weights, penalty)
    losses = [loss(each.linear, rows, targets, weights, penalty) for each in (usual, lean)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)
    warm = fit(rows, targets, weights, penalty, start=lean.point)
    assert loss(warm.linear, rows, targets, weights, penalty) <= losses[1] * (1 + 1e-6)


def test_labels_are_the_same_by_either(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{verb} the {thing}" for verb in ("play", "stop", "find") for thing in "abcdefgh"]
    intents = [text.split()[0] for text in texts]
    pool = [f"please {text} now" for text in texts]
    usual = IntentClassifier().fit(texts, intents, pool=pool)
    monkeypatch.setattr(soft_regression, "_MOST_WEIGHTS", 0)
    lean = IntentClassifier().fit(texts, intents, pool=pool)
    assert (usual.label(pool)[0] == lean.label(pool)[0]).all()
    np.testing.assert_allclose(lean.label(pool)[1], usual.label(pool)[1], atol=0.05)
