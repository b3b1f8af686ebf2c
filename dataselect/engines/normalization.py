"""Text normalisation before words are compared or a language model reads them: explicit, stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Punctuation = Literal["keep", "remove"]

_JOINERS = "'\u200c\u200d"  # Persian and Indic spelling needs the two that have no width
_TYPOGRAPHIC_APOSTROPHE = "\u2019"
_LOOSE_JOINERS = re.compile(f"(?<![^ ])[{_JOINERS}]+|[{_JOINERS}]+(?![^ ])")
_WHITE_SPACE = re.compile(r"(\s+)")


class _WordCharacters(dict[int, str]):
    """A table for `str.translate`: what no word is made of becomes a space; fills itself."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character == _TYPOGRAPHIC_APOSTROPHE:
            character = "'"
        elif unicodedata.category(character)[0] not in "LMN" and character not in _JOINERS:
            character = " "
        self[code] = character
        return character


_WORD_CHARACTERS = _WordCharacters()


@dataclass(frozen=True)
class Normalization:
    """What is done to a text before it is compared or scored; by default nothing.

    `punctuation="remove"` keeps letters, marks and digits of any script, and apostrophes inside
    words; the rest becomes white space, of which one space stays. `unknown` is a token, such as
    `<unk>` in a recogniser's output, that is left exactly as it is where it stands by itself.

    >>> Normalization(lowercase=True, punctuation="remove", unknown="<unk>")("<unk>: Don't <unk>!")
    "unk don't unk"
    >>> Normalization(lowercase=True, punctuation="remove", unknown="<unk>")("<unk> , Don't .")
    "<unk> don't"

    Raises ValueError for values that make no sense.
    """

    lowercase: bool = False
    punctuation: Punctuation = "keep"
    unknown: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.lowercase, bool):
            raise ValueError(f"'lowercase' is {self.lowercase!r}; give true or false")
        if self.punctuation not in get_args(Punctuation):
            raise ValueError(f"'punctuation' is {self.punctuation!r}; give keep or remove")
        if self.unknown is not None and (
            not isinstance(self.unknown, str) or self.unknown.split() != [self.unknown]
        ):
            raise ValueError(f"'unknown' is {self.unknown!r}; give one token without spaces")

    def __call__(self, text: str) -> str:
        """The normalised text."""
        if self.unknown is None or self.unknown not in text:
            text = self._mapped(text)
        else:
            parts = _WHITE_SPACE.split(text)
            text = "".join(part if part == self.unknown else self._mapped(part) for part in parts)
        return text if self.punctuation == "keep" else " ".join(text.split())

    def each(self, texts: Sequence[str]) -> Sequence[str]:
        """All texts normalised; where nothing is to be done, the texts themselves."""
        return texts if self == _NOTHING else list(map(self, texts))

    def _mapped(self, text: str) -> str:
        if self.lowercase:
            text = text.lower()
        if self.punctuation == "remove":
            text = _LOOSE_JOINERS.sub("", text.translate(_WORD_CHARACTERS))
        return text

    def __str__(self) -> str:
        """A short form for signatures, such as `lower+nopunct+unknown=<unk>`."""
        parts = [
            "lower" if self.lowercase else "",
            "nopunct" if self.punctuation == "remove" else "",
            "" if self.unknown is None else f"unknown={self.unknown}",
        ]
        return "+".join(filter(None, parts)) or "none"

    def describe(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Normalization:
        """What `describe` described. Raises ValueError if it is not that."""
        try:
            return cls(**given)
        except TypeError:
            raise ValueError("not a normalisation: its fields are others") from None


_NOTHING = Normalization()
