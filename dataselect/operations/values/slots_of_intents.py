"""Which slots belong to which intent, and how much they matter to it."""

from __future__ import annotations

import math
from typing import Any

from dataselect.operations.values.annotated_values import AnnotatedValues

_DIGITS = 4


def slots_of_intents(annotated: AnnotatedValues) -> list[dict[str, Any]]:
    """A row for each intent and slot that it has, intents in their order, the best slots first.

    `share` of the intent's utterances have the slot; `lift` is how many times as many that are as
    of all; `mutual_information` of intent and slot in bits, of each utterance's having them.
    """
    total = annotated.intents.total()
    with_slot = annotated.with_slot()
    rows: dict[str | None, list[dict[str, Any]]] = {intent: [] for intent in annotated.intents}
    for (intent, slot), both in annotated.slots_of.items():
        size = annotated.intents[intent]
        shared = mutual_information(both, size, with_slot[slot], total)
        row = {
            "intent": intent,
            "slot": slot,
            "utterances": both,
            "share": round(both / size, _DIGITS),
            "lift": round(both * total / (size * with_slot[slot]), _DIGITS),
            "mutual_information": round(shared, _DIGITS),
        }
        rows[intent].append(row)
    return [
        row
        for own in rows.values()
        for row in sorted(own, key=lambda row: (-row["utterances"], row["slot"]))
    ]


def mutual_information(both: int, one: int, other: int, total: int) -> float:
    """Of two events in bits: `both` of `total` times together, `one` and `other` times alone.

    >>> mutual_information(50, 50, 50, 100), mutual_information(25, 50, 50, 100)
    (1.0, 0.0)
    """
    cells = (
        (both, one, other),
        (one - both, one, total - other),
        (other - both, total - one, other),
        (total - one - other + both, total - one, total - other),
    )
    return sum(
        count / total * math.log2(count * total / (row * column))
        for count, row, column in cells
        if count
    )
