"""What is done to each block of lines, in this process or in a worker."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from dataselect import records
from dataselect.inputs import Block
from dataselect.members import without
from dataselect.selection import Excluded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.records import BadRecord, Column, Fields
    from dataselect.scoring import Scorer
    from dataselect.selection import Cut, Selection

Item = TypeVar("Item")


@dataclass(frozen=True)
class Scored:
    """A block after scoring.

    `scores` (n,) of its good records. `text` holds their lines, with fields added, but only those
    that are kept where `cut` is there: each record's fate is then known by itself, and `dropped`
    holds the rest if it is wanted. Otherwise `costs`, `groups` and `excluded` (n,) are what
    selection needs, and `order` (n,) what sorting does.
    """

    scores: NDArray[np.float64]
    text: bytes
    bad: list[BadRecord]
    cut: Cut | None = None
    dropped: bytes = b""
    costs: NDArray[np.float64] | None = None
    groups: list[str] | None = None
    excluded: NDArray[np.uint8] | None = None
    order: NDArray[np.float64] | None = None
    remarks: tuple[tuple[str, int], ...] = ()

    @property
    def ranked_scores(self) -> NDArray[np.float64]:
        """The scores of records that the scorer does not leave out."""
        return self.scores if self.excluded is None else self.scores[self.excluded == 0]


@dataclass(frozen=True)
class Work:
    """Read, check, score and annotate one block; picklable, and pure.

    `decides`: whether each record's fate is decided here. `wants_dropped`: whether what is dropped
    is written somewhere. `stop_at_first`: a block with a bad record is not read past it.
    """

    scorer: Scorer
    selection: Selection
    text_field: str = "text"
    decides: bool = True
    wants_dropped: bool = False
    stop_at_first: bool = False

    def __call__(self, block: Block) -> Scored:
        """Process one block."""
        cost, per = self._cost_column(), self._group_column()
        own = list(self.scorer.columns)
        wanted = [column for column in (cost, per, self._text_column()) if column is not None]
        found = records.read(block, [*own, *wanted], stop_at_first=self.stop_at_first)
        inputs, others = found.columns[: len(own)], iter(found.columns[len(own) :])
        scores = self.scorer.score(inputs)
        lines = found.lines
        if self.scorer.removes:
            lines = without(lines, self.scorer.removes)
        if self.decides:
            excluded = self.excluded(scores.excluded)
            cut = self.selection.cut(scores.values, self.scorer.direction, excluded=excluded)
            kept, dropped = self.write(lines, cut, scores.fields, inputs)
            return Scored(
                scores.values,
                kept,
                found.bad,
                cut,
                dropped,
                excluded=scores.excluded,
                remarks=scores.remarks,
            )
        if cost is not None:
            costs = self._costs(next(others))
        elif self._costs_added_text:
            costs = self._costs(list(map(orjson.loads, scores.fields[self.text_field])))
        else:
            costs = None
        groups = None if per is None else next(others)
        if self.selection.per in scores.fields:
            groups = [orjson.loads(value) for value in scores.fields[self.selection.per]]
        text = records.annotate(lines, scores.fields)
        return Scored(
            scores.values,
            text,
            found.bad,
            costs=costs,
            groups=groups,
            excluded=scores.excluded,
            order=scores.order,
            remarks=scores.remarks,
        )

    def excluded(self, codes: NDArray[np.uint8] | None) -> Excluded | None:
        """What the scorer leaves out, with its reasons."""
        return None if codes is None else Excluded(codes, self.scorer.exclusions)

    def write(
        self,
        lines: Sequence[bytes],
        cut: Cut,
        fields: Fields,
        columns: Sequence[list[Any]] | None = None,
    ) -> tuple[bytes, bytes]:
        """The text of what is kept, with the scorer's details, and of what is dropped, if wanted.

        `columns`: what the scorer reads; without them the details read the lines again.
        """
        mask = cut.kept
        kept = pick(lines, mask)
        added = {name: pick(values, mask) for name, values in fields.items()}
        if kept and self.scorer.has_details:
            if columns is None:
                block = Block("spool", 1, b"\n".join([*kept, b""]))
                columns = records.read(block, self.scorer.columns).columns
            else:
                columns = [list(pick(column, mask)) for column in columns]
            added.update(self.scorer.details(columns))
        text = records.annotate(kept, added)
        if not self.wants_dropped or len(kept) == len(lines):
            return text, b""
        left = {name: pick(values, ~mask) for name, values in fields.items()}
        left["dropped"] = [records.encoded(cut.reasons[fate]) for fate in cut.fates[~mask].tolist()]
        return text, records.annotate(pick(lines, ~mask), left)

    def _cost_column(self) -> Column | None:
        return None if self._costs_added_text else cost_column(self.selection.cost, self.text_field)

    @property
    def _costs_added_text(self) -> bool:
        """Whether the text that is counted is one that the scorer is about to add."""
        return self.selection.cost in ("words", "chars") and self.text_field in self.scorer.adds

    def _group_column(self) -> Column | None:
        """The `--per` field, unless the scorer is about to add it."""
        per = self.selection.per
        return None if per is None or per in self.scorer.adds else records.group(per)

    def _text_column(self) -> Column | None:
        """The text that `--auto` reads later, unless the scorer is about to add it."""
        wanted = self.selection.auto is not None and self.text_field not in self.scorer.adds
        return records.text(self.text_field) if wanted else None

    def _costs(self, values: list[Any]) -> NDArray[np.float64]:
        return counted(self.selection.cost, values)


def cost_column(cost: str, text_field: str) -> Column | None:
    """What `counted` counts: the text for words and chars, else a field; None for records."""
    if cost == "records":
        return None
    return records.text(text_field) if cost in ("words", "chars") else records.cost(cost)


def counted(cost: str, values: Sequence[Any]) -> NDArray[np.float64]:
    """(n,) what records cost: the words or characters of texts, or the numbers of a field."""
    import numpy as np

    count = {"words": lambda text: len(text.split()), "chars": len}.get(cost, float)
    return np.fromiter(map(count, values), np.float64, len(values))


def pick(values: Sequence[Item], mask: NDArray[np.bool_]) -> Sequence[Item]:
    """The values whose place in `mask` is true."""
    return values if mask.all() else list(compress(values, mask.tolist()))
