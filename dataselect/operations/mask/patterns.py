"""What personal data look like: a table of expressions and checks, and the search for them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from dataselect.operations.mask.checksums import IBAN_LENGTHS, iban, luhn
from dataselect.operations.mask.text_view import text_view


class Span(NamedTuple):
    """A part of a text, and the kind of data that it is."""

    start: int
    end: int
    kind: str


_TWO_DIGITS = re.compile(r"\d\d")
_DOT = re.compile(r"\.\w|://")


class Pattern(NamedTuple):
    """An expression whose matches are of a kind, as far as `end` says; None for no match.

    `needs`: what a text has to hold for there to be a match; looked for first, which is faster.
    """

    kind: str
    expression: re.Pattern[str]
    end: Callable[[re.Match[str]], int | None] = re.Match.end
    needs: re.Pattern[str] = _TWO_DIGITS


def _whole_card(found: re.Match[str]) -> int | None:
    digits = _digits(found[0])
    is_issued = digits[0] in "23456" or digits.startswith("1800")  # the latter: JCB
    return found.end() if is_issued and luhn(digits) else None


def _whole_account(found: re.Match[str]) -> int | None:
    """The end of as many characters as the country's accounts have, less the words after them."""
    length = IBAN_LENGTHS.get(found[0][:2].upper(), 0)
    places = [place for place, each in enumerate(found[0]) if each != " "][:length]
    if not places or not iban("".join(found[0][place] for place in places)):
        return None
    return found.start() + places[-1] + 1


def _of_digits(least: int, most: int) -> Callable[[re.Match[str]], int | None]:
    def end(found: re.Match[str]) -> int | None:
        return found.end() if least <= len(_digits(found[0])) <= most else None

    return end


def _digits(text: str) -> str:
    return "".join(str(int(each)) for each in text if each.isdecimal())


def _without_punctuation(found: re.Match[str]) -> int:
    return found.start() + len(found[0].rstrip(".,;:!?'\")]}"))


_NOT_IN_ADDRESS = r"\s@<>()\[\]{},;:\"'“”„’«»=/\\|&?!#…、。，"
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_LABEL = rf"[^.{_NOT_IN_ADDRESS}{_UNSPACED}]{{1,63}}"
_LOCAL_START = rf"(?<![^{_NOT_IN_ADDRESS}{_UNSPACED}])"
_LOCAL = rf"{_LOCAL_START}[^{_NOT_IN_ADDRESS}{_UNSPACED}]{{1,64}}"
_ALONE, _ENDS = r"(?<![\w+])", r"(?!\w)"
_STARTS, _ENDING = re.compile(r"(?<!\w)(?:\w+|\W)"), re.compile(_ENDS)
_DOTS = {ord(each): "i" for each in "ıİ"}
_GAP = r"[ .\-‐‑–/]"  # between groups of digits
_DOMAINS = (  # less those that are words, such as at, in and it
    "com|org|net|edu|gov|io|info|app|dev|co|eu|uk|ca|au|de|ch|fr|nl|es|pt|pl|cz|se|dk|fi|ie|jp|cn|"
    "kr|br|mx"
)
_DIGIT_WORDS = (
    r"\d|zero|oh|o|one|two|three|four|five|six|seven|eight|nine|double|triple|"
    r"null|eins|zwei|zwo|drei|vier|f(?:ü|u\u0308)nf|sechs|sieben|acht|neun|"
    "cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|"
    r"z(?:é|e\u0301)ro|un|deux|trois|quatre|cinq|sept|huit|neuf"
)

