"""Probabilities that mean what they say: a temperature, found on texts held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.intent_classifier.soft_regression import log_softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Log-odds are divided by a temperature between these.
_COLDEST, _HOTTEST = 0.2, 5.0


def answers(
    odds: NDArray[np.float64], owners: NDArray[np.intp], temperature: float
) -> NDArray[np.float64]:
    """(n, a) log-probabilities of answers, of log-odds (n, k) of their parts.

    `owners` (k,): the answer that each part belongs to, 0 to a - 1; every answer has one. The
    temperature is that of answers: whichever it is, the same one is the most probable.
    """
    parts = log_softmax(odds)
    found = np.full((len(odds), int(owners.max()) + 1), -np.inf)
    for part, owner in enumerate(owners.tolist()):
        found[:, owner] = np.logaddexp(found[:, owner], parts[:, part])
    return log_softmax(found / temperature)


def temperature(
    odds: NDArray[np.float64],
    owners: NDArray[np.intp],
    truth: NDArray[np.intp],
    weights: NDArray[np.float64],
) -> float:
    """The temperature that makes held-out texts most probable (Guo et al. 2017).

    `odds` (n, k) by a classifier that did not see the text; `truth` (n,) its answer, `weights`
    (n,) what it counts. That all are right does not lead to certainty: as Platt (1999) has it,
    each is taken to be another answer with probability 1 / (n + 2).
    """
    from scipy.optimize import minimize_scalar

    count, others = len(truth), int(owners.max())
    targets = np.full((count, others + 1), 1 / (count + 2) / max(1, others))
    targets[np.arange(count), truth] = (count + 1) / (count + 2)
    targets *= weights[:, None]

    def loss(logarithm: float) -> float:
        return -float((targets * answers(odds, owners, float(np.exp(logarithm)))).sum())

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))
