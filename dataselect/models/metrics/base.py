"""What every metric gives: statistics of segments that add up, and the value of their sum."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.models.normalization import Normalization


class Metric(ABC):
    """A measure of a whole test set by sufficient statistics that add up over its segments.

    So a change of some hypotheses, or another draw of the segments, is a sum of rows: error-rate
    training (Och 2003), oracles and the bootstrap need no second look at the texts.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """What papers call it."""

    higher_is_better: ClassVar[bool]

    @abstractmethod
    def statistics(self, hypotheses: Sequence[Any], references: Sequence[Any]) -> Any:
        """(n, d) statistics, a row for each hypothesis and its reference: an array, or sparse."""

    @abstractmethod
    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., d) summed statistics to (...,) values, in percent points as papers print them."""

    def gain(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """(...,) values, turned so that higher is better."""
        values = self.value(sums)
        return values if self.higher_is_better else -values

    @abstractmethod
    def counts(self, sums: NDArray[np.float64]) -> dict[str, Any]:
        """What (d,) summed statistics count, by name."""

    def segment_counts(self, statistics: Any) -> list[dict[str, int]] | None:
        """What the statistics of each segment count; None where that says nothing of a segment."""
        return None

    @property
    @abstractmethod
    def signature(self) -> str:
        """One line that tells how it was measured."""


@dataclass(frozen=True)
class TextMetric(Metric):
    """A metric of texts, each with one reference; `normalization` is applied to both."""

    normalization: Normalization = field(default_factory=Normalization)

    columns: ClassVar[tuple[str, ...]]
    """What each of the d statistics counts."""

    def statistics(
        self, hypotheses: Sequence[str], references: Sequence[str]
    ) -> NDArray[np.float64]:
        """(n, d) statistics; a reference may repeat, as in n-best lists, and is prepared once."""
        normalize = self.normalization
        prepared = {text: self._prepare(normalize(text)) for text in dict.fromkeys(references)}
        rows = [
            self._row(normalize(hypothesis), prepared[reference])
            for hypothesis, reference in zip(hypotheses, references, strict=True)
        ]
        return np.array(rows, np.float64).reshape(len(rows), len(self.columns))

    @abstractmethod
    def _prepare(self, reference: str) -> Any:
        """What `_row` needs of a reference."""

    @abstractmethod
    def _row(self, hypothesis: str, reference: Any) -> Sequence[float]:
        """The d statistics of a hypothesis and a prepared reference."""

    def counts(self, sums: NDArray[np.float64]) -> dict[str, Any]:
        """The d sums by name."""
        return dict(zip(self.columns, sums.astype(int).tolist(), strict=True))

    def segment_counts(self, statistics: Any) -> list[dict[str, int]]:
        """The d statistics of each segment by name."""
        return [
            dict(zip(self.columns, row, strict=True)) for row in statistics.astype(int).tolist()
        ]
