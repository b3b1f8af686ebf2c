"""How a model spells words that texts have in composed form: KenLM compares bytes."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

_MOST_REMEMBERED = 1_000_000  # words: some 100 MB


class Spelling:
    r"""Composed texts in the spelling of a model, whose words may be decomposed (NFD).

    >>> spelling = Spelling({"e\u0301te\u0301".encode()}.__contains__)
    >>> ascii(spelling(["été jazz".encode()])[0].decode())
    "'e\\u0301te\\u0301 jazz'"
    """

    def __init__(self, knows: Callable[[bytes], bool]) -> None:
        """`knows`: whether the model has a word of these bytes."""
        self._knows = knows
        self._spelled: dict[bytes, bytes] = {}

    def __call__(self, texts: Sequence[bytes]) -> list[bytes]:
        """Each text with the words that the model spells otherwise; those of ASCII as they are."""
        return [text if text.isascii() else self._respelled(text) for text in texts]

    def _respelled(self, text: bytes) -> bytes:
        return b" ".join(map(self._word, text.split()))

    def _word(self, word: bytes) -> bytes:
        if word.isascii():
            return word
        if (spelled := self._spelled.get(word)) is None:
            if len(self._spelled) >= _MOST_REMEMBERED:
                self._spelled.clear()
            spelled = self._spelled[word] = self._looked_up(word)
        return spelled

    def _looked_up(self, word: bytes) -> bytes:
        if self._knows(word):
            return word
        decomposed = unicodedata.normalize("NFD", word.decode()).encode()
        return decomposed if self._knows(decomposed) else word
