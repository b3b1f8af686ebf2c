"""Where texts have the values that slots have in other texts, in arrays: `Gazetteer` for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.operations.check.corpus_tokens import CorpusTokens

_LONGEST = 8  # tokens of a value that is looked for
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio
ONE, BEGIN, INSIDE = range(3)
"""A token that is a value of a slot, begins one, or goes on with one."""


class _Matches(NamedTuple):
    """Values in texts, (m,) each: the slot, the first token, and the one after the last."""

    slot: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]

    def some(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> _Matches:
        return _Matches(*(each[which] for each in self))


def known_values(tokens: CorpusTokens) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Tokens, (m,), and 3 times a slot plus ONE, BEGIN or INSIDE of what they are.

    A value counts in a text where another text has it. Of those of a slot that overlap, the first
    counts, and of these the longest.
    """
    found = _matches(tokens)
    order = np.lexsort((-found.end, found.first, found.slot))
    found = found.some(order)
    room = len(tokens.ids) + 1
    start, end = found.slot * room + found.first, found.slot * room + found.end
    reach = np.maximum.accumulate(np.append(0, end))[:-1]
    found = found.some(reach <= start)
    sizes = found.end - found.first
    inside = np.repeat(found.first + 1 - np.cumsum(sizes - 1) + sizes - 1, sizes - 1)
    inside += np.arange(len(inside))
    head = np.where(sizes == 1, ONE, BEGIN)
    return (
        np.concatenate([found.first, inside]),
        np.concatenate([3 * found.slot + head, np.repeat(3 * found.slot + INSIDE, sizes - 1)]),
    )


def _matches(tokens: CorpusTokens) -> _Matches:
    """The values of other texts, one for each slot that has them there."""
    words = tokens.words().astype(np.uint64)
    slot, first, end = tokens.slots.astype(np.int64).T
    text = np.repeat(np.arange(len(tokens.bounds) - 1), np.diff(tokens.slot_bounds))
    last = np.repeat(tokens.bounds[1:], np.diff(tokens.bounds))
    parts = [_Matches(*np.empty((3, 0), np.int64))]
    hashes = np.zeros(len(words), np.uint64)
    for length in range(1, _LONGEST + 1):
        hashes = hashes[: max(0, len(words) - length + 1)] * _ODD + words[length - 1 :]
        own = end - first == length
        if not own.any():
            continue
        values, value = np.unique(hashes[first[own]], return_inverse=True)
        known = _Values.of(value, slot[own], text[own], len(tokens.names), len(tokens.bounds))
        place = np.minimum(np.searchsorted(values, hashes), len(values) - 1)
        within = np.arange(len(hashes)) + length <= last[: len(hashes)]
        starts = np.flatnonzero((values[place] == hashes) & within)
        texts = np.searchsorted(tokens.bounds, starts, side="right") - 1
        which, slots = known.slots(place[starts], texts)
        parts.append(_Matches(slots, starts[which], starts[which] + length))
    return _Matches(*map(np.concatenate, zip(*parts, strict=True)))


class _Values(NamedTuple):
    """Which slots values have, (k,) ascending: `kinds` are `value * slots + slot`.

    `sole` (k,): the only text that has it there, or -1.
    """

    kinds: NDArray[np.int64]
    sole: NDArray[np.int64]
    width: int

    @classmethod
    def of(
        cls,
        value: NDArray[np.intp],
        slot: NDArray[np.int64],
        text: NDArray[np.intp],
        slots: int,
        texts: int,
    ) -> _Values:
        each = np.unique((value * slots + slot) * texts + text)
        kinds, at, counts = np.unique(each // texts, return_index=True, return_counts=True)
        return cls(kinds, np.where(counts == 1, each[at] % texts, -1), slots)

    def slots(
        self, values: NDArray[np.intp], texts: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """The slots that values have in other texts than these: which of them, and the slot."""
        low, high = (np.searchsorted(self.kinds, (values + up) * self.width) for up in (0, 1))
        which = np.repeat(np.arange(len(values)), high - low)
        before = np.cumsum(high - low) - (high - low)
        at = np.arange(len(which)) + np.repeat(low - before, high - low)
        others = self.sole[at] != texts[which]
        return which[others], self.kinds[at[others]] % self.width