PATTERNS = (
    Pattern(
        "url",
        re.compile(r"(?<!\w)(?:(?:https?|ftp)://|www\.)[^\s<>\"“”«»]+", re.IGNORECASE),
        _without_punctuation,
        _DOT,
    ),
    Pattern(  # without a scheme
        "url",
        re.compile(
            rf"(?<![\w@.\-])(?:[A-Za-z0-9\-]{{1,63}}\.){{1,8}}(?:{_DOMAINS})(?:/[^\s<>\"“”«»]*)?"
            r"(?![\w@])",
        ),
        _without_punctuation,
        _DOT,
    ),
    Pattern("email", re.compile(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL}){{1,8}}"), needs=re.compile("@")),
    Pattern(
        "iban",
        re.compile(r"(?<!\w)[a-z]{2}\d{2}(?: ?[a-z0-9]){11,29}", re.IGNORECASE),
        _whole_account,
    ),
    Pattern(  # Visa, Mastercard and most others, in fours
        "card",
        re.compile(r"(?<!\d)\d{4}([ \-])\d{4}\1\d{4}(?:\1\d{1,4}){0,2}(?!\d)"),
        _whole_card,
    ),
    Pattern(  # American Express and Diners Club
        "card", re.compile(r"(?<!\d)\d{4}([ \-])\d{6}\1\d{4,5}(?!\d)"), _whole_card
    ),
    Pattern("card", re.compile(r"(?<!\d)\d{12,19}(?!\d)"), _whole_card),
    Pattern(  # international, E.164: at most 15 digits
        "phone",
        re.compile(
            rf"(?<!\w)(?:\+|00)[1-9]\d{{0,3}}(?:{_GAP}{{0,2}}(?:\(\d{{1,5}}\)|\d+)){{1,7}}"
            r"(?: ?(?:x|ext\.?) ?\d{1,6})?",
            re.IGNORECASE,
        ),
        _of_digits(8, 21),
    ),
    Pattern(  # North America
        "phone",
        re.compile(
            rf"{_ALONE}(?:(?:001|1){_GAP})?(?:\([2-9]\d\d\) ?|[2-9]\d\d{_GAP})"
            rf"[2-9]\d\d{_GAP}\d{{4}}(?: ?(?:x|ext\.?) ?\d{{1,6}})?{_ENDS}",
            re.IGNORECASE,
        ),
    ),
    Pattern(  # a trunk 0, as in Germany, France, Great Britain, Italy, Australia, Japan
        "phone",
        re.compile(rf"{_ALONE}\(?0\d{{1,5}}\)?(?:{_GAP}{{1,3}}\d{{2,8}}){{1,5}}{_ENDS}"),
        _of_digits(9, 12),
    ),
    Pattern("phone", re.compile(rf"{_ALONE}0[1-9]\d{{7,10}}{_ENDS}")),
    Pattern(  # Spain, Poland, Portugal, Norway: nine digits
        "phone", re.compile(rf"{_ALONE}[5-9]\d\d(?:{_GAP}\d{{3}}){{2}}{_ENDS}")
    ),
    Pattern("phone", re.compile(rf"{_ALONE}[6-9]\d\d(?:{_GAP}\d\d){{3}}{_ENDS}")),
    Pattern("phone", re.compile(rf"{_ALONE}[6-9]\d{{4}}{_GAP}\d{{5}}{_ENDS}")),  # India
    Pattern("phone", re.compile(rf"{_ALONE}1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}{_ENDS}")),  # China
    Pattern("phone", re.compile(rf"{_ALONE}\(\d\d\) ?9?\d{{4}}{_GAP}\d{{4}}{_ENDS}")),  # Brazil
    Pattern("digits", re.compile(r"\d{4,}")),
    Pattern(
        "digits",
        re.compile(
            rf"(?<!\w)(?:{_DIGIT_WORDS})(?:[ \-,]{{1,2}}(?:{_DIGIT_WORDS})){{3,}}{_ENDS}",
            re.IGNORECASE,
        ),
        needs=re.compile(""),  # faster than to look for the words twice
    ),
)
"""Where two kinds match equally much, the first is meant."""

_NEEDS = tuple({pattern.needs for pattern in PATTERNS})
KINDS = tuple(dict.fromkeys(pattern.kind for pattern in PATTERNS))


def find(text: str, kinds: Collection[str] = KINDS) -> list[Span]:
    """Personal data of some kinds, in order; where matches overlap, what they cover together.

    Format characters inside of them, wide digits and such do not hide them.

    >>> find("write to anna@example.org or call +49 30 123456.", ["email", "phone"])
    [Span(start=9, end=25, kind='email'), Span(start=34, end=47, kind='phone')]
    """
    view = text_view(text)
    found = []
    possible = {needs: needs.search(view.text) for needs in _NEEDS}
    for pattern in PATTERNS:
        if pattern.kind in kinds and possible[pattern.needs]:
            for match in pattern.expression.finditer(view.text):
                end = pattern.end(match)
                if end is not None:
                    begin, end = view.place(match.start(), end)
                    found.append(Span(begin, end, pattern.kind))
    return merged(found)


def merged(spans: Sequence[Span]) -> list[Span]:
    """Spans that do not overlap: those that do become one, of the kind of the longest."""
    groups: list[list[Span]] = []
    end = 0
    for each in sorted(spans, key=lambda span: (span.start, -span.end)):
        if groups and each.start < end:
            groups[-1].append(each)
        else:
            groups.append([each])
        end = max(end, each.end)
    return [
        Span(own[0].start, max(each.end for each in own), max(own, key=_length).kind)
        for own in groups
    ]


def _length(span: Span) -> int:
    return span.end - span.start


def occurrences(text: str, values: Mapping[str, str]) -> Iterator[Span]:
    """Where some values stand in a text as words, whatever their case; `values` have their kinds.

    >>> list(occurrences("ANNA and Bob", {"Anna": "person"}))
    [Span(start=0, end=4, kind='person')]
    """
    kinds = {(len(value), folded(value)): kind for value, kind in values.items()}
    by_start = defaultdict[str, list[tuple[int, str]]](list)
    for value in sorted(values, key=len, reverse=True):
        by_start[folded(_STARTS.findall(value)[0])].append((len(value), folded(value)))
    done = 0
    for found in _STARTS.finditer(text) if values else ():
        start = found.start()
        for length, spelled in by_start.get(folded(found[0]), ()) if start >= done else ():
            end = start + length
            is_whole = end <= len(text) and _ENDING.match(text, end)
            if is_whole and folded(text[start:end]) == spelled:
                yield Span(start, end, kinds[length, spelled])
                done = end
                break


def folded(text: str) -> str:
    """A text less its case; ı and İ are i."""
    return text.translate(_DOTS).casefold()
