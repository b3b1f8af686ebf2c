"""Shares of a text's letters that are of some Unicode scripts."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import regex
from numpy.typing import NDArray

from dataselect.errors import OptionError

_UNSPACED_SCRIPTS = (
    *("Han", "Hiragana", "Katakana"),
    *("Thai", "Lao", "Khmer", "Myanmar", "Tibetan"),
)
UNSPACED = r"\p{L}&&[ー" + "".join(rf"\p{{Script={name}}}" for name in _UNSPACED_SCRIPTS) + "]"
"""Inside a class of the package regex, version 1: letters of scripts that put no spaces between
words."""


def script_share(texts: Sequence[str], scripts: str) -> NDArray[np.float64]:
    """(n,) share of each text's letters that are of one of the scripts; 1 without letters."""
    ends = np.cumsum([0, *map(len, texts)])
    points = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4")
    kinds = _letter_kinds(scripts)[points]
    right, wrong = (_within(kinds == kind, ends) for kind in (_RIGHT, _WRONG))
    return np.where(right + wrong == 0, 1, right / np.maximum(right + wrong, 1))


def is_unspaced(texts: Sequence[str]) -> bool:
    """Whether most letters are of scripts that put no spaces between words."""
    everything = "".join(texts)
    if everything.isascii():
        return False
    return 2 * len(_UNSPACED_LETTER.findall(everything)) > len(_LETTER.findall(everything))


_LETTER = regex.compile(r"\p{L}")
_UNSPACED_LETTER = regex.compile(rf"[{UNSPACED}]", regex.VERSION1)


def _within(flags: NDArray[np.bool_], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """(n,) how many flags are set from each of `ends` (n + 1,) to the next."""
    before = np.zeros(len(flags) + 1, np.intp)
    np.cumsum(flags, out=before[1:])
    return np.diff(before[ends])


_RIGHT, _WRONG = 1, 2
_SURROGATES = range(0xD800, 0xE000)


@lru_cache(maxsize=8)
def _letter_kinds(scripts: str) -> NDArray[np.uint8]:
    """(0x110000,) of each code point: a letter of the scripts, a letter of another, or neither.

    Letters that scripts share, such as the Japanese mark of a long vowel, are neither.
    """
    inside = "".join(rf"\p{{Script={script}}}" for script in _names(scripts))
    every = "".join(map(chr, range(_SURROGATES.start))) + " " * len(_SURROGATES)
    every += "".join(map(chr, range(_SURROGATES.stop, 0x110000)))
    kinds = np.zeros(0x110000, np.uint8)
    for kind, letters in {
        _WRONG: r"[\p{L}--[\p{Script=Common}\p{Script=Inherited}]]+",
        _RIGHT: rf"[\p{{L}}&&[{inside}]]+",
    }.items():
        for run in regex.finditer(letters, every, regex.VERSION1):
            kinds[run.start() : run.end()] = kind
    return kinds


def _names(scripts: str) -> list[str]:
    return [name.strip() for name in scripts.split(",")]


# For hints only: any script that Unicode has may be named.
_COMMON_SCRIPTS = (
    "Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han "
    "Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Oriya "
    "Sinhala Tamil Telugu Thai Tibetan"
)


def check_scripts(option: str, scripts: str) -> None:
    """Raise OptionError, with names that are alike, if one of the scripts does not exist."""
    for name in _names(scripts):
        try:
            known = name.replace("_", "").isalpha() and regex.compile(rf"\p{{Script={name}}}")
        except regex.error:
            known = False
        if not known:
            near = difflib.get_close_matches(name.title(), _COMMON_SCRIPTS.split(), cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "try Latin or Cyrillic"
            raise OptionError(f"{option}: '{name}' is no Unicode script; {hint}")
