"""Made utterances by how likely they are and how often the same was said by likelier ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.data.annotations import Utterance
from dataselect.data.fields import POSITION, Column
from dataselect.data.json_lines.json_values import numbers
from dataselect.execution.scorer import Scorer, Scores
from dataselect.models.language_model.scoring.language_model import DECIMALS
from dataselect.models.paraphrase_detector.pairs.templates import canonical
from dataselect.operations.values.fill.filling import MadeUtterance
from dataselect.operations.values.fill.likelihood import ORDER, Likelihood

LIKELIHOOD, DISCOUNTED = "likelihood", "discounted_likelihood"
_BATCH = 8192


@dataclass(frozen=True)
class FillScorer(Scorer):
    """Likelihoods of made utterances, looked up by position: the discount depends on all of them.

    `likelihoods`, `discounted`: (records,), of those from the position `first` on.
    """

    noun: ClassVar[str] = "values fill"
    may_add: ClassVar[tuple[str, ...]] = (LIKELIHOOD, DISCOUNTED)
    adds: tuple[str, ...] = field(default=may_add, init=False)

    likelihoods: NDArray[np.float64]
    discounted: NDArray[np.float64]
    first: int
    figures: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, annotated: Sequence[Utterance], made: Iterable[MadeUtterance], first: int
    ) -> FillScorer:
        """Of utterances made of annotated ones; the first has the position `first`."""
        if not annotated:
            return cls(np.zeros(0), np.zeros(0), first)
        likelihood = Likelihood(annotated)
        likelihoods = [np.zeros(0)]
        contents = _Contents()
        rest = iter(made)
        while batch := list(islice(rest, _BATCH)):
            likelihoods.append(likelihood.of([each.utterance for each in batch]))
            contents.add(batch)
        values = np.concatenate(likelihoods)
        discounted = np.round(values - contents.discounts(values), DECIMALS)
        return cls(values, discounted, first, {"values": likelihood.values, "order": ORDER})

    @property
    def measure(self) -> str:
        return DISCOUNTED

    @property
    def columns(self) -> Sequence[Column]:
        """The text, and the position."""
        return [Column.text("text"), POSITION]

    def part(self, first: int, records: int) -> FillScorer:
        """What is known of some records; bad ones come before `first`."""
        start, stop = np.maximum((first - self.first, first + records - self.first), 0).tolist()
        return replace(
            self,
            likelihoods=self.likelihoods[start:stop],
            discounted=self.discounted[start:stop],
            first=self.first + start,
        )

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        places = np.asarray(columns[1], np.intp) - self.first
        found, discounted = self.likelihoods[places], self.discounted[places]
        return Scores(discounted, {LIKELIHOOD: numbers(found), DISCOUNTED: numbers(discounted)})

    def describe(self) -> dict[str, Any]:
        return self.figures


class _Contents:
    """Templates and values of utterances, by numbers."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._found: list[tuple[int, ...]] = []

    def add(self, made: Iterable[MadeUtterance]) -> None:
        for each in made:
            _, intent, slots, _ = each.utterance
            keys = {(intent, slot.slot, canonical(slot.value)) for slot in slots}
            found = {each.template.place, *keys}
            self._found.append(
                tuple(self._numbers.setdefault(key, len(self._numbers)) for key in found)
            )

    def discounts(self, likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log10 of 1 + how many likelier ones have the template, or, if more, one of the values."""
        taken = Counter[int]()
        most = np.zeros(len(self._found))
        for place in np.argsort(-likelihoods, kind="stable").tolist():
            most[place] = max(taken[key] for key in self._found[place])
            taken.update(self._found[place])
        return np.log10(1 + most)
