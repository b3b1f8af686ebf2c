"""Each record by itself: its figures, and the aligned words of the worst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.analysis.evaluate.hypothesis_pairs import HYPOTHESIS, REFERENCE
from dataselect.data.json_lines.json_bytes import annotate
from dataselect.data.json_lines.json_values import encoded

if TYPE_CHECKING:
    from dataselect.analysis.evaluate.hypothesis_pairs import HypothesisPair
    from dataselect.analysis.evaluate.metric_values import MetricResult
    from dataselect.models.metrics.error_rate import AlignedWord

FIELD = "evaluate"
"""The field of a record that holds its figures."""


def with_figures(pairs: Sequence[HypothesisPair], measures: Iterable[MetricResult]) -> bytes:
    """The records of the system as they came, with value and counts by each metric.

    What the counts sum up to is what the metric counts of all records.
    """
    found: list[dict[str, Any]] = [{} for _ in pairs]
    for each in measures:
        counted = each.metric.segment_counts(each.statistics)
        if counted is None:
            continue
        values = each.metric.value(each.statistics).tolist()
        for own, value, counts in zip(found, values, counted, strict=True):
            own[each.metric.name] = {"value": value, **counts}
    lines = [pair.system.line.raw for pair in pairs]
    return annotate(lines, {FIELD: list(map(encoded, found))})


@dataclass(frozen=True)
class WorstRecord:
    """One of the records with the highest WER, and its words beside those of its reference."""

    place: str
    wer: float
    words: list[AlignedWord]

    def as_json(self) -> dict[str, Any]:
        """Place, WER and the words: reference, hypothesis, and what was done."""
        return {
            "place": self.place,
            "wer": self.wer,
            "words": [word._asdict() for word in self.words],
        }


def worst(
    pairs: Sequence[HypothesisPair], measures: Iterable[MetricResult], number: int
) -> list[WorstRecord]:
    """The records of the highest WER, of equal ones those with more errors first."""
    import numpy as np

    from dataselect.models.metrics.error_rate import EDITS, Wer

    if not number:
        return []
    found = next(each for each in measures if isinstance(each.metric, Wer))
    metric = found.metric
    assert isinstance(metric, Wer)
    rates, edits = metric.value(found.statistics), found.statistics[:, : len(EDITS)].sum(axis=1)
    order = np.lexsort((-edits, -rates))[:number]
    chosen = [(pairs[place].system, rates[place]) for place in order.tolist() if edits[place]]
    return [
        WorstRecord(
            f"{system.line.source}:{system.line.number}",
            float(rate),
            metric.aligned(system.fields[HYPOTHESIS], system.fields[REFERENCE]),
        )
        for system, rate in chosen
    ]
