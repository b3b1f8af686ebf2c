"""Rescoring as with the scripts around Moses: text files of `id ||| text ||| features ||| score`.

python moses_style.py LM LISTS OUT

One step adds the features to every line, one sums them up and sorts each list, one takes the first
of each; files lie between them.
"""

import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import kenlm

_WEIGHTS = {"score": 1.0, "LM0": 0.02 * 2.302585, "WordCount0": 0.1}
_BETWEEN = " ||| "


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n").split(_BETWEEN)


def _add_features(lm: str, lists: Path, out: Path) -> None:
    score = kenlm.Model(lm).score
    with out.open("w", encoding="utf-8") as file:
        for number, text, features, own in _rows(lists):
            added = f"{features} LM0= {score(text):.6f} WordCount0= {len(text.split())}"
            file.write(_BETWEEN.join((number, text, added, own)) + "\n")


def _total(features: str) -> float:
    words = features.split()
    named = zip(words[::2], words[1::2], strict=True)
    return sum(_WEIGHTS[name.removesuffix("=")] * float(value) for name, value in named)


def _rank(lists: Path, out: Path) -> None:
    with out.open("w", encoding="utf-8") as file:
        for _, rows in groupby(_rows(lists), key=lambda row: row[0]):
            scored = [(*row[:3], f"{_total(row[2]):.6f}") for row in rows]
            for row in sorted(scored, key=lambda row: -float(row[3])):
                file.write(_BETWEEN.join(row) + "\n")


def _take_first(lists: Path, out: Path) -> None:
    with out.open("w", encoding="utf-8") as file:
        for _, rows in groupby(_rows(lists), key=lambda row: row[0]):
            file.write(next(rows)[1] + "\n")


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    _add_features(sys.argv[1], Path(sys.argv[2]), folder / "featured")
    _rank(folder / "featured", folder / "ranked")
    _take_first(folder / "ranked", Path(sys.argv[3]))
