"""Multinomial regression: the optimum, whatever part of the columns is dense; memory."""

import gc
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array

from dataselect.models.intent_classifier import soft_regression
from dataselect.models.intent_classifier.conjugate_gradients import Rows, minimise
from dataselect.models.intent_classifier.self_training import ClassifiedTexts, TwoViewTexts
from dataselect.models.intent_classifier.soft_regression import MultinomialWeights, fit, log_softmax
from dataselect.models.intent_classifier.targets import Targets


def loss(
    weights: np.ndarray,
    offsets: np.ndarray,
    rows: csr_array,
    targets: Targets,
    shares: np.ndarray,
    penalty: float,
) -> float:
    known = len(targets.classes)
    each = log_softmax(rows @ weights + offsets)
    own = each[np.arange(known), targets.classes]
    others = (targets.beliefs * each[known:]).sum(axis=1)
    entropy = -np.concatenate((own, others)) @ (shares / shares.sum())
    return float(entropy + penalty / 2 * (weights.astype(np.float64) ** 2).sum())


@pytest.mark.parametrize("dense", [0, 3, 12])
@pytest.mark.parametrize("penalty", [1e-2, 1e-3])
def test_the_optimum_is_found(penalty: float, dense: int) -> None:
    rng = np.random.default_rng(0)
    has = rng.random((30, 12)) < 0.2
    has[:, :dense] = True
    rows = csr_array(rng.random((30, 12)) * has)
    beliefs = rng.dirichlet(np.full(3, 0.1), 20).astype(np.float32)
    targets = Targets(rng.integers(0, 3, 10), beliefs)
    shares = rng.uniform(0.3, 1, 30)

    def at(point: np.ndarray) -> float:
        found = point.reshape(-1, 3)
        return loss(found[:-1], found[-1], rows, targets, shares, penalty)

    def of(linear: MultinomialWeights) -> float:
        return loss(linear.weights, linear.offsets, rows, targets, shares, penalty)

    best = minimize(at, np.zeros(13 * 3), method="L-BFGS-B", options={"maxfun": 10**6}).fun
    found = fit(Rows(rows), targets, shares, penalty)
    assert best - 1e-6 <= of(found.linear) <= best * 1.01
    warm = fit(Rows(rows), targets, shares, penalty, found.point.copy())
    assert of(warm.linear) <= of(found.linear) * (1 + 1e-6)


def test_joined_rows_are_not_held_while_they_are_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They were 75 of 1,010 MiB with a thousand intents."""
    rng = np.random.default_rng(0)
    known, pool = (
        TwoViewTexts(*(csr_array(rng.integers(0, 2, (n, f)).astype(np.float32)) for f in (12, 5)))
        for n in (10, 20)
    )
    held = []

    def watched(own: Rows, targets: Targets, weights: np.ndarray, *rest: Any) -> np.ndarray:
        shape = len(weights), own.width
        held.append(
            sum(type(each) is csr_array and each.shape == shape for each in gc.get_objects())
        )
        return minimise(own, targets, weights, *rest)

    monkeypatch.setattr(soft_regression, "minimise", watched)
    ClassifiedTexts(known, np.arange(10) % 3, 3, np.ones(10)).learn(pool, np.ones(20), 1)
    assert held == [1, 0]  # the labelled texts' own, and none of all texts
