"""Labels by models: the step of self-training that gives records an intent, and slots.

After Cho et al. (2019): a recogniser of intents and slots trained on the annotated utterances
labels those that were kept, and the next one is trained on both.
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
from dataselect.models.slot_tagger.segments import Tagged
from dataselect.models.slot_tagger.slot_tagger import SlotTagger
from dataselect.operations.label import label_model
from dataselect.selection.reasons import Reason

INTENT, CONFIDENCE = "intent", "confidence"
SLOTS, SLOTS_CONFIDENCE = "slots", "slots_confidence"
_ANNOTATED, _SUREST = 1.0, 0.999999  # of slots that were there already, and of slots that are given

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
    """The most probable intent of each text, its probability, and by a `tagger` the slots.

    Records of a confidence under `min_confidence`, of the intent or of the slots, are left out, and
    so are those that are none of the intents, unless `keep_other`. Slots that a record has already
    stay, unless an earlier run gave them.
    """

    noun: ClassVar[str] = "label"
    may_add: ClassVar[tuple[str, ...]] = (INTENT, CONFIDENCE)
    adds: tuple[str, ...] = (INTENT, CONFIDENCE)

    def __init__(
        self,
        classifier: IntentClassifier,
        tagger: SlotTagger | None = None,
        *,
        min_confidence: float | None = None,
        keep_other: bool = False,
        text_field: str = "text",
        weight_field: str | None = None,
    ) -> None:
        self.classifier, self.tagger = classifier, tagger
        self.keeps_other, self.least = keep_other, min_confidence
        self.text_field, self.weight_field = text_field, weight_field
        if tagger is not None:
            self.adds = (INTENT, CONFIDENCE, SLOTS, SLOTS_CONFIDENCE)

    @property
    def measure(self) -> str:
        return CONFIDENCE

    @property
    def columns(self) -> Sequence[Column]:
        """The text, whether a filter has seen the record, labels that are there, and the weight.

        Nothing comes of the weight any more, but a record where it is bad is a bad record.
        """
        earlier = (INTENT, SLOTS, SLOTS_CONFIDENCE) if self.tagger else (INTENT,)
        read = [Column.text(self.text_field), _Filtered(), *map(Column.optional, earlier)]
        return read if self.weight_field is None else [*read, Column.weight(self.weight_field)]

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
            if self.tagger is not None:
                found.append(Reason("min_slots_confidence", "--min-confidence", self.least))
        return tuple(found)

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        texts, filtered, earlier, *tagged = columns if self.weight_field is None else columns[:-1]
        places, confidence = self.classifier.label(texts)
        names = [orjson.dumps(name) for name in self.classifier.names_]
        fields: Fields = {
            INTENT: [names[place] for place in places.tolist()],
            CONFIDENCE: numbers(confidence),
        }
        sure = None
        if self.tagger is not None:
            found = _tagged(
                self.tagger, texts, [self.classifier.names_[p] for p in places.tolist()]
            )
            given = [_are_annotated(*each) for each in zip(*tagged, strict=True)]
            fields[SLOTS] = [
                orjson.dumps(own if keeps else [slot._asdict() for slot in tags.slots])
                for own, keeps, tags in zip(tagged[0], given, found, strict=True)
            ]
            sure = np.array([min(tags.confidence, _SUREST) for tags in found])
            sure[given] = _ANNOTATED
            fields[SLOTS_CONFIDENCE] = numbers(sure)
        excluded = self._excluded(places, confidence, sure)
        return Scores(confidence, fields, excluded, self._remarks(places, earlier, filtered))

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
        self,
        places: NDArray[np.intp],
        confidence: NDArray[np.float64],
        sure: NDArray[np.float64] | None,
    ) -> NDArray[np.uint8] | None:
        """(n,) which of `exclusions` holds, from 1, or 0."""
        if not self.exclusions:
            return None
        codes = np.zeros(len(places), np.uint8)
        if self.least is not None:
            last = len(self.exclusions)
            if sure is not None:
                codes[sure < self.least] = last
                last -= 1
            codes[confidence < self.least] = last
        if not self.keeps_other and OTHER in self.classifier.names_:
            codes[places == self.classifier.names_.index(OTHER)] = 1
        return codes

    def warnings(self) -> list[str]:
        return self.classifier.warnings() + (self.tagger.warnings() if self.tagger else [])

    def describe(self) -> dict[str, Any]:
        described = self.classifier.describe()
        slots = {} if self.tagger is None else {"tagger": self.tagger.describe()}
        return {
            "signature": {
                "intents": described["intents"],
                "rounds": described.get("rounds"),
                "model": self.classifier.digest[:12],
            },
            **described,
            **slots,
            "fit_warnings": self.warnings(),
        }

    def dumps(self) -> bytes:
        return label_model.dumps(self.classifier, self.tagger)


def _tagged(tagger: SlotTagger, texts: Sequence[str], intents: Sequence[str]) -> list[Tagged]:
    """The slots of each text; none where no labelled record has the intent, as with "other"."""
    found = [Tagged((), _SUREST)] * len(texts)
    known = [place for place, intent in enumerate(intents) if intent in tagger.intents_]
    tags = tagger.tag([texts[place] for place in known], [intents[place] for place in known])
    for place, own in zip(known, tags, strict=True):
        found[place] = own
    return found


def _are_annotated(slots: Any, confidence: Any) -> bool:
    """Whether a record has slots that no earlier run gave it."""
    given = confidence is not None and confidence != _ANNOTATED
    if given or not isinstance(slots, list):
        return False
    return not any(isinstance(slot, dict) and CONFIDENCE in slot for slot in slots)
