"""Selection on a number that the records already carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from dataselect.data.records import Column, number
from dataselect.execution.scorer import Scorer, Scores

if TYPE_CHECKING:
    from dataselect.selection.ranking import Direction


class Field(Scorer):
    """The value of a numeric field as the score; adds nothing."""

    noun: ClassVar[str] = "select"
    may_add: ClassVar[tuple[str, ...]] = ()

    def __init__(self, path: str, direction: Direction = "high") -> None:
        self.path, self.direction = path, direction

    @property
    def measure(self) -> str:
        return self.path

    @property
    def columns(self) -> Sequence[Column]:
        return [number(self.path)]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        import numpy as np

        return Scores(np.array(columns[0], dtype=np.float64), {})

    def describe(self) -> dict[str, Any]:
        return {"signature": {"by": self.path, "best": self.direction}}
