"""Winnowing of records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.data.fields import Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.data.json_lines.json_values import numbers
from dataselect.errors import OptionError
from dataselect.execution.scorer import Scorer, Scores
from dataselect.models.language_model.scoring import unspaced
from dataselect.selection.reasons import Reason

if TYPE_CHECKING:
    from dataselect.operations.winnow.winnow import Winnow
    from dataselect.selection.ranking import Direction

PERPLEXITY, DIFFERENCE, OOV = "perplexity", "cross_entropy_difference", "oov"


@dataclass(frozen=True)
class Band:
    """Perplexities that are let through, both ends included."""

    lowest: float | None = None
    highest: float | None = None

    def __post_init__(self) -> None:
        """Raise OptionError for a band that lets nothing through."""
        for option, value in ("--min", self.lowest), ("--max", self.highest):
            if value is not None and not value >= 1:
                raise OptionError(f"{option}-perplexity {value} is under 1, where none is")
        if None not in (self.lowest, self.highest) and self.lowest > self.highest:  # type: ignore[operator]  # neither is None here
            raise OptionError(
                f"--min-perplexity {self.lowest} is above --max-perplexity {self.highest}"
            )

    def outside(self, perplexities: NDArray[np.float64]) -> NDArray[np.uint8]:
        """(n,) the place in `reasons`, from 1, of why a perplexity is outside the band, or 0."""
        codes = np.zeros(len(perplexities), np.uint8)
        if self.highest is not None:
            codes[perplexities > self.highest] = 1
        if self.lowest is not None:
            codes[perplexities < self.lowest] = len(self.reasons)
        return codes

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The ends that the band has."""
        ends = ("max_perplexity", self.highest), ("min_perplexity", self.lowest)
        return tuple(
            Reason(name, f"--{name.replace('_', '-')}", value)
            for name, value in ends
            if value is not None
        )


@dataclass(frozen=True)
class WinnowScorer(Scorer):
    """Adds `perplexity` and `oov`; with a background the cross-entropy difference, first.

    Records whose perplexity is outside the `band` are left out.
    """

    noun: ClassVar[str] = "winnow"
    may_add: ClassVar[tuple[str, ...]] = (DIFFERENCE, PERPLEXITY, OOV, "bucket")
    direction: ClassVar[Direction] = "low"  # type: ignore[misc]  # of all its scores

    model: Winnow
    band: Band = field(default_factory=Band)
    text_field: str = "text"

    @property
    def measure(self) -> str:
        return PERPLEXITY if self.model.background_ is None else DIFFERENCE

    @property
    def columns(self) -> Sequence[Column]:
        return [Column.text(self.text_field)]

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the background is
        """Perplexity and the number of unknown words; with a background the difference, first."""
        return (
            (PERPLEXITY, OOV) if self.model.background_ is None else (DIFFERENCE, PERPLEXITY, OOV)
        )

    @property
    def exclusions(self) -> tuple[Reason, ...]:  # type: ignore[override]  # as above
        return self.band.reasons

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        [texts] = columns
        values, found = self.model.scores(texts)
        perplexities, oov, events = found.perplexities, found.oov, found.words + 1
        fields: Fields = {PERPLEXITY: numbers(perplexities), OOV: numbers(oov)}
        if self.measure == DIFFERENCE:
            fields = {DIFFERENCE: numbers(values), **fields}
        outside = None if self.band == Band() else self.band.outside(perplexities)
        unread = np.flatnonzero(2 * oov >= events)  # texts of unknown words, and few others
        without_spaces = unspaced.count([texts[place] for place in unread.tolist()])
        remarks = ((unspaced.CAUSE, without_spaces),) if without_spaces else ()
        return Scores(values, fields, outside, remarks)

    def warnings(self) -> list[str]:
        return list(self.model.figures()["warnings"])

    def describe(self) -> dict[str, Any]:
        lm, background = self.model.lm_, self.model.background_
        return {
            "signature": {
                "lm": lm.digest[:12],
                "order": lm.order,
                "background": background and background.digest[:12],
                "norm": str(lm.normalization),
            },
            "band": asdict(self.band),
            **self.model.figures(),
        }
