"""How likely a made utterance is: its words by a language model, its values by their frequency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from dataselect.data.annotations import Utterance
from dataselect.data.fields import Column
from dataselect.data.json_lines.json_values import numbers
from dataselect.execution.scorer import Scorer, Scores
from dataselect.models.language_model.scoring.language_model import DECIMALS
from dataselect.models.language_model.trained_model import KneserNey
from dataselect.models.paraphrase_detector.pairs.templates import canonical

LIKELIHOOD = "likelihood"
_ORDER = 3


class FillScorer(Scorer):
    """Mean log10 probability of the words and values of an utterance.

    Words are scored by a small language model of the annotated texts, values by how often the slot
    has them in the intent, smoothed by 1.
    """

    noun: ClassVar[str] = "values fill"
    may_add: ClassVar[tuple[str, ...]] = (LIKELIHOOD,)
    adds: tuple[str, ...] = (LIKELIHOOD,)

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        self._model = KneserNey(order=_ORDER, lowercase=True).fit(
            [each.text for each in utterances]
        )
        self._values = Counter(
            (each.intent, slot.slot, canonical(slot.value))
            for each in utterances
            for slot in each.slots
        )
        self._totals = Counter[tuple[str | None, str]]()
        for (intent, slot, _), count in self._values.items():
            self._totals[intent, slot] += count + 1

    @property
    def measure(self) -> str:
        return LIKELIHOOD

    @property
    def columns(self) -> Sequence[Column]:
        """The text, and what it was made with."""
        return [Column.text("text"), Column.optional("intent"), Column.optional("slots")]

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        texts, intents, slots = columns
        found = self._model.text_scores(texts)
        values = np.array(list(map(self._log_share, intents, slots)), np.float64)
        events = found.words + 1 + list(map(len, slots))
        scores = np.round((found.log_probs + values) / events, DECIMALS)
        return Scores(scores, {LIKELIHOOD: numbers(scores)})

    def _log_share(self, intent: str | None, slots: Sequence[dict[str, Any]]) -> float:
        """The log10 probabilities of the values, added up."""
        shares = [
            (self._values[intent, each["slot"], canonical(each["value"])] + 1)
            / (self._totals[intent, each["slot"]] + 1)
            for each in slots
        ]
        return float(np.log10(shares).sum())

    def describe(self) -> dict[str, Any]:
        return {"values": len(self._values), "order": _ORDER}
