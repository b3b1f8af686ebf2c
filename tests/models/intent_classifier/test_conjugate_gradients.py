"""Multinomial regression: the optimum, whatever part of the columns is dense."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array

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
    found = fit(rows, targets, shares, penalty)
    assert best - 1e-6 <= of(found.linear) <= best * 1.01
    warm = fit(rows, targets, shares, penalty, found.point.copy())
    assert of(warm.linear) <= of(found.linear) * (1 + 1e-6)
