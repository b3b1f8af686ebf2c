"""Values that are usual under another slot of the intent."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dataselect.models.near_duplicates import canonical
from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from dataselect.operations.check.checked_corpus import CheckedCorpus

_SMOOTHING = 0.5  # occurrences of a value that a slot never had
_LEAST_RATIO = math.log(20)
_TRUST = 0.5  # "boston" is seldom a stop, and is one where a flight stops there
_LEAST = 3  # records that have it under the other slot


def _find(corpus: CheckedCorpus) -> Iterator[Finding]:
    """By log p(value | other slot) / p(value | its slot), without the occurrence in question."""
    counts: dict[tuple[str | None, str], Counter[str]] = defaultdict(Counter)
    totals = Counter[tuple[str | None, str]]()
    example: dict[tuple[str | None, str, str], int] = {}
    keys = [[canonical(slot.value) for slot in record.slots] for record in corpus.records]
    for place, (record, own) in enumerate(zip(corpus.records, keys, strict=True)):
        for slot, value in zip(record.slots, own, strict=True):
            counts[record.intent, value][slot.slot] += 1
            totals[record.intent, slot.slot] += 1
            example.setdefault((record.intent, value, slot.slot), place)
    values = Counter(intent for intent, _ in counts)
    for place, (record, own) in enumerate(zip(corpus.records, keys, strict=True)):
        for at, (slot, value) in enumerate(zip(record.slots, own, strict=True)):
            others = counts[record.intent, value]
            if len(others) < 2:
                continue
            rest = others[slot.slot] - 1
            distinct = _SMOOTHING * values[record.intent]
            mine = (rest + _SMOOTHING) / (totals[record.intent, slot.slot] - 1 + distinct)
            likely = {
                name: (count + _SMOOTHING) / (totals[record.intent, name] + distinct)
                for name, count in others.items()
                if name != slot.slot and count >= _LEAST and count > rest
            }
            if not likely:
                continue
            name = max(likely, key=likely.__getitem__)
            ratio = math.log(likely[name] / mine)
            if ratio < _LEAST_RATIO:
                continue
            fixed = slot._replace(slot=name)
            yield Finding(
                place,
                _TRUST * others[name] / (others[name] + rest + 1),
                f"'{slot.value}' is '{name}' in {others[name]:,} other records of the intent "
                f"and '{slot.slot}' in {rest:,}: {math.exp(ratio):,.0f} times as probable",
                slots=(*record.slots[:at], fixed, *record.slots[at + 1 :]),
                conflicts_with=example[record.intent, value, name],
            )


RULE = Rule("usual_slot", "experimental", ("slots",), _find)
