"""Intents of few records, and slots that occur once: too little to learn from, or misspelt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from dataselect.operations.check.checked_corpus import CheckedCorpus

_STRENGTH = 0.02  # a rare intent is seldom a wrong one
_MISSPELT = 0.5
_NEAR = 1  # edit, a swap of neighbours among them: what may be a misspelling


def _intents(corpus: CheckedCorpus) -> Iterator[Finding]:
    names, codes = corpus.intents
    counts = Counter(codes.tolist())
    common = [name for number, name in enumerate(names) if counts[number] >= corpus.options.rare]
    for place in corpus.with_intents.tolist():
        name, count = names[codes[place]], counts[int(codes[place])]
        if count < corpus.options.rare:
            near = _nearest(name, common)
            like = f"; '{near}' is spelt nearly so" if near else ""
            records = "record" if count == 1 else "records"
            yield Finding(
                place,
                _MISSPELT if near else _STRENGTH,
                f"the intent '{name}' has {count} {records}{like}",
                intent=near,
            )


def _slots(corpus: CheckedCorpus) -> Iterator[Finding]:
    counts = Counter(slot.slot for record in corpus.records for slot in record.slots)
    common = [name for name, count in counts.items() if count > 1]
    for place in corpus.with_slots.tolist():
        own = corpus.records[place].slots
        for slot in own:
            if counts[slot.slot] > 1:
                continue
            near = _nearest(slot.slot, common)
            like = f"; '{near}' is spelt nearly so" if near else ""
            yield Finding(
                place,
                _MISSPELT if near else _STRENGTH,
                f"the slot '{slot.slot}' occurs once{like}",
                slots=tuple(s._replace(slot=near) if s is slot else s for s in own)
                if near
                else None,
            )


def _nearest(name: str, others: Collection[str]) -> str | None:
    """The name that one may be a misspelling of."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    found = process.extractOne(
        name, others, scorer=OSA.distance, processor=str.casefold, score_cutoff=_NEAR
    )
    return None if found is None else str(found[0])


INTENTS = Rule("rare_intent", "stable", ("intents",), _intents)
SLOTS = Rule("rare_slot", "stable", ("slots",), _slots)
