"""Texts as Python code holds them: lists, tuples, NumPy arrays of `str`, pandas Series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, TypeAlias

from dataselect.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Texts: TypeAlias = Sequence[str] | NDArray[np.str_] | NDArray[np.object_] | Any
    """A sequence of texts; Any stands for a pandas Series, as pandas is not required."""


def as_texts(texts: Texts, parameter: str = "texts") -> list[str]:
    """The texts as a list. Raises InputError for anything but a sequence of `str`.

    >>> as_texts(("play", "stop"))
    ['play', 'stop']
    """
    if isinstance(texts, str | bytes):
        raise InputError(f"{parameter}: one {type(texts).__name__}; give a list of texts")
    if isinstance(texts, Mapping | Set) or not hasattr(texts, "__len__"):
        raise InputError(
            f"{parameter}: a {type(texts).__name__}; give a list, an array or a Series of texts"
        )
    if (dimensions := getattr(texts, "ndim", 1)) != 1:
        raise InputError(f"{parameter}: {dimensions} dimensions; give one column of texts")
    found: list[str] = texts.tolist() if hasattr(texts, "tolist") else list(texts)
    for position, text in enumerate(found):
        if not isinstance(text, str):
            raise InputError(
                f"{parameter}[{position}] is {text!r:.40}, not a str; leave it out, or give a text"
            )
    return found
