"""Labels by a classifier: the step of self-training that gives records an intent.

After Cho et al. (2019): an intent classifier trained on the annotated utterances labels those that
were kept, and the next classifier is trained on both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray

from dataselect.data.fields import Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.data.json_lines.json_values import numbers
from dataselect.execution.scorer import FittedScorer, Remarks, Scores
from dataselect.models.intent_classifier.intent_classifier import OTHER, IntentClassifier
from dataselect.selection.reasons import Reason

INTENT, CONFIDENCE = "intent", "confidence"

_FILTERS = frozenset({"relevance", "perplexity", "distance", "paraphrase"})
"""Scores of commands that tell what is in-domain from what is not."""

_UNFILTERED = (
    "carry no score of relevance, winnow, bitext or paraphrase, and one of the intents is the only "
    "answer: filter the input first, or give --background"
)
_REPLACED = f"had another '{INTENT}', which is replaced; rename that field to keep it"


@dataclass(frozen=True)
class _Filtered(Column):
    """Whether a record carries a score that it may have been filtered by."""

    path: str = ""
    check: Callable[[Any], Any] = bool
    check_all: Callable[[list[Any]], bool] = bool
    option: str = ""

    def find(self, record: Any) -> Any:
        """Whether it has one of the fields."""
        return not _FILTERS.isdisjoint(record)

    @property
    def is_plain(self) -> bool:
        """Never: it is no name of a field."""
        return False


class LabelScorer(FittedScorer):
    """The most probable intent of each text, and its probability.

    Records of a confidence under `min_confidence` are left out, and so are those that are none of
    the intents, unless `keep_other`.
    """

    noun: ClassVar[str] = "label"
    may_add: ClassVar[tuple[str, ...]] = (INTENT, CONFIDENCE)
    adds: tuple[str, ...] = (INTENT, CONFIDENCE)

    def __init__(
        self,
        classifier: IntentClassifier,
        *,
        min_confidence: float | None = None,
        keep_other: bool = False,
        text_field: str = "text",
    ) -> None:
        self.classifier = classifier
        self.keeps_other, self.least = keep_other, min_confidence
        self.text_field = text_field

    @property
    def measure(self) -> str:
        return CONFIDENCE

    @property
    def columns(self) -> Sequence[Column]:
        """The text, an intent that is there already, and whether a filter has seen the record."""
        return [Column.text(self.text_field), Column.optional(INTENT), _Filtered()]

    @property
    def parallel(self) -> bool:  # type: ignore[override]  # known once the intent classifier is
        """Whether several processes may hold the classifier."""
        return self.classifier.parallel

    @property
    def exclusions(self) -> tuple[Reason, ...]:  # type: ignore[override]  # as above
        """What is none of the intents, and what is too uncertain."""
        found = [] if self.keeps_other else [Reason("other_intent", "--keep-other")]
        if self.least is not None:
            found.append(Reason("min_confidence", "--min-confidence", self.least))
        return tuple(found)

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        places, confidence = self.classifier.label(columns[0])
        names = [orjson.dumps(name) for name in self.classifier.names_]
        fields: Fields = {
            INTENT: [names[place] for place in places.tolist()],
            CONFIDENCE: numbers(confidence),
        }
        excluded = self._excluded(places, confidence)
        return Scores(confidence, fields, excluded, self._remarks(places, *columns[1:]))

    def _remarks(
        self, places: NDArray[np.intp], earlier: Sequence[Any], filtered: Sequence[bool]
    ) -> Remarks:
        """On records whose intent is replaced, and on those that no filter has seen."""
        names = self.classifier.names_
        given = zip(earlier, places.tolist(), strict=True)
        replaced = sum(own is not None and own != names[place] for own, place in given)
        raw = 0 if OTHER in names else len(filtered) - sum(filtered)
        found = (_REPLACED, replaced), (_UNFILTERED, raw)
        return tuple((what, count) for what, count in found if count)

    def _excluded(
        self, places: NDArray[np.intp], confidence: NDArray[np.float64]
    ) -> NDArray[np.uint8] | None:
        """(n,) which of `exclusions` holds, from 1, or 0."""
        if not self.exclusions:
            return None
        codes = np.zeros(len(places), np.uint8)
        if self.least is not None:
            codes[confidence < self.least] = len(self.exclusions)
        if not self.keeps_other and OTHER in self.classifier.names_:
            codes[places == self.classifier.names_.index(OTHER)] = 1
        return codes

    def warnings(self) -> list[str]:
        return self.classifier.warnings()

    def describe(self) -> dict[str, Any]:
        described = self.classifier.describe()
        return {
            "signature": {
                "intents": described["intents"],
                "rounds": described.get("rounds"),
                "model": self.classifier.digest[:12],
            },
            **described,
            "fit_warnings": self.warnings(),
        }

    def dumps(self) -> bytes:
        return self.classifier.dumps()
