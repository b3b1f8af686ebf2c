"""Records with the same text, case and punctuation aside, under several intents or slots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from dataselect.models.near_duplicates import canonical
from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from dataselect.operations.check.checked_corpus import CheckedCorpus
    from dataselect.operations.check.checked_record import CheckedRecord

_PRIOR = 0.7  # of a vote that nobody gave: one of two copies is no proof


def _minorities(
    group: Sequence[int], annotations: Sequence[Hashable]
) -> Iterator[tuple[int, float, int, bool]]:
    """Records whose annotation is not that of most: place, strength, a record against, a majority.

    Where no annotation has more than any other, all are found.
    """
    counts = Counter(annotations)
    [(best, most), *others] = counts.most_common()
    if not others:
        return
    tied = others[0][1] == most
    for place, own in zip(group, annotations, strict=True):
        if own == best and not tied:
            continue
        against = next(
            other
            for other, its in zip(group, annotations, strict=True)
            if its != own and (tied or its == best)
        )
        others_say = counts.total() - counts[own] if tied else most
        strength = (others_say - _PRIOR * tied) / (others_say + counts[own])
        yield place, strength, against, not tied


def _intents(corpus: CheckedCorpus) -> Iterator[Finding]:
    for group in corpus.copies():
        places = [place for place in group.tolist() if corpus.records[place].intent is not None]
        intents = [corpus.records[place].intent for place in places]
        if not places:
            continue
        for place, strength, against, is_majority in _minorities(places, intents):
            other = corpus.records[against].intent
            times = intents.count(other)
            evidence = f"the same text has the intent '{other}'" + _times(times)
            yield Finding(
                place,
                strength,
                evidence,
                intent=other if is_majority else None,
                conflicts_with=against,
            )


def _slots(corpus: CheckedCorpus) -> Iterator[Finding]:
    for group in corpus.copies():
        by_intent: dict[str | None, list[int]] = {}
        for place in group.tolist():
            by_intent.setdefault(corpus.records[place].intent, []).append(place)
        for places in by_intent.values():
            frames = [_frame(corpus.records[place]) for place in places]
            for place, strength, against, is_majority in _minorities(places, frames):
                own, other = corpus.records[place], corpus.records[against]
                same = own.text == other.text and is_majority
                evidence = f"the same text has {_spelled(other)}" + _times(
                    frames.count(_frame(other))
                )
                yield Finding(
                    place,
                    strength,
                    evidence,
                    slots=other.slots if same else None,
                    conflicts_with=against,
                )


def _frame(record: CheckedRecord) -> tuple[tuple[str, str], ...]:
    return tuple((slot.slot, canonical(slot.value)) for slot in record.slots)


def _spelled(record: CheckedRecord) -> str:
    """The slots of a record, for people."""
    listed = ", ".join(f"{slot.slot} '{slot.value}'" for slot in record.slots)
    return f"the slots {listed}" if listed else "no slots"


def _times(count: int) -> str:
    return f", {count:,} times" if count > 1 else ""


INTENTS = Rule("conflicting_intents", "stable", ("intents",), _intents)
SLOTS = Rule("conflicting_slots", "stable", ("slots",), _slots)
