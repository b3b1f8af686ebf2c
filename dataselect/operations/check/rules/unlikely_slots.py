"""Slots, or words without one, that a tagger which did not see the record finds improbable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.operations.check.checked_corpus import CheckedCorpus


def _find(corpus: CheckedCorpus) -> Iterator[Finding]:
    beliefs = corpus.slot_beliefs
    suspects = beliefs.suspects
    records = np.searchsorted(beliefs.tokens.bounds, suspects, side="right") - 1
    worst: dict[int, int] = {}
    for place, token in zip(records.tolist(), suspects.tolist(), strict=True):
        if place not in worst or beliefs.own[token] < beliefs.own[worst[place]]:
            worst[place] = token
    doubts = _doubts(corpus)
    for place, token in worst.items():
        word = beliefs.tokens.forms[beliefs.tokens.ids[token]]
        given, other = (
            beliefs.tag_name(int(tags[token])) for tags in (beliefs.tags, beliefs.other)
        )
        yield Finding(
            place,
            float(doubts[place]),
            f"by a tagger that did not see it, '{word}' is {other} with a probability of "
            f"{beliefs.best[token]:.2f}, and {given} with {beliefs.own[token]:.2f}",
        )


def _doubts(corpus: CheckedCorpus) -> NDArray[np.float64]:
    return 1 - corpus.slot_beliefs.least


RULE = Rule("unlikely_slots", "experimental", ("slots",), _find, doubts=_doubts)
