"""Slot files in either of their layouts."""

from __future__ import annotations

from collections.abc import Iterator

from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.nlu import conll, slotgated
from dataselect.data.input_files import Inputs

SLOTGATED_FILES = 3


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """Three files are SlotGated's seq.in, seq.out and label; any other number are CoNLL's."""
    several = len(inputs.paths) == SLOTGATED_FILES and layout.columns is None
    return slotgated.read(inputs, layout) if several else conll.read(inputs, layout)
