"""Tokens that slots are made of: words, single characters where words are not spaced, punctuation.

Offsets are those of the text as it is; what is compared is composed, so that canonically equal
texts have equal tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import regex

from dataselect.data.annotations import Slot
from dataselect.models.normalization import composed, lowered
from dataselect.models.unicode_scripts import UNSPACED

_EXTEND = r"\p{M}[\p{Cf}--\u200b]"  # marks, and what cannot be seen: part of what they follow
_TOKEN = regex.compile(
    rf"[{UNSPACED}][{_EXTEND}]*"  # a character of a script without spaces
    rf"|(?<=[\p{{L}}\p{{M}}])['’][\p{{L}}--[{UNSPACED}]][[\p{{L}}{_EXTEND}]--[{UNSPACED}]]*"  # 's
    rf"|[[\p{{L}}\p{{N}}]--[{UNSPACED}]][[\p{{L}}\p{{N}}{_EXTEND}]--[{UNSPACED}]]*"  # a word
    rf"|.[{_EXTEND}]*",  # anything else by itself
    regex.V1 | regex.DOTALL,
)
_LONGEST_AFFIX = 6  # characters


class Token(NamedTuple):
    """`text[start:end]`; `form` is that composed."""

    form: str
    start: int
    end: int


@dataclass(frozen=True)
class Tokenizer:
    """Cuts texts into tokens; `heads` and `tails` are cut off words, in lower case.

    >>> [token.form for token in Tokenizer()("play adele's 7pm 曲")]
    ['play', 'adele', "'s", '7pm', '曲']
    """

    heads: frozenset[str] = frozenset()
    tails: frozenset[str] = frozenset()

    @classmethod
    def fit(cls, texts: Sequence[str], slots: Sequence[Sequence[Slot]]) -> Tokenizer:
        """One that cuts what most annotated words are cut at: 'da of İstanbul'da, pm of 7pm."""
        plain = cls()
        cut: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        words = Counter[str]()
        for text, own in zip(texts, slots, strict=True):
            for token in plain(text):
                words[token.form] += 1
                for at in sorted(_edges(own)):
                    if token.start < at < token.end:
                        head, tail = text[token.start : at], text[at : token.end]
                        inside = any(slot.start < at < slot.end for slot in own)
                        starts = any(slot.start == at for slot in own)
                        if not inside:
                            cut[0 if starts else 1][_form(head if starts else tail)] += 1
        found = []
        for counts, begins in zip(cut, (str.startswith, str.endswith), strict=True):
            found.append(
                frozenset(
                    affix
                    for affix, count in counts.items()
                    if 0 < len(affix) <= _LONGEST_AFFIX
                    and 2 * count
                    >= sum(
                        number
                        for word, number in words.items()
                        if len(word) > len(affix) and begins(lowered(word), affix)
                    )
                )
            )
        return cls(*found)

    def __call__(self, text: str, edges: Iterable[int] = ()) -> list[Token]:
        """The tokens of a text, cut at `edges` besides; white space is none."""
        cuts = sorted(edges)
        found = []
        for match in _TOKEN.finditer(text):
            start, end = match.span()
            form = composed(match[0])
            if not form.strip():
                continue
            places = [at for at in cuts if start < at < end]
            places = sorted({*places, *self._affix_places(match[0], form, start)})
            if not places:
                found.append(Token(form, start, end))
                continue
            for first, last in zip([start, *places], [*places, end], strict=True):
                piece = composed(text[first:last])
                if piece.strip() or not found:
                    found.append(Token(piece, first, last))
                else:  # what cannot be seen goes with what is before it
                    found[-1] = found[-1]._replace(end=last)
        return found

    def _affix_places(self, word: str, form: str, start: int) -> list[int]:
        """Where a word is cut for an affix."""
        if not (self.heads or self.tails) or len(form) < 2:
            return []
        small = lowered(form)
        places = []
        for size in range(min(_LONGEST_AFFIX, len(small) - 1), 0, -1):
            if small[:size] in self.heads:
                places.append(_place(word, size))
                break
        for size in range(min(_LONGEST_AFFIX, len(small) - 1), 0, -1):
            if small[-size:] in self.tails:
                places.append(_place(word, len(small) - size))
                break
        return sorted({start + at for at in places if 0 < at < len(word)})


def _edges(slots: Iterable[Slot]) -> set[int]:
    return {edge for slot in slots for edge in (slot.start, slot.end)}


def _form(text: str) -> str:
    return lowered(composed(text))


def _place(word: str, size: int) -> int:
    """How much of a word as it is written makes `size` characters of its form."""
    if word.isascii():
        return size
    for at in range(1, len(word)):
        if len(_form(word[:at])) == size and len(_form(word[: at + 1])) > size:
            return at
    return size
