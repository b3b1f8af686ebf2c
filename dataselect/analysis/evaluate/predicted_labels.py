"""Intents and slots that a model of `label` gives to texts of a test file, beside the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataselect.analysis.evaluate.hypothesis_pairs import (
    HYPOTHESIS,
    INTENT,
    INTENT_REFERENCE,
    SLOTS,
    SLOTS_REFERENCE,
    HypothesisPair,
    spans,
    true_label,
)
from dataselect.data.fields import Column

if TYPE_CHECKING:
    from dataselect.models.intent_classifier.intent_classifier import IntentClassifier
    from dataselect.models.slot_tagger.slot_tagger import SlotTagger

_TEXTS_AT_ONCE = 4_096  # bounds the memory of their features


def tested_columns(text: Column, intent_field: str, reference_field: str) -> dict[str, Column]:
    """What is read to judge an intent classifier; a file without references has true intents."""
    truth = true_label(reference_field, "--intent-reference-field")
    return {
        HYPOTHESIS: text,
        INTENT_REFERENCE: replace(truth, instead=(intent_field,)),
    }


def tagged_columns(text: Column, slots_field: str, reference_field: str) -> dict[str, Column]:
    """What is read to judge a slot tagger; a record without slots has none."""
    truth = spans(reference_field, "--slots-reference-field")
    optional = Column.optional(reference_field, truth.option)

    def check(value: Any) -> Any:
        return frozenset() if value is None else truth.check(value)

    column = replace(optional, check=check, check_all=truth.check_all, instead=(slots_field,))
    return {HYPOTHESIS: text, SLOTS_REFERENCE: column}


def predicted(
    pairs: Sequence[HypothesisPair], classifier: IntentClassifier, tagger: SlotTagger | None
) -> list[HypothesisPair]:
    """The pairs with the intent that the classifier gives to each text, and the tagger's slots.

    An intent classifier that knows "other" is right to answer so where it does not know the
    true intent.
    """
    from dataselect.models.intent_classifier.intent_classifier import OTHER

    names = classifier.names_
    found = []
    for start in range(0, len(pairs), _TEXTS_AT_ONCE):
        some = pairs[start : start + _TEXTS_AT_ONCE]
        texts = [pair.system.fields[HYPOTHESIS] for pair in some]
        intents = [names[place] for place in classifier.label(texts)[0].tolist()]
        slots = [None] * len(some) if tagger is None else tagger.predict(texts, intents)
        for pair, intent, own_slots in zip(some, intents, slots, strict=True):
            own = {**pair.system.fields, INTENT: intent}
            truth = own.get(INTENT_REFERENCE)
            if truth not in names and OTHER in names:
                own[INTENT_REFERENCE] = OTHER
            if own_slots is not None:
                own[SLOTS] = frozenset(each[:3] for each in own_slots)
            found.append(HypothesisPair(pair.system._replace(fields=own), None))
    return found
