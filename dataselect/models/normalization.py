"""Text before words are compared or a language model reads it: composed always, more if asked for.

Whatever turns text into words or characters calls `composed` first, so that canonically equal texts
are equal for every command, and what cannot be seen neither splits a word nor glues two. What a
command writes is the text as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from regex import Match

Punctuation = Literal["keep", "remove"]

# Of no width, and part of a word: Persian, Indic, Mongolian spelling and emoji need them.
_JOINERS = "'\u200c\u200d\u180e"
_TYPOGRAPHIC_APOSTROPHE = "\u2019"
# A run is tried once, from its start: tried from each of its characters, it takes time by the
# square of its length.
_LOOSE_JOINERS = re.compile(f"(?<![^ ])[{_JOINERS}]+|(?<![{_JOINERS}])[{_JOINERS}]+(?![^ ])")
_WHITE_SPACE = re.compile(r"(\s+)")

# What a reader cannot see: soft hyphen, grapheme joiner, word joiner and byte order mark, marks of
# direction, invisible operators, variation selectors.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u180b-\u180d\u180f\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
)
# White space beyond ASCII, and the space of no width that stands between words of Thai and Khmer.
_SPACES = "\u0085\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000"
_RARE = re.compile(f"[{_INVISIBLE}{_SPACES}]")
_HIDDEN = re.compile(f"[{_INVISIBLE}]+")
_SPACE = re.compile(f"[{_SPACES}]")
_LONG = 1_000  # characters; a shorter text has no run of marks that takes long to put into order
_LONGEST_RUN = 32  # of marks: Unicode's stream-safe format, UAX #15, allows 30


def composed(text: str) -> str:
    r"""A text in Unicode's composed form (NFC) less invisible characters, white space as spaces.

    Joiners inside words stay, and so does white space in ASCII. What is canonically equal becomes
    the same string.

    >>> composed("cafe\u0301 co\u00adop\u00a0\ufeffbar")
    'café coop bar'
    """
    return text if text.isascii() else _composed(text, len(text))


def composed_lines(texts: Sequence[str]) -> str:
    """Texts without line feeds, with line feeds between them, each `composed`."""
    return _composed("\n".join(texts), max(map(len, texts), default=0))


def _composed(text: str, longest: int) -> str:
    """A text composed; `longest`: characters of its longest line."""
    if _RARE.search(text):
        text = _SPACE.sub(" ", _HIDDEN.sub("", text))
    if longest > _LONG:
        text = _with_ordered_marks(text)
    return unicodedata.normalize("NFC", text)


def all_composed(texts: Sequence[str]) -> Sequence[str]:
    """Each text composed; where all are ASCII, the texts themselves."""
    return texts if all(map(str.isascii, texts)) else list(map(composed, texts))


def without_punctuation(texts: Sequence[str]) -> list[str]:
    """Texts without line feeds, each as `Normalization(punctuation="remove")`, but for spaces.

    Of these there may be more.
    """
    joined = composed_lines(texts).translate(_LINES_OF_WORDS)
    return _LOOSE_JOINERS.sub("", joined).split("\n")


def lowered(text: str) -> str:
    """A composed text in lower case, composed: a letter may have a mark of its own in that only."""
    text = text.lower()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _with_ordered_marks(text: str) -> str:
    """Long runs of combining marks in canonical order.

    Python sorts them by insertion, and takes time by the square of their number.
    """
    import regex

    # The Tibetan vowel signs are of class 0, but what they decompose to is not.
    runs = rf"(?:[^\p{{CCC=0}}]|[\u0f73\u0f75\u0f81]){{{_LONGEST_RUN},}}"
    return str(regex.sub(runs, _ordered, text))


def _ordered(run: Match[str]) -> str:
    marks = "".join(unicodedata.normalize("NFD", mark) for mark in run[0])
    return "".join(sorted(marks, key=unicodedata.combining))


class _WordCharacters(dict[int, str]):
    """A table for `str.translate`: what no word is made of becomes a space; fills itself."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if character == _TYPOGRAPHIC_APOSTROPHE:
            character = "'"
        elif category == "Cf" and character not in _JOINERS:
            character = ""
        elif category[0] not in "LMN" and character not in _JOINERS:
            character = " "
        self[code] = character
        return character


_WORD_CHARACTERS = _WordCharacters()
_LINES_OF_WORDS = _WordCharacters({ord("\n"): " \n "})


@dataclass(frozen=True)
class Normalization:
    """What is done to a text before it is compared or scored; by default it is only `composed`.

    `punctuation="remove"` keeps letters, marks and digits of any script, and apostrophes inside
    words; the rest becomes white space, of which one space stays. `unknown` is a token, such as
    `<unk>` in a recogniser's output, that is left exactly as it is where it stands by itself.
    `numbers`: the language, such as "en", in whose words numbers are written, see `spelled`.

    >>> Normalization(lowercase=True, punctuation="remove", unknown="<unk>")("<unk>: Don't <unk>!")
    "unk don't unk"
    >>> Normalization(lowercase=True, punctuation="remove", unknown="<unk>")("<unk> , Don't .")
    "<unk> don't"

    Raises ValueError for values that make no sense, OptionError for a language that is not known.
    """

    lowercase: bool = False
    punctuation: Punctuation = "keep"
    unknown: str | None = None
    numbers: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.lowercase, bool):
            raise ValueError(f"'lowercase' is {self.lowercase!r}; give true or false")
        if self.punctuation not in get_args(Punctuation):
            raise ValueError(f"'punctuation' is {self.punctuation!r}; give keep or remove")
        if self.unknown is not None and (
            not isinstance(self.unknown, str) or self.unknown.split() != [self.unknown]
        ):
            raise ValueError(f"'unknown' is {self.unknown!r}; give one token without spaces")
        if self.numbers is not None:
            from dataselect.models.metrics.spelled_numbers import speaker

            speaker(self.numbers)

    def __call__(self, text: str) -> str:
        """The normalised text."""
        text = composed(text)
        unknown = self.composed_unknown
        if unknown is None or unknown not in text:
            text = self._mapped(text)
        else:
            parts = _WHITE_SPACE.split(text)
            text = "".join(part if part == unknown else self._mapped(part) for part in parts)
        return text if self.punctuation == "keep" else " ".join(text.split())

    @property
    def composed_unknown(self) -> str | None:
        """The unknown token as a normalised text has it."""
        return None if self.unknown is None else composed(self.unknown)

    def each(self, texts: Sequence[str]) -> Sequence[str]:
        """All texts normalised; where nothing is to be done, the texts themselves."""
        return all_composed(texts) if self == _NOTHING else list(map(self, texts))

    def _mapped(self, text: str) -> str:
        if self.numbers is not None:
            from dataselect.models.metrics.spelled_numbers import spelled

            text = spelled(text, self.numbers)
        if self.lowercase:
            text = lowered(text)
        if self.punctuation == "remove":
            text = _LOOSE_JOINERS.sub("", text.translate(_WORD_CHARACTERS))
        return text

    def __str__(self) -> str:
        """A short form for signatures, such as `lower+nopunct+unknown=<unk>`."""
        parts = [
            "lower" if self.lowercase else "",
            "nopunct" if self.punctuation == "remove" else "",
            "" if self.unknown is None else f"unknown={self.unknown}",
            "" if self.numbers is None else f"numbers={self.numbers}",
        ]
        return "+".join(filter(None, parts)) or "none"


_NOTHING = Normalization()
