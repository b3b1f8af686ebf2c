"""Hash tables of 64-bit keys that are looked up whole arrays at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
        return ((keys * _MIXER) >> self._shift).view(np.int64)

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
