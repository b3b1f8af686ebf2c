"""Probabilities that mean what they say: a temperature, found on texts held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.intent_classifier.soft_regression import log_softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Log-odds are divided by a temperature between these.
_COLDEST, _HOTTEST = 0.2, 5.0


def label_log_probs(
    odds: NDArray[np.float64], label_of_class: NDArray[np.intp], temperature: float
) -> NDArray[np.float64]:
    """(n, a) log-probabilities of labels, of log-odds (n, k) of the classes that make them up.

    `label_of_class` (k,): 0 to a - 1; every label has a class. The temperature is that of
    labels: whichever it is, the same one is the most probable.
    """
    classes = log_softmax(odds)
    found = np.full((len(odds), int(label_of_class.max()) + 1), -np.inf)
    for number, label in enumerate(label_of_class.tolist()):
        found[:, label] = np.logaddexp(found[:, label], classes[:, number])
    return log_softmax(found / temperature)


def temperature(
    odds: NDArray[np.float64],
    label_of_class: NDArray[np.intp],
    truth: NDArray[np.intp],
    weights: NDArray[np.float64],
) -> float:
    """The temperature that makes held-out texts most probable (Guo et al. 2017).

    `odds` (n, k) by a classifier that did not see the text; `truth` (n,) its label, `weights`
    (n,) what it counts. That all are right does not lead to certainty: as Platt (1999) has it,
    each is taken to have another label with probability 1 / (n + 2).
    """
    from scipy.optimize import minimize_scalar

    count, others = len(truth), int(label_of_class.max())
    targets = np.full((count, others + 1), 1 / (count + 2) / max(1, others))
    targets[np.arange(count), truth] = (count + 1) / (count + 2)
    targets *= weights[:, None]

    def loss(logarithm: float) -> float:
        return -float(
            (targets * label_log_probs(odds, label_of_class, float(np.exp(logarithm)))).sum()
        )

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))
