"""Slots that a tagger found, and slots as runs of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dataselect.data.annotations import Slot
    from dataselect.models.slot_tagger.slot_tokens import Token


class TaggedSlot(NamedTuple):
    """A slot that a tagger found; `confidence` is the probability that it is exactly there."""

    slot: str
    start: int
    end: int
    value: str
    confidence: float


class Tagged(NamedTuple):
    """The slots of a text, and the probability that they are all right."""

    slots: tuple[TaggedSlot, ...]
    confidence: float


def segments(
    tags: NDArray[np.intp], bounds: NDArray[np.intp], slots: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """(m,) first and last token of each segment, and its slot."""
    first = np.flatnonzero((tags > 0) & (tags <= slots))
    goes_on = np.append(tags > slots, False)
    goes_on[bounds[:-1][np.diff(bounds) > 0]] = False
    stops = np.flatnonzero(~goes_on)
    last = stops[np.searchsorted(stops, first, side="right")] - 1
    return first, last, tags[first] - 1


def edges_of(slots: Sequence[Slot]) -> list[int]:
    """Where slots begin and end."""
    return [edge for slot in slots for edge in (slot.start, slot.end)]


def covered(tokens: Sequence[Token], slot: Slot) -> list[int]:
    """Which tokens a slot has a part of."""
    return [
        place
        for place, token in enumerate(tokens)
        if token.start < slot.end and token.end > slot.start
    ]


_CLOSEST = 1e-9  # to 0 and 1


def log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) of probabilities; of 0 and 1, finite ones."""
    inside = np.clip(probabilities, _CLOSEST, 1 - _CLOSEST)
    odds: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return odds
