"""The output of fairseq-generate: S, T, H, D and P lines with the sentence's number, tabs between.

Sentences come in the order of batches; records come in the order of their numbers, so the lines of
a whole file are held in memory. Scores are logarithms of base 2, divided by the length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.files.raw_files import display
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, joined, lines
from dataselect.data.formats.values import finite
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

_LINE = re.compile(rb"([STHDP])-([0-9]{1,18})\t")
_HYPOTHESIS = re.compile(rb"^H-([0-9]{1,18})\t[-0-9.e]+\t[^\n]*\nD-\1\t[-0-9.e]+\t", re.MULTILINE)


def recognizes(first: bytes) -> bool:
    """Whether a file has a hypothesis and its detokenised form."""
    return _HYPOTHESIS.search(first) is not None


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `id`, `src`, `ref`, `nbest` for each sentence; other lines, as logs, do not count.

    Raises InputError for a file without hypotheses, and for a sentence that comes back.
    """
    sentences: dict[int, list[SourceLine]] = {}
    last: dict[bytes, int] = {}  # the number before, among the lines of one letter
    begun: set[tuple[bytes, int]] = set()
    for line in lines(inputs.blocks()):
        found = _LINE.match(line.raw)
        if found is None:
            continue
        tag, number = found[1], int(found[2])
        if last.get(tag) != number and (tag, number) in begun:
            raise InputError(
                f"{line.source}:{line.number}: sentence {number} comes back; give each output of "
                "fairseq-generate a file of its own"
            )
        last[tag] = number
        begun.add((tag, number))
        sentences.setdefault(number, []).append(line)
    if not {b"H", b"D"} & set(last):
        path = display(inputs.paths[0])
        raise InputError(f"{path}: no line begins with H-0 or D-0, as fairseq-generate writes them")
    for number in sorted(sentences):
        yield _sentence(number, sentences.pop(number))


def _sentence(number: int, group: list[SourceLine]) -> Item:
    whole = joined(group)
    cells: dict[str, list[Any]] = {tag: [] for tag in "STHDP"}
    for line in group:
        tag = chr(line.raw[0])
        try:
            cells[tag].append(_cells(tag, line.text()))
        except ValueError as refusal:
            return whole._replace(number=line.number).bad(refusal)
    best, words = cells["D"] or cells["H"], cells["P"]
    if not best:
        return whole.bad(f"sentence {number} has no hypothesis; leave it out")
    if len(cells["H"]) not in (0, len(best)) or len(words) not in (0, len(best)):
        counts = ", ".join(f"{len(cells[tag])} {tag}" for tag in "HDP")
        return whole.bad(f"sentence {number} has {counts} lines; give as many of each")
    for candidate, scores in zip(best, words, strict=False):
        candidate["word_scores"] = scores
    sides = {name: cells[tag][0] for tag, name in (("S", "src"), ("T", "ref")) if cells[tag]}
    return Found(whole, {"id": str(number), **sides, "nbest": best})


def _cells(tag: str, line: str) -> Any:
    """What a line says: a text, a candidate, or scores of words. Raises ValueError."""
    _, value = line.split("\t", 1)
    if tag in "ST":
        return value
    if tag == "P":
        return [finite(word, "word score") for word in value.split()]
    score, tab, text = value.partition("\t")
    if not tab:
        raise ValueError(f"two cells, not three; write {tag}-NUMBER, SCORE and TEXT between tabs")
    return {"text": text, "score": finite(score, "score")}
