"""Filters of pairs: cheap signs that a sentence pair is no translation, whatever the vectors say.

Each looks at one pair only. Length, copies, scripts, links and numbers are what corpus filters
check first (Sánchez-Cartagena et al. 2018, Bicleaner's hard rules; Aulamo et al. 2020, OpusFilter).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import regex
from numpy.typing import NDArray

from dataselect.errors import OptionError
from dataselect.models.normalization import all_composed
from dataselect.models.unicode_scripts import check_scripts, script_share
from dataselect.selection.reasons import Reason

LengthUnit = Literal["chars", "words"]
_Fires = Callable[[Sequence[str], Sequence[str]], NDArray[np.bool_]]


@dataclass(frozen=True)
class PairFilters:
    """Which pairs are left out; by default none.

    `max_length_ratio`: the longer side over the shorter in `length_unit`, characters less white
    space at the ends or words between white space. `src_script`, `tgt_script`: names of Unicode
    scripts with commas between them, such as Han,Hiragana,Katakana.

    >>> filters = PairFilters(drop_copies=True, same_numbers=True)
    >>> filters.codes(["Hello!", "7 pm"], ["hello", "8 Uhr"])
    array([1, 2], dtype=uint8)

    Raises OptionError for a ratio under 1 and for a script that does not exist.
    """

    max_length_ratio: float | None = None
    length_unit: LengthUnit = "chars"
    drop_copies: bool = False
    src_script: str | None = None
    tgt_script: str | None = None
    same_urls: bool = False
    same_numbers: bool = False

    def __post_init__(self) -> None:
        if self.max_length_ratio is not None and not self.max_length_ratio >= 1:
            raise OptionError(
                f"--max-length-ratio {self.max_length_ratio} is under 1, where none is"
            )
        for option, scripts in ("--src-script", self.src_script), ("--tgt-script", self.tgt_script):
            if scripts is not None:
                check_scripts(option, scripts)

    @property
    def active(self) -> bool:
        """Whether any pair can be left out."""
        return bool(self._checks())

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What the codes of `codes` mean, from 1."""
        return tuple(reason for reason, _ in self._checks())

    def codes(self, src: Sequence[str], tgt: Sequence[str]) -> NDArray[np.uint8]:
        """(n,) the number of the first filter that leaves the pair out, from 1, or 0."""
        src, tgt = all_composed(src), all_composed(tgt)
        codes = np.zeros(len(src), np.uint8)
        for code, (_, fires) in enumerate(self._checks(), start=1):
            codes[fires(src, tgt) & (codes == 0)] = code
        return codes

    def failing(self, src: str, tgt: str) -> list[Reason]:
        """Every filter that leaves a pair out."""
        sides = all_composed([src]), all_composed([tgt])
        return [reason for reason, fires in self._checks() if fires(*sides)[0]]

    def _checks(self) -> list[tuple[Reason, _Fires]]:
        """The filters that are on, roughly from cheap to dear, each with its reason."""
        ratio, src, tgt = self.max_length_ratio, self.src_script, self.tgt_script
        every: list[tuple[object, Reason, _Fires]] = [
            (ratio, Reason("length_ratio", "--max-length-ratio", ratio), self._too_uneven),
            (self.drop_copies, Reason("copy_of_source", "--drop-copies"), _each(is_copy)),
            (
                src,
                Reason("source_script", "--src-script", src),
                lambda ours, _: script_share(ours, str(src)) < 0.5,
            ),
            (
                tgt,
                Reason("target_script", "--tgt-script", tgt),
                lambda _, theirs: script_share(theirs, str(tgt)) < 0.5,
            ),
            (self.same_urls, Reason("urls", "--same-urls"), _each(links_disagree)),
            (self.same_numbers, Reason("numbers", "--same-numbers"), _each(numbers_disagree)),
        ]
        return [(reason, fires) for is_on, reason, fires in every if is_on]

    def _too_uneven(self, src: Sequence[str], tgt: Sequence[str]) -> NDArray[np.bool_]:
        one, other = _lengths(src, self.length_unit), _lengths(tgt, self.length_unit)
        return np.maximum(one, other) > self.max_length_ratio * np.minimum(one, other)


def _each(disagree: Callable[[str, str], bool]) -> _Fires:
    """A filter of one pair as a filter of a batch."""
    return lambda src, tgt: np.fromiter(map(disagree, src, tgt), np.bool_, len(src))


def _lengths(texts: Sequence[str], unit: LengthUnit) -> NDArray[np.intp]:
    """(n,) length of each text, at least 1."""
    parts = map(str.strip, texts) if unit == "chars" else map(str.split, texts)
    return np.maximum(np.fromiter(map(len, parts), np.intp, len(texts)), 1)


