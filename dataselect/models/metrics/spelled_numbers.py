"""Numbers in words, as recognisers write them: by the package num2words, in fifty languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from dataselect.errors import OptionError

_DIGIT = re.compile("[0-9]")
_NUMBER = re.compile(r"([0-9]+)(st|nd|rd|th)?")
# Between a letter and a digit, unless an English ordinal ends there.
_APART = re.compile(r"(?<=[^\W\d_])(?=[0-9])|(?<=[0-9])(?=[^\W\d_])(?!(?:st|nd|rd|th)\b)")
_YEARS = range(1100, 2100)  # four digits that are said in pairs, as years
_LONGEST = 6  # digits; longer ones, and those with a leading zero, are said one by one


def spelled(text: str, language: str) -> str:
    """A text with its digits as words, apart from letters, without the punctuation of these.

    >>> spelled("wake me at 7am on the 21st of may 1984, gate 007", "en")
    'wake me at seven am on the twenty first of may nineteen eighty four, gate zero zero seven'
    """
    if _DIGIT.search(text) is None:
        return text
    say = speaker(language)
    parts = _NUMBER.split(_APART.sub(" ", text))
    for place in range(1, len(parts), 3):
        digits, ending = parts[place : place + 2]
        parts[place : place + 2] = say(digits, ending), ""
    return "".join(parts)


@cache
def speaker(language: str) -> Callable[[str, str | None], str]:
    """What says digits, with the ending of an English ordinal, in a language.

    Raises OptionError if the package is missing or does not know the language.
    """
    try:
        from num2words import num2words
    except ImportError:
        raise OptionError("--spell-numbers needs a package; pip install num2words") from None
    try:
        num2words(1, lang=language)
    except NotImplementedError:
        raise OptionError(
            f"--spell-numbers {language}: num2words has no such language; give a code such as en "
            "or de"
        ) from None

    @cache
    def say(digits: str, ending: str | None) -> str:
        if len(digits) > _LONGEST or (digits[0] == "0" and len(digits) > 1):
            return " ".join(say(digit, None) for digit in digits)
        value = int(digits)
        form = "ordinal" if ending else "year" if value in _YEARS else "cardinal"
        words = str(num2words(value, lang=language, to=form))
        return " ".join(words.replace("-", " ").replace(",", " ").split())

    return say
