"""What speaks for two values of a slot meaning the same, and what against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from dataselect.operations.values.synonyms.spelled_value import SpelledValue, is_abbreviation

_WORDS_SHOWN = 3


class StringEvidence(NamedTuple):
    """How two spellings differ: `kind` is a key of WEIGHTS, `why` says it for people.

    `alike`: share of the characters that differ not, in the words that do. `known`: how often
    those words are seen elsewhere, of the side that is seen less. `numbers`: whether they differ.
    """

    kind: str
    why: str
    alike: float = 1.0
    known: int = 0
    numbers: bool = False


class ComparedValue(NamedTuple):
    """A value with how often each of its words is seen outside of it."""

    spelled: SpelledValue
    elsewhere: Mapping[str, int]


def string_evidence(one: ComparedValue, other: ComparedValue) -> StringEvidence:
    """How two values differ, by the kind that tells most."""
    own, its = one.spelled, other.spelled
    if own.squeezed == its.squeezed:
        if "".join(own.words) == "".join(its.words):
            return StringEvidence("same", "spaces, marks or punctuation")
        return StringEvidence("number word", "number word")
    if own.squeezed in its.initials or its.squeezed in own.initials:
        return StringEvidence("acronym", "acronym")
    left, right = _remaining(own.plain, its.plain)
    if _has_digit(left) != _has_digit(right) and left and right:  # a number word may be misspelt
        left, right = _remaining(own.words, its.words)
    if left and right:
        return _replaced_words(one, other, left, right)
    if left or right:
        return _extra_words(one if left else other, left or right)
    return StringEvidence("same", "order of words")


def _extra_words(longer: ComparedValue, extra: Sequence[str]) -> StringEvidence:
    """Of a value that has all words of another, and more."""
    words = " ".join(extra[:_WORDS_SHOWN]) + (" ..." if extra[_WORDS_SHOWN:] else "")
    known = _rarest(longer, extra)
    return StringEvidence("extra words", f"without '{words}'", 1.0, known, _has_digit(extra))


def _replaced_words(
    one: ComparedValue, other: ComparedValue, left: Sequence[str], right: Sequence[str]
) -> StringEvidence:
    """Of two values that have some words each that the other lacks."""
    known = min(_rarest(one, left), _rarest(other, right))
    numbers = _has_digit(left) or _has_digit(right)
    if len(left) == len(right) and all(
        is_abbreviation(*sorted(pair, key=len)) for pair in zip(left, right, strict=True)
    ):
        return StringEvidence("abbreviation", "abbreviation", 1.0, known, numbers)
    first, second = "".join(left), "".join(right)
    edits = OSA.distance(first, second)
    alike = 1 - edits / max(len(first), len(second))
    if alike < _SPELLED_ALIKE:
        return StringEvidence("other words", "", alike, known, numbers)
    why = "1 letter differs" if edits == 1 else f"{edits} letters differ"
    return StringEvidence("spelling", why, alike, known, numbers)


_SPELLED_ALIKE = 0.5


def _remaining(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of each that the other lacks, in their order."""
    return _without(one, Counter(other)), _without(other, Counter(one))


def _without(words: Sequence[str], others: Counter[str]) -> list[str]:
    kept = []
    for word in words:
        if others[word]:
            others[word] -= 1
        else:
            kept.append(word)
    return kept


def _has_digit(words: Sequence[str]) -> bool:
    return any(map(str.isdigit, "".join(words)))


def _rarest(value: ComparedValue, words: Sequence[str]) -> int:
    """How often the word is seen outside of the value that is seen least."""
    return min(value.elsewhere.get(word, 0) for word in words)
