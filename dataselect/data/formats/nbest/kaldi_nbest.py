"""Kaldi n-best lists: keyed text with ids `UTT-1`, `UTT-2` ..., as lattice-to-nbest numbers them.

In the folders of steps/rnnlmrescore.sh the text is `words_text`; the costs beside it, `acwt` and
`lmwt.*`, are negative logarithms and become features.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from dataselect.data.formats.lines import Found, Item, Layout, joined
from dataselect.data.formats.speech.keyed_text import (
    BadLineError,
    KeyedLine,
    KeyedTable,
    keyed_lines,
)
from dataselect.data.formats.values import finite
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

_TEXT = "words_text"


def files_of(folder: str) -> list[str]:
    """`words_text` and the costs of a folder; none if it has no `words_text`."""
    names = sorted(os.listdir(folder))
    if _TEXT not in names:
        return []
    costs = [name for name in names if name == "acwt" or name.startswith("lmwt.")]
    return [os.path.join(folder, name) for name in (_TEXT, *costs)]


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `id`, `nbest` for each run of ids that differ in their number; costs are held.

    Raises InputError for an utterance that comes back.
    """
    text, *others = inputs.by_file()
    names = [os.path.basename(path) for path in inputs.paths[1:]]
    costs = {name: KeyedTable(name, blocks) for name, blocks in zip(names, others, strict=True)}
    closed: set[str] = set()
    for id_, group in groupby(keyed_lines(text), lambda found: _utterance(found.id)):
        candidates = list(group)
        if id_ in closed:
            line = candidates[0].line
            raise InputError(
                f"{line.source}:{line.number}: the lines of '{id_}' are not together; sort them "
                "with sort -s -V -k1,1"
            )
        closed.add(id_)
        yield _item(id_, candidates, costs)


def _utterance(id_: str) -> str:
    """An id without its number."""
    return id_.rpartition("-")[0]


def _item(id_: str, group: list[KeyedLine], costs: dict[str, KeyedTable]) -> Item:
    whole = joined(found.line for found in group)
    nbest: list[dict[str, Any]] = []
    seen: set[str] = set()
    for found in group:
        try:
            nbest.append(_candidate(found, costs))
        except BadLineError as refusal:
            return refusal.line.bad(refusal)
        except ValueError as refusal:
            return whole._replace(number=found.line.number).bad(refusal)
        if found.id in seen:
            reason = f"id '{found.id}' stands twice; remove one"
            return whole._replace(number=found.line.number).bad(reason)
        seen.add(found.id)
    return Found(whole, {"id": id_, "nbest": nbest})


def _candidate(found: KeyedLine, costs: dict[str, KeyedTable]) -> dict[str, Any]:
    candidate: dict[str, Any] = {"text": found.value()}
    utterance, _, number = found.id.rpartition("-")
    if not (utterance and number.isdecimal()):
        raise ValueError(f"id '{found.id}' has no number at its end; write UTTERANCE-1")
    if costs:
        costs_of = {name: table.look_up(found.id, _cost) for name, table in costs.items()}
        candidate["features"] = costs_of
    return candidate


def _cost(value: str) -> float:
    return finite(value, "the cost")
