"""Regressions that are learnt together, against scikit-learn's, each learnt by itself."""

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from dataselect.models.relevance import logistic_regression
from dataselect.models.relevance.held_out import balanced_costs, held_out_margins
from dataselect.models.relevance.logistic_regression import fit

PENALTY = 0.3


@pytest.fixture(scope="module")
def rows() -> csr_array:
    rng = np.random.default_rng(0)
    drawn = random_array((600, 200), density=0.05, rng=rng, format="csr")
    return csr_array(normalize(drawn))


@pytest.fixture(scope="module")
def sides(rows: csr_array) -> np.ndarray:
    """(600, 3) of three sets, of 10, 40 and 200 rows that are near one direction."""
    rng = np.random.default_rng(1)
    found = np.zeros((600, 3), bool)
    for column, count in enumerate((10, 40, 200)):
        found[np.argsort(rows @ rng.normal(size=200))[-count:], column] = True
    return found


def reference(rows: csr_array, positive: np.ndarray) -> LogisticRegression:
    model = LogisticRegression(
        C=PENALTY, class_weight="balanced", solver="liblinear", tol=1e-8, random_state=0
    )
    return model.fit(rows, positive)


@pytest.mark.parametrize("most_heavy", [0, 100])
def test_weights_agree_with_liblinear(
    rows: csr_array, sides: np.ndarray, most_heavy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logistic_regression, "_MOST_HEAVY", most_heavy)
    used = np.ones_like(sides)
    used[:50, 1] = False
    found = fit(rows, sides, balanced_costs(sides, used, PENALTY))
    weights = rows.T @ found.coefficients.astype(np.float64)
    for column in range(3):
        own = used[:, column]
        expected = reference(rows[np.flatnonzero(own)], sides[own, column]).coef_[0]
        error = np.linalg.norm(weights[:, column] - expected) / np.linalg.norm(expected)
        assert error < 0.01
    np.testing.assert_allclose(found.margins, rows @ weights, atol=1e-4)


def test_a_row_of_no_cost_changes_nothing(rows: csr_array, sides: np.ndarray) -> None:
    used = np.arange(600)[:, None] < np.array([600, 500, 400])
    together = fit(rows, sides, balanced_costs(sides, used, PENALTY))
    assert not together.coefficients[~used].any()


def test_held_out_margins_come_from_the_other_folds(rows: csr_array, sides: np.ndarray) -> None:
    fold = np.arange(600) % 3
    found = held_out_margins(rows, sides, np.ones_like(sides), fold, PENALTY)
    for out in range(3):
        model = reference(rows[np.flatnonzero(fold != out)], sides[fold != out, 2])
        expected = rows[np.flatnonzero(fold == out)] @ model.coef_[0]
        np.testing.assert_allclose(found[fold == out, 2], expected, atol=0.02)


def test_a_side_in_one_fold_is_not_held_out(rows: csr_array) -> None:
    positive = np.arange(600)[:, None] == 7
    fold = np.arange(600) % 3
    found = held_out_margins(rows, positive, np.ones_like(positive), fold, PENALTY)
    assert found[7] > np.sort(found, axis=0)[-2]


@pytest.mark.parametrize("side", [0, 1])
def test_a_regression_of_one_side_ends(rows: csr_array, side: int) -> None:
    positive = np.full((600, 1), bool(side))
    found = fit(rows, positive, balanced_costs(positive, np.ones_like(positive), PENALTY))
    assert np.isfinite(found.margins).all()
