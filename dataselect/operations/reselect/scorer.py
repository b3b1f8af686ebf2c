"""Selection on a number that the records already carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dataselect.data.fields import Column
from dataselect.execution.scorer import Scorer, Scores
from dataselect.selection.ranking import DIRECTIONS

if TYPE_CHECKING:
    from dataselect.selection.ranking import Direction


class Field(Scorer):
    """The value of a numeric field as the score; adds nothing.

    `best`: which end of it is the good one; "auto" is low for perplexities, distances and such that
    commands leave there, and high for the rest.

    >>> Field("perplexity").direction
    'low'
    """

    noun: ClassVar[str] = "select"
    may_add: ClassVar[tuple[str, ...]] = ()

    def __init__(self, by: str, best: Literal["auto", "high", "low"] = "auto") -> None:
        self.by = by
        self.direction: Direction = DIRECTIONS.get(by, "high") if best == "auto" else best

    @property
    def measure(self) -> str:
        return self.by

    @property
    def columns(self) -> Sequence[Column]:
        return [Column.number(self.by)]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        import numpy as np

        return Scores(np.array(columns[0], dtype=np.float64), {})

    def describe(self) -> dict[str, Any]:
        return {"signature": {"by": self.by, "best": self.direction}}
