"""Metrics of held-out scores, against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from dataselect.models.cross_validation import average_precision, precision_at, roc_auc

SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30)


@given(SCORED.filter(lambda pairs: 0 < sum(side for side, _ in pairs) < len(pairs)))
def test_metrics_agree_with_scikit_learn_where_scores_tie(pairs: list[tuple[bool, int]]) -> None:
    positive = np.array([side for side, _ in pairs])
    scores = np.array([float(score) for _, score in pairs])
    assert roc_auc(positive, scores) == pytest.approx(roc_auc_score(positive, scores))
    expected = average_precision_score(positive, scores)
    assert average_precision(positive, scores) == pytest.approx(expected)


def test_precision_by_hand() -> None:
    positive, scores = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.7])
    assert [precision_at(k, positive, scores) for k in (1, 2, 3)] == [1, 0.5, 2 / 3]
