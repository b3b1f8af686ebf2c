"""English texts normalised as for the error rates of Whisper (Radford et al. 2022, appendix C)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from dataselect.errors import OptionError
from dataselect.models.normalization import Normalization, composed


@dataclass(frozen=True)
class EnglishNormalization(Normalization):
    """Whisper's normalisation of English by the package whisper-normalizer.

    Lower case without punctuation, marks, hesitations and what stands in brackets; numbers as
    digits, contractions in full, American spelling.

    >>> EnglishNormalization()("Um, it's twenty-one dollars for the colour [noise]")
    'it is $21 for the color'
    """

    def __post_init__(self) -> None:
        """Raise OptionError if the package is missing."""
        _normalizer()

    def __call__(self, text: str) -> str:
        """The normalised text."""
        return str(_normalizer()(composed(text)).strip())

    def __str__(self) -> str:
        return "english"


@cache
def _normalizer() -> Any:
    try:
        from whisper_normalizer.english import EnglishTextNormalizer
    except ImportError:
        raise OptionError(
            "--normalise english needs a package; pip install whisper-normalizer"
        ) from None
    return EnglishTextNormalizer()
