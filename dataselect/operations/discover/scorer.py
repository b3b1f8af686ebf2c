"""Groups of records, looked up by position: they depend on all records, which are read first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from dataselect.data.fields import POSITION, Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.data.json_lines.json_values import encoded, numbers
from dataselect.execution.scorer import Scorer, Scores
from dataselect.selection.reasons import Reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.operations.discover.intent_groups import IntentGroup

GROUP, GROUP_NAME, TYPICALITY = "group", "group_name", "typicality"
_NULL = b"null"
_NO_GROUP = "no group was found; give more records, or a smaller --min-size"


@dataclass(frozen=True)
class DiscoverScorer(Scorer):
    """The group of each record, and how typical of it the record is.

    `codes`, `numbers`, `typicality`: (records,) as `IntentGroups` has them, of all records of the
    input from the position `first` on. `keeps_ungrouped`: records without a group are kept, too.
    `figures` go into reports.
    """

    noun: ClassVar[str] = "discover"
    may_add: ClassVar[tuple[str, ...]] = (GROUP, GROUP_NAME, TYPICALITY)
    adds: tuple[str, ...] = field(default=may_add, init=False)

    codes: NDArray[np.uint8]
    numbers: NDArray[np.int32]
    typicality: NDArray[np.float64]
    groups: list[IntentGroup]
    keeps_ungrouped: bool = False
    figures: dict[str, Any] = field(default_factory=dict)
    text_field: str = "text"
    first: int = 0

    @property
    def measure(self) -> str:
        return TYPICALITY

    @property
    def columns(self) -> Sequence[Column]:
        """The text, so that a record without one is bad, and the position."""
        return [Column.text(self.text_field), POSITION]

    @property
    def exclusions(self) -> tuple[Reason, ...]:  # type: ignore[override]  # an option decides
        """What is of a known intent, and what is in no group."""
        return () if self.keeps_ungrouped else (Reason("known_intent"), Reason("ungrouped"))

    def part(self, first: int, records: int) -> DiscoverScorer:
        own = slice(first - self.first, first - self.first + records)
        return replace(
            self,
            codes=self.codes[own],
            numbers=self.numbers[own],
            typicality=self.typicality[own],
            first=first,
        )

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        places = np.asarray(columns[1], np.intp) - self.first
        own, typicality = self.numbers[places], self.typicality[places]
        names = [_NULL, *(encoded(each.name) for each in self.groups)]
        fields: Fields = {
            GROUP: [b"%d" % number if number else _NULL for number in own.tolist()],
            GROUP_NAME: [names[number] for number in own.tolist()],
            TYPICALITY: numbers(typicality),
        }
        excluded = None if self.keeps_ungrouped else self.codes[places]
        rank = np.where(own, own, len(names)) - typicality / 4  # group by group, best first
        return Scores(typicality, fields, excluded, order=rank)

    @property
    def remedy(self) -> str:  # type: ignore[override]  # depends on what was found
        if self.groups:
            return "loosen the selection"
        if not self.figures.get("candidates"):
            return "none is without a known intent; give records that are"
        return _NO_GROUP

    def warnings(self) -> list[str]:
        return [] if self.groups or not self.figures.get("candidates") else [_NO_GROUP]

    def describe(self) -> dict[str, Any]:
        return {
            "signature": {
                "groups": len(self.groups),
                "known": self.figures.get("known_intents"),
            },
            **self.figures,
            "groups": [each.as_json() for each in self.groups],
        }
