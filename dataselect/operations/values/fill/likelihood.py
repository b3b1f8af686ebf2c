"""How likely a made utterance is: its words by a language model, its values by their frequency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dataselect.data.annotations import Slot, Utterance
from dataselect.models.language_model.scoring.language_model import DECIMALS
from dataselect.models.language_model.trained_model import KneserNey
from dataselect.models.paraphrase_detector.pairs.templates import canonical

ORDER = 3


class Likelihood:
    """Mean log10 probability of the words and values of an utterance.

    Words are scored by a small language model of annotated texts, values by how often the slot has
    them in the intent, smoothed by 1.
    """

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        self._model = KneserNey(order=ORDER, lowercase=True).fit([each.text for each in utterances])
        self._values = Counter(
            (each.intent, slot.slot, canonical(slot.value))
            for each in utterances
            for slot in each.slots
        )
        self._totals = Counter[tuple[str | None, str]]()
        for (intent, slot, _), count in self._values.items():
            self._totals[intent, slot] += count + 1

    @property
    def values(self) -> int:
        """How many different values slots have in intents."""
        return len(self._values)

    def of(self, utterances: Sequence[Utterance]) -> NDArray[np.float64]:
        """One number an utterance."""
        found = self._model.text_scores([each.text for each in utterances])
        values = [self._log_share(each.intent, each.slots) for each in utterances]
        events = found.words + 1 + [len(each.slots) for each in utterances]
        means: NDArray[np.float64] = (found.log_probs + np.array(values)) / events
        return means.round(DECIMALS)

    def _log_share(self, intent: str | None, slots: Sequence[Slot]) -> float:
        """The log10 probabilities of the values, added up."""
        shares = [
            (self._values[intent, each.slot, canonical(each.value)] + 1)
            / (self._totals[intent, each.slot] + 1)
            for each in slots
        ]
        return float(np.log10(shares).sum())
