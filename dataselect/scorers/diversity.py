"""Diversity: records that were picked because they differ from what is labelled or picked.

After Cho et al. (2019). A pick depends on those before it, so all records are read and decided
upon first; what was decided is then looked up by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.engines.diversity.decisions import (
    COPY,
    COPY_OF_LABELLED,
    PICKED,
    Decisions,
)
from dataselect.engines.diversity.greedy import NOTHING
from dataselect.records import POSITION, Column, Fields, numbers, text
from dataselect.scoring import Scorer, Scores

if TYPE_CHECKING:
    from collections.abc import Iterable

_REASONS = (
    "not picked",
    "a copy of labelled text",
    "a copy of an earlier record",
    "outside the band",
)
_DECIMALS = 6
_NULL = b"null"


@dataclass(frozen=True)
class Diversity(Scorer):
    """Looks up what was decided on the good records of the input.

    `rows` (records,): which of the decisions each position of the input has; that of a bad record
    does not matter. `names`: JSON of what `nearest` is called, by the number that decisions have.
    `wanted`: how many picks were asked for, if that was said. `figures` go into reports.
    """

    noun: ClassVar[str] = "diversity"
    adds: tuple[str, ...] = field(default=("novelty", "nearest", "round"), init=False)
    exclusions: tuple[str, ...] = field(default=_REASONS, init=False)

    decisions: Decisions
    rows: NDArray[np.intp]
    names: dict[int, bytes]
    batch_size: int
    wanted: int | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    text_field: str = "text"

    @property
    def measure(self) -> str:
        """What picks are told apart by."""
        return "novelty"

    @property
    def columns(self) -> Sequence[Column]:
        """The text, so that a record without one is bad, and the position."""
        return [text(self.text_field), POSITION]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        """Look a batch of records up."""
        decided, rows = self.decisions, self.rows[columns[1]]
        codes, order = decided.codes[rows], decided.order[rows]
        novelty = np.round(decided.novelty[rows], _DECIMALS)
        compared = np.isin(codes, (PICKED, COPY, COPY_OF_LABELLED))
        nearest = decided.nearest[rows].tolist()
        rounds = (b"%d" % number for number in (order // self.batch_size + 1).tolist())
        fields: Fields = {
            "novelty": _where(compared, numbers(novelty)),
            "nearest": [_NULL if at == NOTHING else self.names[at] for at in nearest],
            "round": _where(codes == PICKED, rounds),
        }
        return Scores(novelty, fields, excluded=codes, order=order.astype(np.float64))

    def warnings(self) -> list[str]:
        """That there was less to pick than was asked for."""
        picked = self.decisions.count(PICKED)
        if self.wanted is None or picked >= self.wanted:
            return []
        return [
            f"picked {picked:,} of {self.wanted:,} records that were asked for: no more are left"
        ]

    def describe(self) -> dict[str, Any]:
        """How picks were made, and what became of the other records."""
        novelty = self.decisions.novelty[self.decisions.picked]
        reasons = {
            reason: self.decisions.count(code) for code, reason in enumerate(_REASONS, start=1)
        }
        return {
            "signature": {
                "method": self.figures.get("method"),
                "labelled": self.figures.get("labelled"),
                "picked": len(novelty),
            },
            **self.figures,
            "picked": len(novelty),
            "novelty": {
                "first": _shown(novelty[:1]),
                "mean": _shown(novelty),
                "last": _shown(novelty[-1:]),
            },
            "dropped": reasons,
        }


def _where(mask: NDArray[np.bool_], values: Iterable[bytes]) -> list[bytes]:
    """The values where the mask is true, and null elsewhere."""
    return [
        value if is_true else _NULL for is_true, value in zip(mask.tolist(), values, strict=True)
    ]


def _shown(values: NDArray[np.float64]) -> float | None:
    return round(float(values.mean()), _DECIMALS) if len(values) else None
