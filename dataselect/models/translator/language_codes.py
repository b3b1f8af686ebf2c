"""Codes of languages as the vocabularies of models spell them."""

from __future__ import annotations

from collections.abc import Container

from dataselect.errors import OptionError


def language_piece(
    code: str | None, vocabulary: Container[str], option: str, shown: str
) -> str | None:
    """The piece of a vocabulary that stands for a language. Raises OptionError where it has none.

    M2M has `__de__`, NLLB `deu_Latn`, mBART `de_DE`; Marian has `>>deu<<`, before the source.

    >>> language_piece("de", {"__de__", "de"}, "--target-lang", "m2m")
    '__de__'
    """
    if code is None:
        return None
    for spelled in (f"__{code}__", f">>{code}<<"):
        if spelled in vocabulary:
            return spelled
    if "_" in code and code in vocabulary:  # else it may be a piece of a word
        return code
    raise OptionError(
        f"{option} {code}: {shown} has no such language; spell it as the model's card does, such "
        "as deu_Latn, de_DE or de, or leave it out for a model of two languages"
    )


def is_before_source(piece: str) -> bool:
    """Whether the piece of a target language stands in front of the source."""
    return piece.startswith(">>")
