"""What is done to each block of lines, in this process or in a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from dataselect import records
from dataselect.inputs import Block

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.records import BadRecord, Column
    from dataselect.scoring import Scorer
    from dataselect.selection import Cut, Selection


@dataclass(frozen=True)
class Scored:
    """A block after scoring: good lines with their fields added, and what selection needs.

    `cut` is there where each record's fate is known by itself.
    """

    lines: list[bytes]
    scores: NDArray[np.float64]
    cut: Cut | None
    costs: NDArray[np.float64] | None
    groups: list[str] | None
    bad: list[BadRecord]


@dataclass(frozen=True)
class Work:
    """Read, check, score and annotate one block; picklable, and pure.

    `stop_at_first`: a block with a bad record is not read past it.
    """

    scorer: Scorer
    selection: Selection
    text_field: str
    stop_at_first: bool

    def __call__(self, block: Block) -> Scored:
        cost, per = self._cost_column(), self._group_column()
        own = list(self.scorer.columns)
        wanted = [*own, *[column for column in (cost, per) if column is not None]]
        found = records.read(block, wanted, stop_at_first=self.stop_at_first)
        inputs, others = found.columns[: len(own)], iter(found.columns[len(own) :])
        scores = self.scorer.score(inputs)
        costs = None if cost is None else self._costs(next(others))
        groups = None if per is None else next(others)
        if self.selection.per in scores.fields:
            groups = [orjson.loads(value) for value in scores.fields[self.selection.per]]
        lines = records.annotate(found.lines, scores.fields)
        cut = None
        if self.selection.streams:
            cut = self.selection.cut(scores.values, self.scorer.direction)
            if self.scorer.has_details:
                lines = self._detailed(lines, inputs, cut.kept)
        return Scored(lines, scores.values, cut, costs, groups, found.bad)

    def _cost_column(self) -> Column | None:
        match self.selection.cost:
            case "records":
                return None
            case "words" | "chars":
                return records.text(self.text_field)
            case path:
                return records.cost(path)

    def _group_column(self) -> Column | None:
        """The `--per` field, unless the scorer is about to add it."""
        per = self.selection.per
        return None if per is None or per in self.scorer.adds else records.group(per)

    def _costs(self, values: list[Any]) -> NDArray[np.float64]:
        import numpy as np

        count = {
            "words": lambda text: len(text.split()),
            "chars": len,
        }.get(self.selection.cost, float)
        return np.fromiter(map(count, values), np.float64, len(values))

    def _detailed(
        self, lines: list[bytes], columns: Sequence[list[Any]], kept: NDArray[np.bool_]
    ) -> list[bytes]:
        """The lines, those that are kept with the scorer's details."""
        positions = kept.nonzero()[0].tolist()
        fields = self.scorer.details([[column[i] for i in positions] for column in columns])
        detailed = records.annotate([lines[i] for i in positions], fields)
        lines = list(lines)
        for position, line in zip(positions, detailed, strict=True):
            lines[position] = line
        return lines

    def details(self, lines: list[bytes]) -> list[bytes]:
        """Kept lines that waited in a spool, with the scorer's details."""
        if not self.scorer.has_details or not lines:
            return lines
        block = Block("spool", 1, b"\n".join([*lines, b""]))
        found = records.read(block, self.scorer.columns)
        return records.annotate(lines, self.scorer.details(found.columns))
