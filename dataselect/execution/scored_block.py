"""Blocks of records after scoring: what a worker gives back."""

from __future__ import annotations

from dataclasses import dataclass
from pickle import PickleBuffer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.records import BadRecord
    from dataselect.execution.scorer import Remarks, Scores
    from dataselect.selection.apply import Cut
    from dataselect.selection.score_table import ScoreTable


@dataclass(frozen=True)
class ScoredRecords:
    """The good records of a block, (n,), and what is known of them before any is kept.

    `columns`: the values that the scorer read. `costs` and `groups` are there where the selection
    needs them, `texts` and their `keys` where copies are looked for.
    """

    lines: Sequence[bytes]
    columns: Sequence[list[Any]]
    scores: Scores
    bad: list[BadRecord]
    costs: NDArray[np.float64] | None = None
    groups: list[str] | None = None
    texts: Sequence[str] = ()
    keys: NDArray[np.uint64] | None = None

    @property
    def ranked_scores(self) -> NDArray[np.float64]:
        """The scores of records that the scorer does not leave out."""
        values, excluded = self.scores.values, self.scores.excluded
        return values if excluded is None else values[excluded == 0]


@dataclass(frozen=True)
class ScoredBlock:
    """A block after scoring.

    `scores` (n,) of its good records, `ranked_scores` of those that the scorer does not leave out.
    `keys` (n,): copies have the same, NO_TEXT stands for no text.
    """

    scores: NDArray[np.float64]
    ranked_scores: NDArray[np.float64]
    bad: list[BadRecord]
    remarks: Remarks
    keys: NDArray[np.uint64] | None

    def __getstate__(self) -> dict[str, Any]:
        """Its attributes; lines as buffers, which need not be copied on their way."""
        state = vars(self)
        return {
            name: PickleBuffer(value) if isinstance(value, bytes) else value
            for name, value in state.items()
        }


@dataclass(frozen=True)
class SelectedBlock(ScoredBlock):
    """A block that was selected without looking at other blocks.

    `kept` and `dropped` are JSON lines; `dropped` is empty unless somebody wants it. `texts` (k,)
    are of what is kept, where there are keys.
    """

    cut: Cut
    kept: bytes | memoryview
    dropped: bytes | memoryview
    texts: Sequence[str]


@dataclass(frozen=True)
class PendingBlock(ScoredBlock):
    """A block of records that wait for a decision.

    `text`: their lines, with fields added; or only the fields, of these `names`, a line a record.
    What selection needs, (n,) each: `costs`, `groups`, `excluded`; and `order`, what sorting does.
    """

    text: bytes | memoryview
    names: Sequence[str]
    costs: NDArray[np.float64] | None
    groups: list[str] | None
    excluded: NDArray[np.uint8] | None
    order: NDArray[np.float64] | None

    def add_to(self, table: ScoreTable) -> None:
        """Add what selection needs. Raises OutputError."""
        table.add(
            self.groups,
            scores=self.scores,
            keys=self.keys,
            costs=self.costs,
            excluded=self.excluded,
            order=self.order,
        )
