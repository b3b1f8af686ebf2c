"""What a section is asked for, and what it gives back."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pairs import Pairs
    from pool import Pool

NOTHING = "–"


@dataclass(frozen=True)
class Plan:
    """How to measure. `rounds` is None where each section has its own number.

    `encoder`: a sentence-transformers model, or None to leave neural encoding out.
    """

    pool: Pool
    pairs: Pairs
    cache: str
    rounds: int | None
    peers: bool
    encoder: str | None

    @contextmanager
    def output(self, name: str) -> Iterator[str]:
        """A path to write to, over and over; the file is deleted in the end."""
        path = os.path.join(self.cache, name)
        try:
            yield path
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)


@dataclass(frozen=True)
class Bar:
    """A requirement of the design: a figure that must not be above, or below, a limit.

    `of_rate`: the figure is that of records a second, not a ratio.
    """

    limit: float
    words: str
    at_most: bool = True
    of_rate: bool = False

    def met(self, figure: float) -> bool:
        """Whether a figure is good enough."""
        return figure <= self.limit if self.at_most else figure >= self.limit


@dataclass(frozen=True)
class Row:
    """A line of a table. `measured` goes into the JSON only: every round by itself."""

    cells: list[str]
    bar: Bar | None = None
    figure: float | None = None
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is no bar or nothing to hold against it."""
        return None if self.bar is None or self.figure is None else self.bar.met(self.figure)

    def spelled(self) -> list[str]:
        """All cells, the bar and whether it is met at the end."""
        met = {True: "yes", False: "**no**", None: NOTHING}[self.met]
        return [*self.cells, self.bar.words if self.bar else NOTHING, met]


@dataclass(frozen=True)
class Section:
    """A table with a title, and below it what a reader must know to trust it."""

    title: str
    heads: list[str]
    rows: list[Row]
    notes: list[str]

    def markdown(self) -> str:
        """The table, columns aligned for those who read it as it is."""
        lines = [[*self.heads, "bar", "met"], *[row.spelled() for row in self.rows]]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rule = ["-" * widths[0], *["-" * (width - 1) + ":" for width in widths[1:]]]
        table = [
            "| "
            + " | ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            + " |"
            for line in (lines[0], rule, *lines[1:])
        ]
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"## {self.title}\n", *table, "", *notes, ""])

    def as_json(self) -> dict[str, Any]:
        """Everything, and whether each bar is met."""
        rows = [
            {**dict(zip(self.heads, row.cells, strict=True)), **asdict(row), "met": row.met}
            for row in self.rows
        ]
        for row in rows:
            del row["cells"]
        return {"title": self.title, "rows": rows, "notes": self.notes}


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, and lowest to highest where there are several.

    >>> spread([1.5, 1.0, 3.0])
    '1.50 (1.00-3.00)'
    """
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def rounds_note(rounds: int) -> str:
    """How to read what `spread` writes."""
    return f"Rounds: {rounds}; the median, lowest to highest in brackets."
