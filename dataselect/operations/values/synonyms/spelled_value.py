"""A value as it is compared: its words, with numbers as digits and letters without marks."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from dataselect.operations.values.annotated_values import words_of
from dataselect.operations.values.synonyms.number_words import with_digits

_LIGHT = {"a", "an", "and", "at", "de", "for", "in", "la", "le", "of", "on", "the", "to", "y"}
"""Words that have no letter in most acronyms."""
_LONGEST_ACRONYM = 8


class SpelledValue(NamedTuple):
    """What a value is compared by.

    `words`: in lower case without punctuation and marks; `plain`: the same with number words as
    digits; `squeezed`: these without spaces; `initials`: of all words, and without light ones.
    """

    words: tuple[str, ...]
    plain: tuple[str, ...]
    squeezed: str
    initials: frozenset[str]

    @classmethod
    def of(cls, value: str) -> SpelledValue:
        words = tuple(map(_without_marks, words_of(value))) or (value.casefold(),)
        plain = tuple(with_digits(words))
        heavy = [word for word in plain if word not in _LIGHT]
        initials = {
            "".join(word[0] for word in some)
            for some in (plain, heavy)
            if 1 < len(some) <= _LONGEST_ACRONYM and all(word[0].isalpha() for word in some)
        }
        return cls(words, plain, "".join(plain), frozenset(initials))


def _without_marks(word: str) -> str:
    """A word without apostrophes and accents; marks of Indic scripts are letters."""
    word = word.replace("'", "")
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFD", word)
    kept = [each for each in parts if not "\u0300" <= each <= "\u036f"]
    return unicodedata.normalize("NFC", "".join(kept))


def is_abbreviation(short: str, long: str) -> bool:
    """Whether a word abbreviates another: its beginning, or some consonants and the last letter.

    >>> is_abbreviation("min", "minutes"), is_abbreviation("blvd", "boulevard")
    (True, True)
    >>> is_abbreviation("car", "cart"), is_abbreviation("tom", "tomorrow")
    (False, True)
    """
    if not (0 < len(short) < len(long) and short[0] == long[0] and short.isalpha()):
        return False
    if long.startswith(short):
        return len(long) - len(short) >= _CUT
    has_vowel = any(each in _VOWELS for each in short[1:])
    return not has_vowel and len(short) > 1 and short[-1] == long[-1] and _is_within(short, long)


_CUT = 2  # letters that an abbreviation leaves out at least: one is an ending, as of a plural
_VOWELS = frozenset("aeiou")


def _is_within(short: str, long: str) -> bool:
    """Whether the letters of one stand in the other, in their order."""
    letters = iter(long)
    return all(each in letters for each in short)
