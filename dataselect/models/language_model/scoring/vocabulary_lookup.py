"""The vocabulary numbers of the words of many texts, each word looked up once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from dataselect.models.ngrams.tokens import WORD_BYTES, word_hashes

_SPACE = b" \t\n\v\f\r"
_IS_SPACE = np.isin(np.arange(256), list(_SPACE))
_AT_ONCE = 1 << 20  # words looked up at once: new ones take 150 bytes each until they are known
_SLOT_BITS = 19  # 4 MiB of hashes: 30,000 words collide seldom, and what collides is only slow
_MOST_REMEMBERED = 1_000_000  # words: some 100 MB


class KnownWords:
    """Numbers the words of texts, each asked about once, as long as it remembers.

    `number` gives the number of a word, 0 for an unknown one; a test of membership will do. Words
    are told apart by 64-bit hashes of their bytes.

    >>> KnownWords({b"play", b"jazz"}.__contains__).count([b"play some jazz", b"", b"jazz"])
    (array([3, 0, 1]), array([2, 0, 1]))
    """

    def __init__(self, number: Callable[[bytes], int]) -> None:
        self._number = number
        self._answers: dict[bytes, int] = {}
        self._hashes = np.zeros(1 << _SLOT_BITS, np.uint64)
        self._numbers = np.zeros(1 << _SLOT_BITS, np.int32)

    def count(self, texts: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(n,) words of each text, white space of ASCII between them, and (n,) known ones."""
        numbers, words = self.numbers(texts)
        so_far = np.concatenate((np.zeros(1, np.int64), np.cumsum(numbers != 0)))
        return words, np.diff(so_far[np.cumsum(words)], prepend=0)

    def numbers(self, texts: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """(w,) the numbers of the words of all texts in a row, and (n,) words of each text."""
        data = b"\n".join([*texts, bytes(WORD_BYTES)])
        starts, sizes = word_places(np.frombuffer(data, np.uint8)[:-WORD_BYTES])
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
        words = np.diff(np.searchsorted(starts, ends), prepend=0)
        found = [
            self._look_up(data, starts[first : first + _AT_ONCE], sizes[first : first + _AT_ONCE])
            for first in range(0, len(starts), _AT_ONCE)
        ]
        return np.concatenate([np.zeros(0, np.int32), *found]), words

    def _look_up(
        self, data: bytes, starts: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """(w,) the number of each word; what is not in the table is asked, and enters it."""
        hashes = word_hashes(np.frombuffer(data, np.uint8), starts, sizes)
        hashes ^= sizes.view(np.uint64)  # words may differ in null characters at the end
        slots = (hashes >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)
        numbers = self._numbers[slots]
        absent = np.flatnonzero(self._hashes[slots] != hashes)
        ends = starts[absent] + sizes[absent]
        words = map(
            data.__getitem__,
            starmap(slice, zip(starts[absent].tolist(), ends.tolist(), strict=True)),
        )
        numbers[absent] = [self._answer(word) for word in words]
        self._hashes[slots[absent]], self._numbers[slots[absent]] = hashes[absent], numbers[absent]
        return numbers

    def _answer(self, word: bytes) -> int:
        if (answer := self._answers.get(word)) is None:
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[word] = self._number(word)
        return answer


def word_places(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(w,) where words start, and their sizes in bytes; `data` ends with white space, if at all."""
    between = np.flatnonzero(data <= ord(" "))
    between = between[_IS_SPACE[data[between]]]
    starts = np.concatenate((np.zeros(1, np.int64), between[:-1] + 1)) if len(between) else between
    sizes = between - starts
    worded = sizes > 0
    return (starts, sizes) if worded.all() else (starts[worded], sizes[worded])
