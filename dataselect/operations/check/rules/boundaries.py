"""The same value with and without a word at its edge: "the beatles" and "beatles"."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dataselect.data.annotations import Slot
from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from dataselect.operations.check.checked_corpus import CheckedCorpus
    from dataselect.operations.check.corpus_tokens import TokenizedRecord

_LEAST = 2  # records that have to agree against one


def _find(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Compare each slot with those that have one word more or less, in the same words.

    A slot counts for the longer reading if it has the word, and for the shorter one if the word
    stands beside it and is in no slot.
    """
    values: dict[tuple[str, tuple[int, ...]], Counter[str]] = defaultdict(Counter)
    example: dict[tuple[str, tuple[int, ...], str], int] = {}
    for place, record in enumerate(corpus.tokens.records()):
        for name, first, end in record.slots:
            for kind, low, high, inside in _readings(record, first, end):
                key = name, record.words(low, high)
                reading = f"{kind} {'longer' if inside else 'shorter'}"
                values[key][reading] += 1
                example.setdefault((*key, reading), place)
    for place, record in enumerate(corpus.tokens.records()):
        for at, (name, first, end) in enumerate(record.slots):
            best: Finding | None = None
            for kind, low, high, inside in _readings(record, first, end):
                key = name, record.words(low, high)
                counts = values[key]
                own = f"{kind} {'longer' if inside else 'shorter'}"
                other = f"{kind} {'shorter' if inside else 'longer'}"
                against = counts[other]
                if against < _LEAST or against <= counts[own]:
                    continue
                strength = against / (against + counts[own])
                if best is not None and strength <= best.strength:
                    continue
                span = (low, high) if not inside else _shorter(kind, first, end)
                best = _finding(
                    corpus,
                    place,
                    at,
                    record.characters(*span),
                    strength,
                    (against, counts[own]),
                    example[(*key, other)],
                )
            if best is not None:
                yield best


def _readings(
    record: TokenizedRecord, first: int, end: int
) -> Iterator[tuple[str, int, int, bool]]:
    """The longer of two readings of a slot, at its left or right, and whether it is the slot's."""
    if end - first > 1:
        yield "left", first, end, True
        yield "right", first, end, True
    if first > 0 and not record.taken[first - 1]:
        yield "left", first - 1, end, False
    if end < len(record.taken) and not record.taken[end]:
        yield "right", first, end + 1, False


def _shorter(kind: str, first: int, end: int) -> tuple[int, int]:
    return (first + 1, end) if kind == "left" else (first, end - 1)


def _finding(
    corpus: CheckedCorpus,
    place: int,
    at: int,
    span: tuple[int, int],
    strength: float,
    counts: tuple[int, int],
    other: int,
) -> Finding:
    start, end = span
    slots = corpus.records[place].slots
    text = corpus.texts[place]
    fixed = Slot(slots[at].slot, start, end, text[start:end])
    return Finding(
        place,
        strength,
        f"'{slots[at].value}' is '{fixed.value}' as '{fixed.slot}' in the same words of "
        f"{counts[0]:,} other records, and as here in {counts[1]:,}",
        slots=(*slots[:at], fixed, *slots[at + 1 :]),
        conflicts_with=other,
    )


RULE = Rule("slot_boundaries", "stable", ("slots",), _find)
