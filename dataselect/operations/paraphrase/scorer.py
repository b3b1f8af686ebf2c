"""How probably two texts say the same, by a detector: pairs, or a text and those of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from dataselect.data.fields import Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.data.json_lines.json_values import numbers
from dataselect.execution.scorer import Scorer, Scores
from dataselect.models.paraphrase_detector.best_match import Matcher

if TYPE_CHECKING:
    from dataselect.models.paraphrase_detector.detector import Detector, SavedDetector

_DECIMALS = 6


class PairProbability(Scorer):
    """Probability that the two texts of a record are paraphrases."""

    noun: ClassVar[str] = "paraphrase"
    may_add: ClassVar[tuple[str, ...]] = ("paraphrase", "nearest")
    adds: tuple[str, ...] = ("paraphrase",)
    parallel: bool = False  # one process holds the network

    def __init__(
        self,
        detector: Detector | SavedDetector,
        *,
        text1_field: str = "text1",
        text2_field: str = "text2",
    ) -> None:
        self._detector = detector
        self._fields = text1_field, text2_field

    @property
    def columns(self) -> Sequence[Column]:
        return [
            Column.text(field, f"--text{number}-field")
            for number, field in enumerate(self._fields, 1)
        ]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        pairs = list(zip(*columns, strict=True))
        values = np.round(self._detector.probabilities(pairs), _DECIMALS)
        return Scores(values, {"paraphrase": numbers(values)})

    def describe(self) -> dict[str, Any]:
        return _described(self._detector)


class BestMatch(Scorer):
    """Probability that a text is a paraphrase of the best match among the texts of a file.

    `names`: what `nearest` calls each of these, as JSON; of copies the first counts.
    """

    noun: ClassVar[str] = "paraphrase"
    may_add: ClassVar[tuple[str, ...]] = ("paraphrase", "nearest")
    adds: tuple[str, ...] = ("paraphrase", "nearest")
    parallel: bool = False

    def __init__(
        self,
        detector: Detector | SavedDetector,
        texts: Sequence[str],
        names: Sequence[bytes],
        *,
        candidates: int,
        text_field: str = "text",
    ) -> None:
        """`texts`: one or more. Raises OptionError where faiss is needed and not installed."""
        self._detector = detector
        self._matcher = Matcher(detector, texts, candidates)
        self._names = names
        self._text_field = text_field

    @property
    def columns(self) -> Sequence[Column]:
        return [Column.text(self._text_field)]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        found = self._matcher.best(columns[0])
        values = np.round(found.probabilities, _DECIMALS)
        nearest = [self._names[place] for place in found.places.tolist()]
        fields: Fields = {"paraphrase": numbers(values), "nearest": nearest}
        return Scores(values, fields)

    def describe(self) -> dict[str, Any]:
        return {**_described(self._detector), "matching": self._matcher.describe()}


def _described(detector: Detector | SavedDetector) -> dict[str, Any]:
    return {"signature": {"detector": detector.digest[:12]}, "detector": detector.describe()}
