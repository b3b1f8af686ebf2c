"""What selections are measured by: names, titles, and which end is the good one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dataselect.analysis.compare.downstream_error import DownstreamTraining, GroupErrors
    from dataselect.analysis.compare.selected_texts import Collection
    from dataselect.models.language_model.corpus import TokenizedCorpus
    from dataselect.models.language_model.development_set import DevelopmentSet
    from dataselect.models.language_model.vocabulary import Vocabulary
    from dataselect.selection.ranking import Direction

COUNTS = ("records", "words", "chars")
"""Costs that are no field of the records."""

_SECONDS = 3600  # an hour


class SelectionMeasure(NamedTuple):
    """One figure of a selection; `good` is its better end, None where it has none.

    A `share` is from 0 to 1, and shown in percent. `digits` are those shown after the point.
    """

    name: str
    title: str
    good: Direction | None = None
    digits: int = 2
    is_share: bool = False


MEASURES = {
    each.name: each
    for each in (
        SelectionMeasure("records", "records", digits=0),
        SelectionMeasure("words", "words", digits=0),
        SelectionMeasure("cost", "cost", digits=1),
        SelectionMeasure("hours", "hours"),
        SelectionMeasure("perplexity", "dev perplexity", "low"),
        SelectionMeasure("oov", "dev words unknown", "low", is_share=True),
        SelectionMeasure("coverage_2", "dev 2-grams covered", "high", is_share=True),
        SelectionMeasure("coverage_3", "dev 3-grams covered", "high", is_share=True),
        SelectionMeasure("distinct_1", "distinct words", is_share=True),
        SelectionMeasure("distinct_2", "distinct 2-grams", is_share=True),
        SelectionMeasure("distinct_3", "distinct 3-grams", is_share=True),
        SelectionMeasure("self_similarity", "self-similarity", digits=4),
        SelectionMeasure("duplicates", "duplicates", is_share=True),
        SelectionMeasure("labels", "labels", digits=0),
        SelectionMeasure("label_entropy", "label entropy, bits"),
        SelectionMeasure("error", "intent error", "low", is_share=True),
    )
}
"""All measures by name, in the order in which they are shown."""


_Values = dict[str, float | None]


@dataclass(frozen=True)
class MeasuredValues:
    """The measures of some records, None for what they do not have, and how often each label is.

    `group_errors`: by field and group, how many of how many test records were labelled wrongly.
    """

    values: _Values
    labels: dict[str, int]
    group_errors: GroupErrors = field(default_factory=dict)

    def label_share(self, label: str) -> float | None:
        """Of the records, None where they have no labels."""
        total = sum(self.labels.values())
        return self.labels.get(label, 0) / total if total else None


@dataclass(frozen=True)
class Gauge:
    """Takes the figures of records, all of one `vocabulary`.

    `cost` is what they cost: records, words, chars, or else the field that has seconds.
    """

    development: DevelopmentSet
    vocabulary: Vocabulary
    training: DownstreamTraining | None = None
    cost: str = "records"

    def figures(self, records: Collection) -> MeasuredValues:
        labels = records.label_counts()
        values = self._amounts(records)
        errors: GroupErrors = {}
        if len(records):
            values |= self._value(records) | self._diversity(records.corpus, labels)
            if self.training is not None:
                values["error"], errors = self.training.error(records, self.vocabulary)
        return MeasuredValues(dict.fromkeys(MEASURES) | values, labels, errors)

    def _amounts(self, records: Collection) -> _Values:
        values: _Values = {"records": len(records), "words": records.corpus.words}
        if records.costs is not None and self.cost not in ("records", "words"):
            total = float(records.costs.sum())
            values["cost"] = total
            values["hours"] = None if self.cost in COUNTS else total / _SECONDS
        return values

    def _value(self, records: Collection) -> _Values:
        corpus, dev = records.corpus, self.development
        known = dev.coverage(corpus, 1)
        return {
            "perplexity": dev.perplexity(corpus),
            "oov": None if known is None else 1 - known,
            "coverage_2": dev.coverage(corpus, 2),
            "coverage_3": dev.coverage(corpus, 3),
        }

    def _diversity(self, corpus: TokenizedCorpus, labels: Mapping[str, int]) -> _Values:
        from dataselect.analysis.compare.diversity_statistics import (
            distinct,
            duplicates,
            entropy,
            self_similarity,
        )

        return {
            **{f"distinct_{n}": distinct(corpus, n) for n in (1, 2, 3)},
            "self_similarity": self_similarity(corpus),
            "duplicates": duplicates(corpus),
            "labels": len(labels) or None,
            "label_entropy": entropy([*labels.values()]) if labels else None,
        }
