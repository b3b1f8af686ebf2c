"""NeMo's `preds_out_*.tsv` of beam search: text, a tab and a score, as many lines an utterance.

Nothing in the file says where an utterance ends, so `--list-size` has to.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from dataselect.data.files.raw_files import display
from dataselect.data.formats.lines import Item, Layout, joined, lines
from dataselect.data.formats.nbest.candidates import nbest_record
from dataselect.data.formats.values import finite
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError, OptionError


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, a number from 0, and `nbest` for each `size` lines.

    Raises OptionError without a size, InputError if the last list is shorter.
    """
    if layout.list_size is None:
        raise OptionError(
            "NeMo's n-best files do not say where a list ends; give the beam size with --list-size"
        )
    return _lists(inputs, layout.list_size)


def _lists(inputs: Inputs, size: int) -> Iterator[Item]:
    found = lines(inputs.blocks())
    number = 0
    while group := list(islice(found, size)):
        if len(group) < size:
            raise InputError(
                f"{display(inputs.paths[0])}:{group[0].number}: the last list has {len(group)} "
                f"lines, not {size}; correct --list-size (transducers give fewer than the beam)"
            )
        yield nbest_record(joined(group), str(number), group, _candidate)
        number += 1


def _candidate(line: str) -> dict[str, Any]:
    text, tab, score = line.rpartition("\t")
    if not tab:
        raise ValueError("no tab; write TEXT, a tab and SCORE")
    return {"text": text, "score": finite(score, "score")}
