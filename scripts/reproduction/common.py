"""What the reproductions share: records in and out, the program itself, and tables."""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("dataselect")

Record = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What to measure on, and how often.

    `encoder`: a sentence-transformers model to measure beside the default encoder, or None; its
    vectors are kept in `cache`.
    """

    data: Path
    seeds: int
    encoder: str | None
    cache: Path

    @property
    def encoder_name(self) -> str:
        """How tables call it."""
        return Path(self.encoder or "").name


def load(path: Path) -> list[Record]:
    """All records of a gzipped JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write(path: Path, records: Iterable[Record]) -> Path:
    """Write records as JSONL."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def read(path: Path) -> list[Record]:
    """All records of a JSONL file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def run(folder: Path, *arguments: object) -> None:
    """Run dataselect in a folder; it keeps quiet."""
    subprocess.run([PROGRAM, *map(str, arguments), "--quiet"], cwd=folder, check=True)


def write_words(path: Path, texts: Iterable[str]) -> None:
    """Write the vocabulary of texts, for `lm train --vocab`."""
    words = {word for text in texts for word in text.split()}
    path.write_text("\n".join(sorted(words)), encoding="utf-8")


def perplexity(folder: Path, *options: object) -> float:
    """Of dev.jsonl by a trigram model of kept.jsonl over words.txt; `options` go to both steps."""
    run(folder, "lm", "train", "--vocab", "words.txt", *options, "kept.jsonl", "-o", "kept.arpa")
    tried = ("--lm", "kept.arpa", "--format", "json", *options, "dev.jsonl", "-o", "figures.json")
    run(folder, "lm", "eval", *tried)
    [figures] = json.loads((folder / "figures.json").read_text(encoding="utf-8"))["models"]
    return float(figures["perplexity"])


@dataclass
class Table:
    """Figures over seeds, by row and column."""

    title: str
    columns: Sequence[str]
    rows: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    digits: int = 3
    notes: list[str] = field(default_factory=list)

    def add(self, row: str, column: str, figure: float) -> None:
        """Put the figure of one more seed into a cell."""
        self.rows.setdefault(row, {}).setdefault(column, []).append(figure)

    def add_all(self, row: str, figures: Mapping[str, float], suffix: str = "") -> None:
        """Put figures by column into a row; each column's name ends in `suffix`."""
        for column, figure in figures.items():
            self.add(row, column + suffix, figure)

    def markdown(self) -> str:
        """Mean and standard deviation of each cell."""
        lines = [f"| {self.title} | " + " | ".join(self.columns) + " |"]
        lines.append("|---" * (len(self.columns) + 1) + "|")
        for name, cells in self.rows.items():
            spelled = [self._cell(cells.get(column, [])) for column in self.columns]
            lines.append(f"| {name} | " + " | ".join(spelled) + " |")
        return "\n".join([*lines, "", *self.notes, ""])

    def _cell(self, figures: list[float]) -> str:
        if not figures:
            return ""
        mean = f"{statistics.mean(figures):.{self.digits}f}"
        return f"{mean} ± {statistics.stdev(figures):.{self.digits}f}" if figures[1:] else mean
