"""Labels by a recogniser: the step of self-training that gives records an intent.

After Cho et al. (2019): a recogniser trained on the annotated utterances labels those that were
kept, and the next recogniser is trained on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray

from dataselect.engines.recogniser.model import OTHER, Recogniser
from dataselect.records import Column, Fields, numbers, text
from dataselect.scoring import Scorer, Scores

INTENT, CONFIDENCE = "intent", "confidence"


class Labelling(Scorer):
    """The most probable intent of each text, and its probability.

    `keeps_other`: records that are none of the intents are not left out. `least`: those of a lower
    confidence are.
    """

    noun: ClassVar[str] = "label"
    adds: tuple[str, ...] = (INTENT, CONFIDENCE)

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        keeps_other: bool = False,
        least: float | None = None,
        text_field: str = "text",
    ) -> None:
        self.recogniser = recogniser
        self.keeps_other, self.least = keeps_other, least
        self.text_field = text_field

    @property
    def measure(self) -> str:
        """The field that records are ranked by."""
        return CONFIDENCE

    @property
    def columns(self) -> Sequence[Column]:
        """The text."""
        return [text(self.text_field)]

    @property
    def parallel(self) -> bool:  # type: ignore[override]  # known once the recogniser is
        """Whether several processes may hold the recogniser."""
        return self.recogniser.parallel

    @property
    def exclusions(self) -> tuple[str, ...]:  # type: ignore[override]  # as above
        """What is none of the intents, and what is too uncertain."""
        other = () if self.keeps_other else (f"labelled '{OTHER}'",)
        return other + (() if self.least is None else (f"below --min-confidence {self.least:g}",))

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        """Label a batch of texts."""
        places, confidence = self.recogniser.label(columns[0])
        names = [orjson.dumps(name) for name in self.recogniser.names]
        fields: Fields = {
            INTENT: [names[place] for place in places.tolist()],
            CONFIDENCE: numbers(confidence),
        }
        return Scores(confidence, fields, self._excluded(places, confidence))

    def _excluded(
        self, places: NDArray[np.intp], confidence: NDArray[np.float64]
    ) -> NDArray[np.uint8] | None:
        """(n,) which of `exclusions` holds, from 1, or 0."""
        if not self.exclusions:
            return None
        codes = np.zeros(len(places), np.uint8)
        if self.least is not None:
            codes[confidence < self.least] = len(self.exclusions)
        if not self.keeps_other and OTHER in self.recogniser.names:
            codes[places == self.recogniser.names.index(OTHER)] = 1
        return codes

    def warnings(self) -> list[str]:
        """Doubts about what was learnt."""
        return self.recogniser.warnings()

    def describe(self) -> dict[str, Any]:
        """Options and figures of the fit for the run report."""
        described = self.recogniser.describe()
        return {
            "signature": {
                "intents": described["intents"],
                "rounds": described.get("rounds"),
                "model": self.recogniser.digest[:12],
            },
            **described,
            "fit_warnings": self.warnings(),
        }

    def dumps(self) -> bytes:
        """The recogniser as bytes."""
        return self.recogniser.dumps()
