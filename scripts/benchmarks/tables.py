"""What a part gives back: a table, what its bars say, and what a reader must know to trust it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

NOTHING = "–"


@dataclass(frozen=True)
class Verdict:
    """A bar of the design, what was measured, and whether that is good enough.

    `met` is None where too little was run to judge.
    """

    what: str
    bar: str
    measured: str
    met: bool | None

    def cells(self) -> list[str]:
        """What, bar, figure, and yes or no."""
        return [self.what, self.bar, self.measured, _YES[self.met]]


_YES = {True: "yes", False: "**no**", None: NOTHING}


@dataclass(frozen=True)
class Row:
    """A line of a table. `measured` goes into the JSON only: every round by itself."""

    cells: list[str]
    verdicts: Sequence[Verdict] = ()
    measured: dict[str, Any] = field(default_factory=dict)

    def spelled(self) -> list[str]:
        """All cells, and at the end the bars, with the figures that miss theirs."""
        told = [f"{each.bar}: {each.measured}, {_YES[each.met]}" for each in self.verdicts]
        return [*self.cells, "; ".join(told) or NOTHING]


@dataclass(frozen=True)
class Section:
    """A table with a title, and notes below it."""

    title: str
    heads: list[str]
    rows: list[Row]
    notes: list[str]

    @property
    def verdicts(self) -> list[Verdict]:
        """What its bars say."""
        return [verdict for row in self.rows for verdict in row.verdicts]

    def beside(self, heads: list[str], cells: Mapping[str, list[str]]) -> Section:
        """The same with more columns, whose cells are given by the first of a row.

        Rows of which there is nothing else come last.
        """
        none = [NOTHING] * len(heads)
        rows = [
            replace(row, cells=[*row.cells, *cells.get(row.cells[0], none)]) for row in self.rows
        ]
        known = {row.cells[0] for row in self.rows}
        empty = [NOTHING] * (len(self.heads) - 1)
        rows += [Row([name, *empty, *own]) for name, own in cells.items() if name not in known]
        return replace(self, heads=[*self.heads, *heads], rows=rows)

    def markdown(self) -> str:
        """The table, without empty columns, aligned for those who read it as it is."""
        columns = list(
            zip([*self.heads, "bar"], *[row.spelled() for row in self.rows], strict=True)
        )
        lines = list(zip(*[each for each in columns if set(each[1:]) != {NOTHING}], strict=True))
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
        """Everything, every round by itself."""
        rows = [
            {**dict(zip(self.heads, row.cells, strict=True)), **asdict(row)} for row in self.rows
        ]
        for row in rows:
            del row["cells"]
        return {"title": self.title, "rows": rows, "notes": self.notes}


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, and lowest to highest where there are several.

    >>> spread([1.5, 1.0, 3.0])
    '1.50 (1.00-3.00)'
    """
    middle = f"{statistics.median(values):,.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"
