"""Intents that an intent classifier gives to the texts of a test file, beside the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dataselect.analysis.evaluate.hypothesis_pairs import (
    HYPOTHESIS,
    INTENT,
    INTENT_REFERENCE,
    HypothesisPair,
    true_label,
)

if TYPE_CHECKING:
    from dataselect.data.fields import Column
    from dataselect.models.intent_classifier.intent_classifier import IntentClassifier

_TEXTS_AT_ONCE = 4_096  # bounds the memory of their features


def tested_columns(text: Column, intent_field: str, reference_field: str) -> dict[str, Column]:
    """What is read to judge an intent classifier; a file without references has true intents."""
    truth = true_label(reference_field, "--intent-reference-field")
    return {
        HYPOTHESIS: text,
        INTENT_REFERENCE: replace(truth, instead=(intent_field,)),
    }


def classified(
    pairs: Sequence[HypothesisPair], classifier: IntentClassifier
) -> list[HypothesisPair]:
    """The pairs with the intent that the intent classifier gives to each text.

    An intent classifier that knows "other" is right to answer so where it does not know the
    true intent.
    """
    from dataselect.models.intent_classifier.intent_classifier import OTHER

    names = classifier.names_
    found = []
    for start in range(0, len(pairs), _TEXTS_AT_ONCE):
        some = pairs[start : start + _TEXTS_AT_ONCE]
        places, _ = classifier.label([pair.system.fields[HYPOTHESIS] for pair in some])
        for pair, place in zip(some, places.tolist(), strict=True):
            truth = pair.system.fields[INTENT_REFERENCE]
            expected = OTHER if truth not in names and OTHER in names else truth
            own = {**pair.system.fields, INTENT: names[place], INTENT_REFERENCE: expected}
            found.append(HypothesisPair(pair.system._replace(fields=own), None))
    return found
