"""Metrics of the groups that a field tells apart, and which is served worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.analysis.compare.groups.group_shares import FEWEST, NO_GROUP
from dataselect.data.fields import Column

if TYPE_CHECKING:
    from dataselect.analysis.evaluate.hypothesis_pairs import HypothesisPair
    from dataselect.analysis.evaluate.metric_values import MetricResult
    from dataselect.models.metrics import Metric
    from dataselect.models.metrics.bootstrap import Interval

MOST_GROUPS = 20
_OF_GROUP = "group "


def group_column(path: str) -> Column:
    """A column of groups; records without one are a group, too."""
    group = Column.group(path)
    return replace(
        Column.optional(path, "--group"),
        check=lambda value: NO_GROUP if value is None else group.check(value),
        check_all=lambda values: set(map(type, values)) <= {str},
    )


class GroupValue(NamedTuple):
    """A metric of the records of one group."""

    group: str
    records: int
    interval: Interval

    @property
    def is_small(self) -> bool:
        """Whether it has too few records to say anything."""
        return self.records < FEWEST


@dataclass(frozen=True)
class FieldValues:
    """A metric of each of the largest groups of a field; `groups` is how many groups there are."""

    field: str
    metric: Metric
    values: list[GroupValue]
    groups: int

    @property
    def is_absent(self) -> bool:
        """Whether no record has the field."""
        return all(each.group == NO_GROUP for each in self.values)

    @property
    def worst(self) -> GroupValue | None:
        """The group of the worst value; None where fewer than two have enough records."""
        known = [each for each in self.values if not each.is_small]
        sign = 1 if self.metric.higher_is_better else -1
        return min(known, key=lambda each: sign * each.interval.value) if known[1:] else None

    def as_json(self) -> dict[str, Any]:
        """Each group with its value and bounds."""
        worst = self.worst
        return {
            "field": self.field,
            "metric": self.metric.name,
            "groups": [
                {"group": each.group, "records": each.records, **vars(each.interval)}
                for each in self.values
            ],
            "worst": None if worst is None else worst.group,
        }


def group_columns(fields: Sequence[str]) -> dict[str, Column]:
    """What is read of a record to tell its groups, under names that no other column has."""
    return {f"{_OF_GROUP}{field}": group_column(field) for field in dict.fromkeys(fields)}


def by_group(measures: Sequence[MetricResult]) -> list[MetricResult]:
    """The measures that say something of a part of the records: not means over labels."""
    from dataselect.models.metrics import LabelF1

    return [each for each in measures if not isinstance(each.metric, LabelF1)]


def group_values(
    pairs: Sequence[HypothesisPair],
    measures: Sequence[MetricResult],
    fields: Sequence[str],
    *,
    samples: int,
    seed: int,
) -> list[FieldValues]:
    """Each measure of the groups of each field, the largest group first."""
    import numpy as np

    from dataselect.models.metrics.bootstrap import interval

    found = []
    for field in fields:
        values = np.array([pair.system.fields[field] for pair in pairs], object)
        counts = Counter(values.tolist())
        for each in by_group(measures):
            own = []
            for group, count in counts.most_common(MOST_GROUPS):
                rows = each.statistics[values == group]
                rng = np.random.default_rng(seed)
                own.append(GroupValue(group, count, interval(each.metric, rows, rng, samples)))
            found.append(FieldValues(field.removeprefix(_OF_GROUP), each.metric, own, len(counts)))
    return found
