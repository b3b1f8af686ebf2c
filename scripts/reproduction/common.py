"""What the reproductions share: records in and out, the program itself, and tables."""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from scipy.stats import t

PROGRAM = Path(sys.executable).with_name("dataselect")

Record = dict[str, Any]
Case = TypeVar("Case")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Plan:
    """What to measure on, and how often.

    `encoder`: a sentence-transformers model to measure beside the default encoder, or None; its
    vectors are kept in `cache`. `jobs`: cases that are measured at the same time. `resume`: a file
    of cases that were measured before, and of those that are.
    """

    data: Path
    seeds: int
    encoder: str | None
    cache: Path
    jobs: int = 1
    resume: Path | None = None

    def kept(
        self, measure: Callable[[Case], dict[str, float]]
    ) -> Callable[[Case], dict[str, float]]:
        """The same, of what is in the file `resume` already; what is not is added to it."""
        if self.resume is None:
            return measure
        path = self.resume

        def measured(case: Case) -> dict[str, float]:
            own = json.loads(json.dumps(case))
            for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
                before, figures = json.loads(line)
                if before == own:
                    return dict(figures)
            found = measure(case)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([own, found]) + "\n")
            return found

        return measured

    def each(
        self, measure: Callable[[Case], Found], cases: Iterable[Case]
    ) -> Iterator[tuple[Case, Found]]:
        """Yield every case, in order, with what measuring it found; threads wait for commands."""
        listed = list(cases)
        with ThreadPoolExecutor(self.jobs) as pool:
            for number, found in enumerate(pool.map(measure, listed), start=1):
                print(f"{number} of {len(listed)} cases", file=sys.stderr, flush=True)
                yield listed[number - 1], found

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


def environment(folder: Path, requirements: Sequence[str]) -> Path:
    """The interpreter of an environment that has some packages; made where needed."""
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = "\n".join([sys.version, *requirements])
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *requirements], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return python


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


@dataclass(frozen=True)
class Claim:
    """What was said to come out, and what did: the mean of `measured`, of which high is good.

    `bar` is what it has to reach.
    """

    what: str
    bar: float
    measured: Sequence[float]
    unit: str = "%"

    @property
    def mean(self) -> float:
        """What is compared with the bar."""
        return statistics.mean(self.measured)

    @property
    def is_met(self) -> bool:
        """Whether it holds."""
        return self.mean >= self.bar

    def row(self) -> str:
        """A row of the table of claims."""
        unit = f" {self.unit}" if self.unit else ""
        verdict = "met" if self.is_met else "not met"
        return f"| {self.what} | {self.bar:g}{unit} | {self.mean:.3g}{unit} | {verdict} |"

    def as_json(self) -> dict[str, Any]:
        """Every figure."""
        return {"what": self.what, "bar": self.bar, "measured": self.measured, "met": self.is_met}


CLAIMS_HEAD = "| claim | bar | measured, mean | |\n|---|---|---|---|"


@dataclass
class Table:
    """Figures over seeds, by row and column, and what they say of claims."""

    title: str
    columns: Sequence[str]
    rows: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    digits: int = 3
    notes: list[str] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def add(self, row: str, column: str, figure: float) -> None:
        """Put the figure of one more seed into a cell."""
        self.rows.setdefault(row, {}).setdefault(column, []).append(figure)

    def add_all(self, row: str, figures: Mapping[str, float], suffix: str = "") -> None:
        """Put figures by column into a row; each column's name ends in `suffix`."""
        for column, figure in figures.items():
            self.add(row, column + suffix, figure)

    def reductions(self, row: str, base: str, columns: Iterable[str]) -> list[float]:
        """By how many percent the figures of a row are below those of another, seed by seed."""
        return [
            100 * (1 - own / other)
            for column in columns
            for own, other in zip(self.rows[row][column], self.rows[base][column], strict=True)
        ]

    def paired_changes(self, pairs: Sequence[tuple[str, str]], what: str = "error") -> str:
        """How figures of a row differ from those of another, in %, seed by seed, in each column.

        Means and, of several, 95 % intervals by Student's t.
        """
        heading = f"change of the {what}, %, paired, 95 % interval"
        lines = [f"| {heading} | " + " | ".join([*self.columns, "all"]) + " |"]
        lines.append("|---" * (len(self.columns) + 2) + "|")
        for row, base in pairs:
            cells = []
            for columns in [*([name] for name in self.columns), self.columns]:
                found = [-change for change in self.reductions(row, base, columns)]
                cells.append(f"{statistics.mean(found):+.1f}{_interval(found)}")
            lines.append(f"| {row}, against {base} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

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


def _interval(found: Sequence[float]) -> str:
    """Of the mean."""
    if len(found) < 2:
        return ""
    half = float(t.ppf(0.975, len(found) - 1)) * statistics.stdev(found) / len(found) ** 0.5
    mean = statistics.mean(found)
    return f" [{mean - half:+.1f}, {mean + half:+.1f}]"
