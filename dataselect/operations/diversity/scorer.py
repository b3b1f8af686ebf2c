"""Diversity: records that were picked because they differ from what is labelled or picked.

After Cho et al. (2019). A pick depends on those before it, so all records are read and decided
upon first; what was decided is then looked up by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.fields import POSITION, Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.data.json_lines.json_values import numbers
from dataselect.execution.scorer import Scorer, Scores
from dataselect.operations.diversity.decisions import (
    COPY,
    COPY_OF_LABELLED,
    PICKED,
    Decisions,
)
from dataselect.operations.diversity.greedy import Picks
from dataselect.operations.diversity.objectives.objective import NOTHING
from dataselect.selection.reasons import Reason

_REASONS = (
    Reason("not_picked"),
    Reason("copy_of_labelled"),
    Reason("copy"),
    Reason("novelty"),
)
_FIELDS = ("novelty", "nearest", "round")
WEIGHT = "weight"
UNDECIDED = 255
"""The code of a record that is none."""
_COMPARED = (PICKED, COPY, COPY_OF_LABELLED)
_DECIMALS = 6
_NULL = b"null"


class Known(NamedTuple):
    """Records of which more is known than a code, (k,) each: picks, and maybe copies.

    `positions` ascend. `order`: 0 for the first pick, 1 for the next, NOTHING for copies.
    `novelty`: of picks when they were picked, of copies 0. `nearest`: what each is closest to, or
    NOTHING: labelled texts are counted first, and then the records of the pool. `weight`: of picks
    how many records they stand for, where that is known, and else 0.
    """

    positions: NDArray[np.intp]
    order: NDArray[np.intp]
    novelty: NDArray[np.float64]
    nearest: NDArray[np.intp]
    weight: NDArray[np.intp]

    def take(self, which: NDArray[np.intp] | slice) -> Known:
        """Some of them."""
        return Known(
            self.positions[which],
            self.order[which],
            self.novelty[which],
            self.nearest[which],
            self.weight[which],
        )

    @classmethod
    def of_picks(
        cls, picks: Picks, labelled: int, weights: NDArray[np.intp] | None = None
    ) -> Known:
        """From picks, which are positions."""
        places = picks.nearest.places
        earlier = labelled + picks.items[np.maximum(places - labelled, 0)]
        nearest = np.where(places < labelled, places, earlier)
        order = np.argsort(picks.items)
        own = np.zeros(len(order), np.intp) if weights is None else weights
        novelty = 1 - picks.nearest.similarities[order]
        return cls(picks.items[order], order, novelty, nearest[order], own[order])

    @classmethod
    def of_decisions(cls, decided: Decisions, positions: NDArray[np.intp], labelled: int) -> Known:
        """From picks and copies among the texts of records at some positions."""
        picks = decided.picks._replace(items=positions[decided.picks.items])
        copies = np.flatnonzero(decided.first != NOTHING)
        first = decided.first[copies]
        known = (
            np.append(picked, of_copies)
            for picked, of_copies in zip(
                cls.of_picks(picks, labelled, decided.weights),
                (
                    positions[copies],
                    np.full(len(copies), NOTHING),
                    np.zeros(len(copies)),
                    np.where(
                        first < labelled,
                        first,
                        labelled + positions[np.maximum(first - labelled, 0)],
                    ),
                    np.zeros(len(copies), np.intp),
                ),
                strict=True,
            )
        )
        found = cls(*known)
        return found.take(np.argsort(found.positions))


@dataclass(frozen=True)
class DiversityScorer(Scorer):
    """Looks up what was decided on the records of the input, good or bad, by position.

    `codes` (records,) uint8: what `decisions` call them; UNDECIDED for a bad record.
    `names`: JSON of what `nearest` is called, by its number. `first`: the position of the first
    record that is known. `wanted`: how many picks were asked for, if that was said. `figures` go
    into reports. `weighs`: whether picks say how many records they stand for.
    """

    noun: ClassVar[str] = "diversity"
    may_add: ClassVar[tuple[str, ...]] = (*_FIELDS, WEIGHT)
    exclusions: tuple[Reason, ...] = field(default=_REASONS, init=False)

    codes: NDArray[np.uint8]
    known: Known
    names: dict[int, bytes]
    round_size: int
    wanted: int | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    text_field: str = "text"
    first: int = 0
    weighs: bool = False

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # known once there are picks
        """Names of the fields, the weight among them where it is known."""
        return (*_FIELDS, WEIGHT) if self.weighs else _FIELDS

    @property
    def measure(self) -> str:
        return "novelty"

    @property
    def columns(self) -> Sequence[Column]:
        """The text, so that a record without one is bad, and the position."""
        return [Column.text(self.text_field), POSITION]

    def part(self, first: int, records: int) -> DiversityScorer:
        """What is known of some records, from the position `first` on."""
        start, stop = np.searchsorted(self.known.positions, (first, first + records))
        known = self.known.take(slice(start, stop))
        numbers = set(known.nearest.tolist())
        return replace(
            self,
            codes=self.codes[first - self.first : first - self.first + records],
            known=known,
            names={number: name for number, name in self.names.items() if number in numbers},
            first=first,
        )

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        positions = np.asarray(columns[1], np.intp)
        codes = self.codes[positions - self.first]
        places = np.searchsorted(self.known.positions, positions)
        is_known = np.searchsorted(self.known.positions, positions, "right") > places
        known = self.known.take(places[is_known])
        order, nearest = np.full((2, len(codes)), NOTHING)
        novelty = np.zeros(len(codes))
        order[is_known], nearest[is_known] = known.order, known.nearest
        novelty[is_known] = np.round(known.novelty, _DECIMALS)
        compared, picked = np.isin(codes, _COMPARED), codes == PICKED
        near = nearest != NOTHING
        rounds = [b"%d" % number for number in (order[picked] // self.round_size + 1).tolist()]
        fields: Fields = {
            "novelty": _null_except(compared, numbers(novelty[compared])),
            "nearest": _null_except(near, [self.names[at] for at in nearest[near].tolist()]),
            "round": _null_except(picked, rounds),
        }
        if self.weighs:
            weights = [b"%d" % weight for weight in known.weight[known.order != NOTHING].tolist()]
            fields[WEIGHT] = _null_except(picked, weights)
        return Scores(novelty, fields, excluded=codes, order=order.astype(np.float64))

    def warnings(self) -> list[str]:
        """That there was less to pick than was asked for."""
        picked = self._count(PICKED)
        if self.wanted is None or picked >= self.wanted:
            return []
        return [
            f"picked {picked:,} of {self.wanted:,} records that were asked for: no more are left"
        ]

    def describe(self) -> dict[str, Any]:
        picked = self.known.order != NOTHING
        novelty = self.known.novelty[picked][np.argsort(self.known.order[picked])]
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
        }

    def _count(self, code: int) -> int:
        return int((self.codes == code).sum())


def _null_except(mask: NDArray[np.bool_], values: Sequence[bytes]) -> list[bytes]:
    """The values where the mask is true, one for each, and null elsewhere."""
    found = [_NULL] * len(mask)
    for place, value in zip(np.flatnonzero(mask).tolist(), values, strict=True):
        found[place] = value
    return found


def _shown(values: NDArray[np.float64]) -> float | None:
    return round(float(values.mean()), _DECIMALS) if len(values) else None
