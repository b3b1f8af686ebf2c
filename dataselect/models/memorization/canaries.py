"""Canaries: texts that were put into training data, and the form that each was drawn from."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_HOLE = re.compile(r"\{([^{}]*)\}")
_REPEATED = re.compile(r"(digit|letter)(?::([1-9]\d?))?")
_SHOWN = 40  # characters
_MOST_PLACES = 1_000  # 100,000 texts are made of them
_CHARACTERS = {"digit": string.digits, "letter": string.ascii_lowercase}


@dataclass(frozen=True)
class CanaryForm:
    """All texts of a form, such as `my code is {digit:9}`.

    `{digit:N}` and `{letter:N}` are N characters in a row, one without `:N`, and `{red|green}` one
    of these words; the rest is as it stands. Raises ValueError for another thing in braces.

    >>> form = CanaryForm("{red|green} {digit}")
    >>> form.size, form.texts(np.array([0, 19])), form.has("green 7"), form.has("blue 7")
    (20, ['red 0', 'green 9'], True, False)
    """

    spelled: str

    def __post_init__(self) -> None:
        if self.spelled.count("{") > _MOST_PLACES or len(self._parts) > _MOST_PLACES:
            raise ValueError(f"has over {_MOST_PLACES:,} places; write a shorter one")
        if self.size < 2:
            raise ValueError("leaves no choice; write such as 'my code is {digit:9}'")

    @cached_property
    def _parts(self) -> list[tuple[str, ...]]:
        """The texts that may stand at each place, one after the other."""
        literals, holes = _HOLE.split(self.spelled)[::2], _HOLE.findall(self.spelled)
        filled = zip([(literal,) for literal in literals[1:]], map(_choices, holes), strict=True)
        rest = chain.from_iterable((*chosen, literal) for literal, chosen in filled)
        return [(literals[0],), *rest]

    @cached_property
    def size(self) -> int:
        """How many texts have it."""
        return math.prod(map(len, self._parts))

    def has(self, text: str) -> bool:
        """Whether a text is of the form."""
        ends = {0}
        for choices in self._parts:
            ends = {
                end + len(each) for end in ends for each in choices if text.startswith(each, end)
            }
        return len(text) in ends

    def texts(self, numbers: NDArray[np.int64]) -> list[str]:
        """Some texts by number, from 0 to below `size`, which has to fit into 63 bits."""
        chosen = []
        for choices in reversed(self._parts):
            numbers, own = np.divmod(numbers, len(choices))
            chosen.append(own)
        return self._spelled(chosen[::-1])

    def drawn(self, count: int, rng: np.random.Generator) -> list[str]:
        """Texts drawn at random, with replacement."""
        return self._spelled([rng.integers(len(each), size=count) for each in self._parts])

    def _spelled(self, chosen: Sequence[NDArray[np.int64]]) -> list[str]:
        columns = [
            np.array(choices, object)[own].tolist()
            for choices, own in zip(self._parts, chosen, strict=True)
        ]
        return list(map("".join, zip(*columns, strict=True)))


def _choices(hole: str) -> list[tuple[str, ...]]:
    """What may stand at each place of a pair of braces."""
    if repeated := _REPEATED.fullmatch(hole):
        return [tuple(_CHARACTERS[repeated[1]])] * int(repeated[2] or 1)
    if "|" in hole:
        return [tuple(dict.fromkeys(hole.split("|")))]
    known = "write {digit:9}, {letter:9} or {red|green}"
    raise ValueError(f"has {{{hole[:_SHOWN]}}}, which is not known; {known}")


class Canary(NamedTuple):
    """A text that may have been trained on, of a form."""

    text: str
    form: CanaryForm

    @classmethod
    def of(cls, text: str, form: str) -> Canary:
        """Raises ValueError for a form that is none, or that the text does not have."""
        found = cls(text, CanaryForm(form))
        if not found.form.has(text):
            raise ValueError("is not the form of the text; correct one of them")
        return found
