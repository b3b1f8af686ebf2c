"""Intents that a classifier which did not see the record finds improbable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.operations.check.checked_corpus import CheckedCorpus


def _find(corpus: CheckedCorpus) -> Iterator[Finding]:
    beliefs = corpus.intent_beliefs
    names = corpus.intents[0]
    own = corpus.with_intents
    doubts = beliefs.doubts
    for at in beliefs.suspects.tolist():
        other = names[beliefs.other[at]]
        yield Finding(
            int(own[at]),
            float(doubts[at]),
            f"by a classifier that did not see it '{other}' has a probability of "
            f"{beliefs.best[at]:.2f}, and its own intent {beliefs.own[at]:.2f}",
            intent=other,
        )


def _doubts(corpus: CheckedCorpus) -> NDArray[np.float64]:
    found = np.zeros(len(corpus.records))
    found[corpus.with_intents] = corpus.intent_beliefs.doubts
    return found


RULE = Rule("unlikely_intent", "stable", ("two intents",), _find, doubts=_doubts)
