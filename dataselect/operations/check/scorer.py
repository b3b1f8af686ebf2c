"""Adds to each record what was found out about it: the doubt, and the problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.console import aligned
from dataselect.data.fields import POSITION, Column
from dataselect.data.json_lines.json_values import numbers
from dataselect.execution.scorer import Scorer, Scores
from dataselect.operations.check.verdict import Verified

if TYPE_CHECKING:
    from dataselect.data.json_lines.json_bytes import Fields
    from dataselect.selection.ranking import Direction

DOUBT, PROBLEMS = "doubt", "problems"
_NONE = b"[]"


@dataclass(frozen=True)
class CheckScorer(Scorer):
    """Looks up what rules say of the records of the input, by position.

    `doubts` (records,): NaN for a bad record. `problems`: JSON of those that have any, by position.
    `column`: of what was checked, so that a record that could not be is a bad one. `first`: the
    position of the first record that is known.
    """

    noun: ClassVar[str] = "check"
    may_add: ClassVar[tuple[str, ...]] = (DOUBT, PROBLEMS)
    adds: tuple[str, ...] = field(default=(DOUBT, PROBLEMS), init=False)
    direction: Direction = field(default="low", init=False)

    doubts: NDArray[np.float64]
    problems: dict[int, bytes]
    verified: Sequence[Verified]
    column: Column
    text_field: str = "text"
    first: int = 0

    @property
    def measure(self) -> str:
        return DOUBT

    @property
    def columns(self) -> Sequence[Column]:
        """The annotated text, and the position."""
        return [self.column, POSITION]

    @property
    def compared(self) -> Sequence[Column]:
        """The text: what is read is the whole record."""
        return []

    def part(self, first: int, records: int) -> CheckScorer:
        """What is known of some records, from the position `first` on."""
        own = range(first, first + records)
        return replace(
            self,
            doubts=self.doubts[first - self.first : first - self.first + records],
            problems={at: self.problems[at] for at in own if at in self.problems},
            first=first,
        )

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        positions = np.asarray(columns[1], np.intp)
        doubts = self.doubts[positions - self.first]
        fields: Fields = {
            DOUBT: numbers(doubts),
            PROBLEMS: [self.problems.get(at, _NONE) for at in positions.tolist()],
        }
        return Scores(doubts, fields, order=-doubts)

    def summary(self) -> list[str]:
        """A line for people, and a row for each rule: what was verified, and what was found."""
        rows = [("rule", "records", "found")]
        for each in self.verified:
            counts = "-" if each.skipped else f"{each.looked_at:,}", f"{each.found:,}"
            rows.append((each.rule.name, *counts))
        remarks = ["", *(each.skipped and f"not applied: {each.skipped}" for each in self.verified)]
        lines = [
            f"{row}  {remark}" if remark else row
            for row, remark in zip(aligned(rows), remarks, strict=True)
        ]
        checked = int((~np.isnan(self.doubts)).sum())
        return [f"{len(self.problems):,} of {checked:,} records have problems", *lines]

    def describe(self) -> dict[str, Any]:
        found = [each for each in self.verified if each.skipped is None]
        return {
            "signature": {"rules": len(found)},
            "rules": {
                each.rule.name: {
                    "stability": each.rule.stability,
                    "records": each.looked_at,
                    "found": each.found,
                    "skipped": each.skipped,
                }
                for each in self.verified
            },
            "records_with_problems": len(self.problems),
        }
