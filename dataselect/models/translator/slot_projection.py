"""Slots of a text found again in its translation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.annotations import Slot
from dataselect.models.translator.word_aligner import Shares, TextWords, WordAligner

_LEAST = 0.05  # of a word that is less explained, nothing is known
_GAP = -0.6  # of a word inside a slot that no word of it explains, against 1 of those that are
_OF_ANOTHER = -5.0
_DECIMALS = 4


class Projection(NamedTuple):
    """Slots of a translation in its order; one that is not found is missing.

    `confidence`: the least of all slots; 0 where one is missing.
    """

    slots: tuple[Slot, ...]
    confidence: float


def project(aligner: WordAligner, text: str, slots: Sequence[Slot], translation: str) -> Projection:
    """Find the slots of a text in a translation of it.

    A word belongs to the slot that has the word which explains it best; a slot is the run that has
    most of its words.
    """
    source, target = TextWords.of(text), TextWords.of(translation)
    if not source.words or not target.words:
        return Projection((), 0.0)
    shares = aligner.shares(source.words, target.words)
    inside = [
        [k for k, (start, end) in enumerate(source.spans) if start < slot.end and end > slot.start]
        for slot in slots
    ]
    of_source = np.full(len(source.words), -1)
    for place, own in enumerate(inside):
        of_source[own] = place
    explained = shares.joint.max(0) >= _LEAST
    of_target = np.where(explained, of_source[shares.joint.argmax(0)], -1)
    found, sure = [], 1.0
    for place, slot in enumerate(slots):
        run = _run(of_target, place)
        if run is None:
            sure = 0.0
            continue
        start, end = target.spans[run[0]][0], target.spans[run[-1]][1]
        found.append(Slot(slot.slot, start, end, translation[start:end]))
        sure = min(sure, _agreement(shares, inside[place], run))
    found.sort(key=lambda slot: slot.start)
    return Projection(tuple(found), round(sure, _DECIMALS))


def _run(of_target: NDArray[np.int64], place: int) -> range | None:
    """The words from the first to the last of a slot, those of its largest part."""
    gains = np.where(of_target == place, 1.0, np.where(of_target < 0, _GAP, _OF_ANOTHER))
    best, best_sum, start, running = None, 0.0, 0, 0.0
    for k, gain in enumerate(gains.tolist()):
        if running <= 0:
            start, running = k, 0.0
        running += gain
        if running > best_sum:
            best, best_sum = range(start, k + 1), running
    return best


def _agreement(shares: Shares, source: Sequence[int], target: range) -> float:
    """F1 of what the words of each side explain of the other."""
    if not source:
        return 0.0
    cells = np.ix_(list(source), list(target))
    precision = float(shares.by_target[cells].sum()) / len(target)
    recall = float(shares.by_source[cells].sum()) / len(source)
    return 2 * precision * recall / max(1e-9, precision + recall)
