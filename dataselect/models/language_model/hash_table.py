"""Hash tables of 64-bit keys, and of words, that are looked up whole arrays at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dataselect.models.ngrams.tokens import WORD_BYTES, word_hashes

_SLOTS_PER_KEY = 2  # at least: most look-ups end at the first slot
_SPARSE_SLOTS_PER_KEY, _FEW = 4, 1 << 18  # of few keys: half as many look-ups go on, 8 MiB
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # odd, 2 ** 64 over the golden ratio (Fibonacci hashing)

Keys = NDArray[np.uint64]
Slots = NDArray[np.int64]


class HashTable:
    """Slots of distinct keys, each at or after the slot of its hash: open addressing.

    `size` is the number of slots, a power of two. No key is EMPTY, or else it is never found.
    """

    EMPTY = np.uint64(0)

    def __init__(self, keys: Keys) -> None:
        wanted = _SPARSE_SLOTS_PER_KEY if len(keys) < _FEW else _SLOTS_PER_KEY
        bits = max(int(len(keys) * wanted).bit_length(), 1)
        self.size = 1 << bits
        self._shift = np.uint64(64 - bits)
        self._keys = np.full(self.size, self.EMPTY, np.uint64)
        slots = self._first_slots(keys)
        while len(keys):
            free = self._keys[slots] == self.EMPTY
            self._keys[slots[free]] = keys[free]  # of several that want a slot one gets it
            left = self._keys[slots] != keys
            keys, slots = keys[left], self._next(slots[left])

    def _first_slots(self, keys: Keys) -> Slots:
        slots = keys * _MIXER
        slots >>= self._shift
        return slots.view(np.int64)

    def _next(self, slots: Slots) -> Slots:
        return (slots + 1) & (self.size - 1)

    def find(self, keys: Keys) -> tuple[Slots, NDArray[np.bool_]]:
        """(w,) the slot of each key, and whether it is there; some slot where it is not."""
        slots = self._first_slots(keys)
        there = self._keys.take(slots)
        found = there == keys
        left = np.flatnonzero(~found & (there != self.EMPTY))
        keys, probed = keys.take(left), slots.take(left)
        while len(left):
            probed = self._next(probed)
            there = self._keys.take(probed)
            hit = there == keys
            slots[left[hit]], found[left[hit]] = probed[hit], True
            more = ~hit & (there != self.EMPTY)
            left, keys, probed = left[more], keys[more], probed[more]
        return slots, found


class WordTable:
    """Numbers of words, told apart by 64-bit hashes of their bytes.

    >>> table = WordTable([b"play", b"jazz"], absent=-1)
    >>> data = np.frombuffer(b"jazz rock play" + bytes(WORD_BYTES), np.uint8)
    >>> table.find(data, np.array([0, 5, 10]), np.array([4, 4, 4])).tolist()
    [1, -1, 0]
    """

    def __init__(self, words: Sequence[bytes], *, absent: int) -> None:
        """`words` (w,) are distinct and numbered from 0; others get the number `absent`."""
        sizes = np.fromiter(map(len, words), np.int64, len(words))
        data = np.frombuffer(b"".join([*words, bytes(WORD_BYTES)]), np.uint8)
        hashes = _hashes(data, np.cumsum(sizes) - sizes, sizes)
        self._absent = np.int32(absent)
        self._table = HashTable(hashes)
        self._numbers = np.zeros(self._table.size, np.int32)
        self._numbers[self._table.find(hashes)[0]] = np.arange(len(words))

    def find(
        self, data: NDArray[np.uint8], starts: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """(m,) the number of each word of `data`, which has WORD_BYTES more after the last."""
        slots, known = self._table.find(_hashes(data, starts, sizes))
        return np.where(known, self._numbers.take(slots), self._absent)


def _hashes(data: NDArray[np.uint8], starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> Keys:
    hashes = word_hashes(data, starts, sizes)
    hashes ^= sizes.view(np.uint64)  # words may differ in null characters at the end
    return hashes
