"""Variants of a text: some of its words swapped for others, or the same said otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from dataselect.analysis.counterfactual.word_lists import POLITE, REWORDINGS, SWAPS
from dataselect.data.files.chunks import read_whole
from dataselect.data.files.raw_files import display
from dataselect.data.json_lines.json_values import RefusedError, decoded
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    import numpy as np


class Swap:
    """Sets of words, any of which stands in a text for another one of its set."""

    def __init__(self, sets: Sequence[Sequence[str]]) -> None:
        self.sets = sets
        self._of_word: dict[str, int] = {}
        for place, words in enumerate(sets):
            for word in words:
                self._of_word.setdefault(word.casefold(), place)
        known = dict.fromkeys(chain.from_iterable(sets))
        longest_first = sorted(known, key=len, reverse=True)
        spelled = "|".join(map(re.escape, longest_first))
        self._expression = re.compile(rf"(?<![\w'])(?:{spelled})(?![\w'])", re.IGNORECASE)

    def variant(self, text: str, rng: np.random.Generator) -> str | None:
        """The text with each of its words swapped for another, the same everywhere in it.

        None where it has none of the words.
        """
        chosen: dict[str, str] = {}

        def other(found: re.Match[str]) -> str:
            word = self._known(found[0])
            if word not in chosen:
                words = [each for each in self.sets[self._of_word[word]] if each.casefold() != word]
                chosen[word] = words[int(rng.integers(len(words)))]
            return _in_case(chosen[word], found[0])

        swapped = self._expression.sub(other, text)
        return swapped if chosen else None

    def _known(self, found: str) -> str:
        """The word that was found: the expression takes ı and İ for i, and casefold does not."""
        word = found.casefold()
        if word in self._of_word:
            return word
        return next(
            each.casefold()
            for each in chain.from_iterable(self.sets)
            if re.fullmatch(re.escape(each), found, re.IGNORECASE)
        )


def _in_case(word: str, like: str) -> str:
    """A word in the case of another: lower, upper, or with a capital."""
    if like.islower():
        return word.lower()
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


_REWORDING = Swap(REWORDINGS)


def reworded(text: str, rng: np.random.Generator) -> str:
    """The text said otherwise: another wording where it has one, and else with or without please.

    >>> import numpy as np
    >>> reworded("play jazz", np.random.default_rng(0))
    'please play jazz'
    """
    other = _REWORDING.variant(text, rng) if rng.random() < 0.5 else None
    if other is not None:
        return other
    without = re.sub(rf"(?<!\w){POLITE}(?!\w),?\s*", "", text, flags=re.IGNORECASE).strip()
    return without if without and without != text else f"{POLITE} {text}"


def swaps_of(given: Sequence[str]) -> dict[str, Swap]:
    """The swaps of `--swap`: names of our lists, or `NAME=FILE`; all of our lists for none.

    A file has a word or phrase a line, all of which stand for each other; or several in a line with
    tabs between them, and then those of a line do. Raises OptionError, InputError.
    """
    found = {}
    for each in given or SWAPS:
        name, is_file, path = each.partition("=")
        if is_file and not name:
            raise OptionError(f"--swap '{each}' has no name; give a list as NAME=FILE")
        if is_file:
            found[name] = Swap(_sets(path))
        elif name in SWAPS:
            found[name] = Swap(SWAPS[name])
        else:
            raise OptionError(
                f"--swap '{name}' is none of {', '.join(SWAPS)}; give a list as {name}=FILE"
            )
    return found


def _sets(path: str) -> list[list[str]]:
    try:
        lines = decoded(read_whole(path)).splitlines()
    except RefusedError as refusal:
        raise InputError(f"{display(path)}: {refusal}") from None
    rows = [[word.strip() for word in line.split("\t") if word.strip()] for line in lines]
    rows = [row for row in rows if row]
    sets = rows if any(row[1:] for row in rows) else [[word for row in rows for word in row]]
    if not sets or any(len({word.casefold() for word in words}) < 2 for words in sets):
        raise InputError(
            f"{display(path)}: nothing to swap a word for; write a word a line, or several with "
            "tabs between them"
        )
    return sets