_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
_NEITHER = regex.compile(r"[^\p{L}\p{M}\p{N}]+")  # marks belong to letters: Hindi vowel signs


def is_copy(src: str, tgt: str) -> bool:
    """Whether the sides are the same after NFKC, but for case, punctuation and spaces.

    Sides without a letter are no copies: "2005" is what "2005" translates to.
    """
    src, tgt = unicodedata.normalize("NFKC", src), unicodedata.normalize("NFKC", tgt)
    one, other = _LETTER_OR_DIGIT.search(src), _LETTER_OR_DIGIT.search(tgt)
    if not (one and other and one[0].casefold()[0] == other[0].casefold()[0]):
        return False  # most pairs end here, at little cost
    bare = _NEITHER.sub("", src.casefold())
    return bare == _NEITHER.sub("", tgt.casefold()) and any(map(str.isalpha, bare))


_LINK = regex.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[\w.~:/?#\[\]@!$&'()*+,;=%-]+"
    r"|(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+",
    regex.ASCII | regex.IGNORECASE,
)
_LINK_START = regex.compile(r"^(?:[a-z0-9+.-]+://)?(?:www\.)?")
_LINK_END = ".,;:!?)]'/"  # ends the sentence rather than the link


def links(text: str) -> set[str]:
    """URLs and e-mail addresses, without case, scheme, `www.` and what follows as punctuation."""
    return {
        _LINK_START.sub("", found.casefold().rstrip(_LINK_END)) for found in _LINK.findall(text)
    }


def links_disagree(src: str, tgt: str) -> bool:
    """Whether one side has a URL or an e-mail address that the other lacks."""
    both = f"{src} {tgt}"
    if "@" not in both and "://" not in both and "www." not in both:
        return False
    return links(src) != links(tgt)


_DIGITS = regex.compile(r"\d+")
_DATE = regex.compile(r"(?<!\d)(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)?(?![.,]?\d)")
_NUMBER = regex.compile(
    r"(?<!\d)\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)"  # thousands apart: 10 000
    r"|\d+(?:[.,:'’\u066b\u066c]\d+)*"  # the last two are the Arabic marks
)
_ZERO_FRACTION = regex.compile(r"[.,:]00?$")
_OFTEN_SPELT_OUT = 12


def numbers_disagree(src: str, tgt: str) -> bool:
    """Whether the numbers of the two sides cannot be the same.

    Grouping, decimal marks, leading zeros, the script of the digits, and whether a clock has 12 or
    24 hours are ignored. Numbers up to twelve that one side has and the other lacks may be spelt
    out there, "2 dogs" and "zwei Hunde": they count only where both sides have numbers left over.
    """
    runs, other_runs = _DIGITS.findall(src), _DIGITS.findall(tgt)
    if runs == other_runs or sorted(map(_plain, runs)) == sorted(map(_plain, other_runs)):
        return False  # whatever marks "1,000.50" and "1.000,50" have between them
    ours, theirs = _left_over(_numbers(src), _numbers(tgt))
    if ours and theirs:
        ours, theirs = _left_over(map(_on_12_hours, ours), map(_on_12_hours, theirs))
    if ours and theirs:
        return True
    return any(len(number) > 2 or int(number) > _OFTEN_SPELT_OUT for number in ours or theirs)


def _left_over(ours: Iterable[str], theirs: Iterable[str]) -> tuple[list[str], list[str]]:
    """What each side has more than the other, by multisets."""
    one, other = Counter(ours), Counter(theirs)
    return list((one - other).elements()), list((other - one).elements())


def _numbers(text: str) -> list[str]:
    """Numbers without their marks: "1,000.50" as 100050, "13.7.2008" as 13, 7 and 2008."""
    text = _DATE.sub(r"\1 / \2 / \3", text)
    return [_plain(_ZERO_FRACTION.sub("", number)) for number in _NUMBER.findall(text)]


def _plain(number: str) -> str:
    """The digits in ASCII, without leading zeros."""
    digits = (str(unicodedata.decimal(each)) for each in number if each.isdecimal())
    return "".join(digits).lstrip("0") or "0"


def _on_12_hours(number: str) -> str:
    """The number that an afternoon hour has on a clock of twelve: 3 for 15, 330 for 1530."""
    if len(number) == 2 and 13 <= int(number) <= 23:
        return str(int(number) - 12)
    if len(number) == 4 and 1300 <= int(number) <= 2359:
        return str(int(number) - 1200)
    return number
