"""Metrics of a set of pairs: values, bootstrap intervals, and what they count."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dataselect.analysis.evaluate.hypothesis_pairs import (
    HYPOTHESIS,
    INTENT,
    INTENT_REFERENCE,
    REFERENCE,
    SLOTS,
    SLOTS_REFERENCE,
    HypothesisPair,
)

if TYPE_CHECKING:
    from dataselect.analysis.evaluate.group_values import FieldValues
    from dataselect.analysis.evaluate.record_values import WorstRecord
    from dataselect.analysis.evaluate.weak_clusters import WeakCluster
    from dataselect.models.metrics import Metric, TextMetric
    from dataselect.models.metrics.bootstrap import Interval, PairedBootstrap, Statistics


@dataclass(frozen=True)
class MetricValue:
    """A metric's value for one system, and what its statistics count."""

    interval: Interval
    counts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Value, bounds and counts."""
        return {**asdict(self.interval), "counts": self.counts}


@dataclass(frozen=True)
class MetricResult:
    """One metric of a system; `baseline` and `comparison` where there is a second file.

    `statistics` are those of the system, a row a record.
    """

    metric: Metric
    system: MetricValue
    statistics: Statistics = field(repr=False, compare=False)
    baseline: MetricValue | None = None
    comparison: PairedBootstrap | None = None

    def as_json(self) -> dict[str, Any]:
        """What the table shows and more; `difference` is system - baseline."""
        about: dict[str, Any] = {
            "metric": self.metric.name,
            "higher_is_better": self.metric.higher_is_better,
            "signature": self.metric.signature,
            **self.system.as_json(),
        }
        if self.baseline is not None and self.comparison is not None:
            compared = self.comparison
            about["against"] = self.baseline.as_json()
            about["difference"] = {
                "value": compared.difference,
                "low": compared.low,
                "high": compared.high,
                "p_value": compared.p_value,
                "wins": compared.wins,
            }
        return about


@dataclass(frozen=True)
class EvaluationResult:
    """All measures of some pairs; `left_out` counts bad records.

    `empty`, `empty_against` and `empty_references` count texts without a word, None where no text
    is measured. `weak_clusters`: None where nobody looked for any.
    """

    records: int
    left_out: int
    samples: int
    seed: int
    empty: int | None
    empty_against: int | None
    empty_references: int | None
    measures: list[MetricResult]
    worst: Sequence[WorstRecord] = ()
    groups: Sequence[FieldValues] = ()
    weak_clusters: Sequence[WeakCluster] | None = None

    @property
    def absent_fields(self) -> list[str]:
        """The fields of groups that no record has."""
        return list(dict.fromkeys(each.field for each in self.groups if each.is_absent))

    def as_json(self) -> dict[str, Any]:
        """One object with everything."""
        return {
            "records": self.records,
            "bad_records": self.left_out,
            "empty_hypotheses": self.empty,
            "empty_hypotheses_against": self.empty_against,
            "empty_references": self.empty_references,
            "samples": self.samples,
            "seed": self.seed,
            "measures": [each.as_json() for each in self.measures],
            **({"worst": [each.as_json() for each in self.worst]} if self.worst else {}),
            **({"groups": [each.as_json() for each in self.groups]} if self.groups else {}),
            **(
                {}
                if self.weak_clusters is None
                else {"weak_clusters": [each.as_json() for each in self.weak_clusters]}
            ),
        }


def evaluate(
    pairs: Sequence[HypothesisPair],
    metrics: Sequence[TextMetric],
    *,
    labels: Collection[str] = (),
    samples: int = 1000,
    seed: int = 0,
    left_out: int = 0,
) -> EvaluationResult:
    """Measure pairs by metrics of texts, and of labels: of `labels` intent, slots and exact.

    Every metric gets the same draws of segments. Without pairs there is nothing to measure.
    """
    texts = _Columns.of(pairs, [HYPOTHESIS], [REFERENCE]) if metrics else None
    measures: list[MetricResult] = []
    if pairs and texts is not None:
        measures += [texts.measure(metric, samples, seed) for metric in metrics]
    for name in labels if pairs else ():
        measures += _LABELS[name](pairs, samples, seed)
    return EvaluationResult(
        records=len(pairs),
        left_out=left_out,
        samples=samples,
        seed=seed,
        empty=None if texts is None else _count_empty(texts.system),
        empty_against=(
            None if texts is None or texts.baseline is None else _count_empty(texts.baseline)
        ),
        empty_references=None if texts is None else _count_empty(texts.references),
        measures=measures,
    )


def _measure_intents(
    pairs: Sequence[HypothesisPair], samples: int, seed: int
) -> list[MetricResult]:
    from dataselect.models.metrics import Accuracy, MacroF1

    labels = _Columns.of(pairs, [INTENT], [INTENT_REFERENCE])
    metrics = (Accuracy(), MacroF1.of(labels.system, labels.references, labels.baseline or ()))
    return [labels.measure(metric, samples, seed) for metric in metrics]


def _measure_slots(pairs: Sequence[HypothesisPair], samples: int, seed: int) -> list[MetricResult]:
    from dataselect.models.metrics import SlotF1

    slots = _Columns.of(pairs, [SLOTS], [SLOTS_REFERENCE])
    metric = SlotF1.of(slots.system, slots.references, slots.baseline or ())
    return [slots.measure(metric, samples, seed)]


def _measure_exact_match(
    pairs: Sequence[HypothesisPair], samples: int, seed: int
) -> list[MetricResult]:
    from dataselect.models.metrics import ExactMatch

    both = _Columns.of(pairs, [INTENT, SLOTS], [INTENT_REFERENCE, SLOTS_REFERENCE])
    return [both.measure(ExactMatch(), samples, seed)]


_LABELS = {"intent": _measure_intents, "slots": _measure_slots, "exact": _measure_exact_match}


def _count_empty(texts: Sequence[str]) -> int:
    return sum(not text.strip() for text in texts)


@dataclass(frozen=True)
class _Columns:
    """What is compared, in the order of the pairs."""

    references: list[Any]
    system: list[Any]
    baseline: list[Any] | None

    @classmethod
    def of(
        cls, pairs: Sequence[HypothesisPair], given: Sequence[str], true: Sequence[str]
    ) -> _Columns:
        """The fields `given` and `true` of all pairs, together where there are several."""
        own, others = itemgetter(*given), [each.baseline for each in pairs if each.baseline]
        return cls(
            [itemgetter(*true)(pair.system.fields) for pair in pairs],
            [own(pair.system.fields) for pair in pairs],
            [own(other.fields) for other in others] or None,
        )

    def measure(self, metric: Metric, samples: int, seed: int) -> MetricResult:
        """Value, interval and comparison by one metric."""
        import numpy as np

        from dataselect.models.metrics.bootstrap import interval, paired_bootstrap

        def score(hypotheses: list[Any]) -> tuple[MetricValue, Statistics]:
            rows = metric.statistics(hypotheses, self.references)
            found = interval(metric, rows, np.random.default_rng(seed), samples)
            return MetricValue(found, metric.counts(rows.sum(axis=0))), rows

        system, rows = score(self.system)
        if self.baseline is None:
            return MetricResult(metric, system, rows)
        baseline, baseline_rows = score(self.baseline)
        rng = np.random.default_rng(seed)
        compared = paired_bootstrap(metric, baseline_rows, rows, rng, samples)
        return MetricResult(metric, system, rows, baseline, compared)
