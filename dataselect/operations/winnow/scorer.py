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
IN_DOMAIN = "in_domain_score"


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
    """Adds `perplexity` and `oov`; first the score, if that is another.

    Records whose perplexity is outside the `band` are left out.
    """

    noun: ClassVar[str] = "winnow"
    may_add: ClassVar[tuple[str, ...]] = (IN_DOMAIN, DIFFERENCE, PERPLEXITY, OOV, "bucket")

    model: Winnow
    band: Band = field(default_factory=Band)
    text_field: str = "text"

    @property
    def direction(self) -> Direction:  # type: ignore[override]  # of its model
        return self.model.direction

    @property
    def measure(self) -> str:
        if self.model.relevance_ is not None:
            return IN_DOMAIN
        return PERPLEXITY if self.model.background_ is None else DIFFERENCE

    @property
    def columns(self) -> Sequence[Column]:
        return [Column.text(self.text_field)]

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the background is
        """The score, perplexity, and the number of unknown words."""
        return tuple(dict.fromkeys((self.measure, PERPLEXITY, OOV)))

    @property
    def exclusions(self) -> tuple[Reason, ...]:  # type: ignore[override]  # as above
        return self.band.reasons

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        [texts] = columns
        values, found = self.model.scores(texts)
        perplexities, oov, events = found.perplexities, found.oov, found.words + 1
        fields: Fields = {self.measure: numbers(values)}
        fields |= {PERPLEXITY: numbers(perplexities), OOV: numbers(oov)}
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
                "relevance": self.model.relevance_ is not None or None,
                "norm": str(lm.normalization),
            },
            "band": asdict(self.band),
            **self.model.figures(),
        }
