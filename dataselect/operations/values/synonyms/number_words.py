"""English numbers in words as digits, so that 'twenty seven' and '27' are the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_SMALL = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL_ORDINALS = """
zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth
"""
_TENS_ORDINALS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}


def _numbered(small: str, tens: str) -> dict[str, int]:
    numbers = {word: number for number, word in enumerate(small.split())}
    return numbers | {word: 10 * number for number, word in enumerate(tens.split(), start=2)}


CARDINALS = _numbered(_SMALL, _TENS)
"""Words of numbers up to ninety; others are put together of these and of hundreds to millions."""
ORDINALS = _numbered(_SMALL_ORDINALS, _TENS_ORDINALS)
_LONGEST = 6  # digits before a 'thousand'; longer numbers are names, and stay as they are
_ENDINGS = ("st", "nd", "rd", "th")


def with_digits(words: Sequence[str]) -> list[str]:
    """Words in lower case, with numbers as digits: ordinals end in '.'.

    What is no greater number stays apart, as the hours and minutes of a time do.

    >>> with_digits("at five thirty on the twenty first".split())
    ['at', '5', '30', 'on', 'the', '21.']
    >>> with_digits("one hundred and five".split())
    ['105']
    """
    found: list[str] = []
    number: _Number | None = None
    for word in words:
        if number is not None and number.takes(word):
            continue
        if number is not None:
            found += number.spelled()
        number = _Number.begun_by(word)
        if number is None:
            found.append(_plain_digits(word))
    return found if number is None else found + number.spelled()


class _Number:
    """A number that is being read: a total of thousands and more, and what is below that."""

    def __init__(self, value: int) -> None:
        self._total, self._value, self._step = 0, value, _last_step(value)
        self._and = self._ends = False

    @classmethod
    def begun_by(cls, word: str) -> _Number | None:
        """The number that a word begins; an ordinal is whole at once."""
        if word in CARDINALS:
            return cls(CARDINALS[word])
        if word in ORDINALS:
            number = cls(ORDINALS[word])
            number._ends = True
            return number
        if word.isascii() and word.isdecimal() and word[0] != "0" and len(word) <= _LONGEST:
            number = cls(int(word))
            number._step = 0  # but hundreds and thousands may follow
            return number
        return None

    def takes(self, word: str) -> bool:
        """Whether a word belongs to the number, which then holds it."""
        if self._ends:
            return False
        if word == "and" and not self._and and self._step >= _SCALES["hundred"]:
            self._and = True
            return True
        if word in _SCALES and not self._and and self._value:
            scale = _SCALES[word]
            if scale == _SCALES["hundred"]:
                if self._value >= scale:
                    return False
                self._value *= scale
            else:
                self._total, self._value = self._total + self._value * scale, 0
            self._step = scale
            return True
        value = CARDINALS.get(word, ORDINALS.get(word))
        if value is None or not 0 < value < self._step:
            return False
        self._value += value
        self._step, self._and = _last_step(value), False
        self._ends = word in ORDINALS
        return True

    def spelled(self) -> list[str]:
        """The digits; an 'and' that joined nothing stays a word."""
        digits = f"{self._total + self._value}{'.' if self._ends else ''}"
        return [digits, "and"] if self._and else [digits]


def _last_step(value: int) -> int:
    """What is added to a number has to be below this: a digit to tens, nothing to a digit."""
    return 10 if value >= 20 and value % 10 == 0 else 0


def _plain_digits(word: str) -> str:
    """Digits of any script as ASCII, and '27th' as '27.'."""
    if not any(map(str.isdigit, word)):
        return word
    digits = [unicodedata.digit(each, None) for each in word]
    word = "".join(
        each if digit is None else str(digit) for each, digit in zip(word, digits, strict=True)
    )
    begin, end = word[:-2], word[-2:]
    return f"{begin}." if end in _ENDINGS and begin.isdigit() else word
