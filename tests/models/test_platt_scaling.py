"""Platt scaling."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dataselect.models.platt_scaling import PlattScaling, smoothed_targets


def fit(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> PlattScaling:
    return PlattScaling.fit(logits, smoothed_targets(labels == 1), penalty=1e-3)


def test_platt_finds_the_curve_that_labels_were_drawn_from() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 20_000)
    labels = (rng.random(20_000) < 1 / (1 + np.exp(1 - 2 * logits))).astype(np.int64)
    slope, offset = fit(logits, labels)
    assert slope == pytest.approx(2, abs=0.1)
    assert offset == pytest.approx(-1, abs=0.1)


def test_platt_agrees_with_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1, 5_000)
    labels = (rng.random(5_000) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    # The same penalty on the slope: scikit-learn's is against the sum of losses, ours their mean.
    reference = LogisticRegression(C=1 / (5_000 * 1e-3)).fit(logits[:, None], labels)
    slope, offset = fit(logits, labels)
    assert slope == pytest.approx(float(reference.coef_[0, 0]), abs=2e-3)
    assert offset == pytest.approx(float(reference.intercept_[0]), abs=2e-3)


def test_platt_bears_labels_that_logits_tell_apart() -> None:
    found = fit(np.array([-3.0, -2.0, 2.0, 3.0]), np.array([0, 0, 1, 1]))
    assert 0.5 < found(np.array([2.0]))[0] < 1


def test_calibration_by_hand() -> None:
    """A score that means nothing is worth the mean of both classes' smoothed targets.

    20 and 80 texts: (21 / 22 + 1 / 82) / 2, near even odds whatever the share in-domain.
    """
    positive = np.arange(100) < 20
    weights = np.where(positive, 0.5 / 20, 0.5 / 80)
    sigmoid = PlattScaling.fit(np.zeros(100), smoothed_targets(positive), weights)
    np.testing.assert_allclose(sigmoid(np.zeros(1)), (21 / 22 + 1 / 82) / 2, atol=0.001)


def test_calibration_never_turns_a_ranking_over() -> None:
    positive = np.arange(10) < 5  # the lowest scores
    sigmoid = PlattScaling.fit(np.arange(10.0), smoothed_targets(positive), least_slope=0.2)
    assert sigmoid.slope == 0.2


def test_sigmoid_by_hand() -> None:
    np.testing.assert_allclose(
        PlattScaling(2.0, 1.0)(np.array([0.0])), 1 / (1 + np.exp(-1)), atol=1e-9
    )
