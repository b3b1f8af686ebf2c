"""SRILM n-best lists: one file an utterance, named by it, in one of three layouts.

`ascore lscore nwords w1 w2 ...` with logarithms of base 10; or after a header `NBestList1.0`
`(score) w1 w2 ...`, after `NBestList2.0` `(score) w1 ( st: 0 et: 1 g: -2 a: -3 ) ...`, with scores
in bytelogs, which become logarithms of base 10.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from dataselect.data.formats.lines import Item, Layout, joined, lines
from dataselect.data.formats.nbest.candidates import nbest_record
from dataselect.data.formats.values import finite, name_of
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

_HEADER = re.compile(rb"NBestList([12])\.0\s*")
_SCORED = re.compile(r"\(\s*([^()\s]+)\s*\)\s*(.*)", re.DOTALL)
_TIMED = re.compile(r"(\S+)\s+\(\s+st:\s+(\S+)\s+et:\s+(\S+)\s+g:\s+\S+\s+a:\s+\S+\s+\)\s*")
_BYTELOG = 1024 * math.log10(1.0001)  # nbest-format(5): a logarithm to base 1.0001, over 1024


def recognizes(first: bytes) -> bool:
    """Whether a file has one of SRILM's headers."""
    return _HEADER.match(first) is not None


def files_of(folder: str) -> list[str]:
    """The files of a folder, by name, if the first is a list of SRILM's; hidden ones aside."""
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name[0] != "."]
    paths = [path for path in paths if os.path.isfile(path)]
    try:
        first = next(lines(Inputs(paths[:1]).blocks()), None) if paths else None
        if first is None or not recognizes(first.raw):
            _ranked("" if first is None else first.text())
    except (InputError, ValueError):
        return []
    return paths


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `id`, `nbest` for each file; a bad line makes it bad, no line no record."""
    for path, blocks in zip(inputs.paths, inputs.by_file(), strict=True):
        group = [line for line in lines(blocks) if not line.blank()]
        if not group:
            continue
        whole = joined(group)
        candidate: Callable[[str], dict[str, Any]] = _ranked
        if header := _HEADER.fullmatch(group[0].raw):
            candidate = _scored if header[1] == b"1" else _timed
            del group[0]
        yield nbest_record(whole, name_of(path), group, candidate)


def _ranked(line: str) -> dict[str, Any]:
    cells = line.split()
    if len(cells) < 3 or cells[2] != str(len(cells) - 3):
        raise ValueError("no list of SRILM; write ASCORE LSCORE NWORDS and as many words")
    scores = {"ascore": finite(cells[0], "ascore"), "lscore": finite(cells[1], "lscore")}
    return {"text": " ".join(cells[3:]), "features": {**scores, "nwords": float(cells[2])}}


def _scored(line: str) -> dict[str, Any]:
    found = _SCORED.fullmatch(line.strip())
    if found is None:
        raise ValueError("no score at the beginning; write (SCORE) WORD ...")
    return {"text": " ".join(found[2].split()), "score": finite(found[1], "score") * _BYTELOG}


def _timed(line: str) -> dict[str, Any]:
    """A hypothesis with times; what lies within the word before, as phones do, is none."""
    found = _scored(line)
    words: list[str] = []
    end, place = -math.inf, 0
    while place < len(found["text"]):
        timed = _TIMED.match(found["text"], place)
        if timed is None:
            raise ValueError("a word without times; write WORD ( st: START et: END g: LM a: AC )")
        word, *times = timed.groups()
        begun, ended = (finite(time, "a time") for time in times)
        if begun >= end or ended > end:
            words.append(word)
            end = ended
        place = timed.end()
    return {**found, "text": " ".join(words)}
