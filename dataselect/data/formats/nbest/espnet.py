"""ESPnet's n-best folders: `1best_recog`, `2best_recog` ... with keyed files `text` and `score`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from dataselect.data.files.raw_files import display
from dataselect.data.formats.lines import Found, Item, Layout
from dataselect.data.formats.speech.keyed_text import (
    BadLineError,
    KeyedLine,
    KeyedTable,
    keyed_lines,
)
from dataselect.data.formats.values import finite
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

_FOLDER = re.compile(r"([0-9]+)best_recog")
_TEXT, _SCORE = "text", "score"
_TENSOR = re.compile(r"tensor\(\s*([^,()\s]+).*\)")  # how PyTorch spells a number


def files_of(folder: str) -> list[str]:
    """The `text` and `score` of each `Nbest_recog` in a folder, in the order of N."""
    ranks = sorted(int(found[1]) for found in map(_FOLDER.fullmatch, os.listdir(folder)) if found)
    paths = [
        os.path.join(folder, f"{rank}best_recog", name)
        for rank in ranks
        for name in (_TEXT, _SCORE)
    ]
    return [path for path in paths if os.path.isfile(path)]


class _Rank(NamedTuple):
    """The second, third ... candidates; `scores` where the folder has them."""

    texts: KeyedTable
    scores: KeyedTable | None


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `id`, `nbest` for each line of the first `text`; a list ends where a rank has none.

    All but the first `text` is held in memory.
    """
    first, *others = zip(inputs.paths, inputs.by_file(), strict=True)
    if os.path.basename(first[0]) != _TEXT:
        raise InputError(f"{display(first[0])}: no 'text' of ESPnet; name the folder that has it")
    tables = {os.path.dirname(path): {_TEXT: KeyedTable("", ())} for path in inputs.paths}
    for path, blocks in others:
        folder, name = os.path.split(path)
        tables[folder][name] = KeyedTable(os.path.join(os.path.basename(folder), name), blocks)
    ranks = [_Rank(each[_TEXT], each.get(_SCORE)) for each in tables.values()]
    seen: set[str] = set()
    for found in keyed_lines(first[1]):
        yield _item(found, ranks, repeated=found.id in seen)
        seen.add(found.id)
    for rank in ranks[1:]:
        for found in rank.texts:
            if found.id not in seen:
                seen.add(found.id)
                yield found.line.bad(f"id '{found.id}' is not in the first text; add it there")


def _item(found: KeyedLine, ranks: list[_Rank], *, repeated: bool) -> Item:
    if repeated:
        return found.line.bad(f"id '{found.id}' stands twice; remove one")
    try:
        nbest = [_candidate(found.id, found.value(), ranks[0])]
        nbest += [
            _candidate(found.id, rank.texts.look_up(found.id, str), rank)
            for rank in ranks[1:]
            if found.id in rank.texts
        ]
    except BadLineError as refusal:
        return refusal.line.bad(refusal)
    except ValueError as refusal:
        return found.line.bad(refusal)
    return Found(found.line, {"id": found.id, "nbest": nbest})


def _candidate(id_: str, text: str, rank: _Rank) -> dict[str, Any]:
    if rank.scores is None:
        return {"text": text}
    return {"text": text, "score": rank.scores.look_up(id_, _score)}


def _score(value: str) -> float:
    found = _TENSOR.fullmatch(value)
    return finite(found[1] if found else value, "score")
