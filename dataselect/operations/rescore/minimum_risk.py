"""Weights by the metric that is to be expected of them, a smooth objective.

Smith & Eisner, "Minimum Risk Annealing for Training Log-Linear Models" (COLING/ACL 2006), with
the expectation inside the metric as in Rosti et al., "BBN System Description for WMT10" (2010).
"""

from __future__ import annotations

import numpy as np

from dataselect.models.metrics import Metric
from dataselect.operations.rescore.lists import Floats, Lists

PENALTY = 0.1
"""Percent points that a squared weight of 1 costs, features in standard deviations.

0.03 to 0.3 were equally good on the lists of a recogniser (WER), a neural translator (BLEU, chrF)
and Moses (BLEU).
"""
_RELATIVE_STEP = 1e-5  # of a statistic, to differentiate a metric


def expected_metric(
    lists: Lists, metric: Metric, weights: Floats, penalty: float = PENALTY
) -> tuple[float, Floats]:
    """What to minimise, and its (f,) gradient.

    Each list picks hypotheses with probabilities softmax of their weighted sums. The metric of
    the expected statistics, less `penalty` times the squared weights, is the objective.
    """
    sums = np.where(lists.real, lists.features @ weights, -np.inf)
    chances = np.exp(sums - sums.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    expected = np.einsum("nk,nkd->d", chances, lists.statistics)
    worth = lists.statistics @ _gradient(metric, expected)
    advantage = chances * (worth - (chances * worth).sum(axis=1, keepdims=True))
    slope = np.einsum("nk,nkf->f", advantage, lists.features)
    value = float(metric.gain(expected)) - penalty * float(weights @ weights)
    return -value, 2 * penalty * weights - slope


def _gradient(metric: Metric, sums: Floats) -> Floats:
    """(d,) derivatives of the gain by each statistic, by central differences.

    A statistic that is 0 in expectation is 0 in every hypothesis; its derivative does not matter.
    """
    steps = np.diag(sums * _RELATIVE_STEP)
    rise = metric.gain(sums + steps) - metric.gain(sums - steps)
    return np.divide(rise, 2 * sums * _RELATIVE_STEP, out=np.zeros_like(sums), where=sums != 0)


def minimum_risk(lists: Lists, metric: Metric, starts: list[Floats]) -> Floats:
    """(f,) the weights of the best objective that searches from all `starts` find."""
    from scipy.optimize import minimize

    found = [
        minimize(lambda w: expected_metric(lists, metric, w), start, jac=True, method="L-BFGS-B")
        for start in starts
    ]
    best: Floats = min(found, key=lambda each: float(each.fun)).x
    return best
