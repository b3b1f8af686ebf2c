"""Reports of `evaluate`: measures, and those of groups with the worst named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from dataselect.analysis.compare.groups.group_shares import FEWEST
from dataselect.analysis.without_texts import hidden

if TYPE_CHECKING:
    from dataselect.execution.report_documents import (
        EvaluatedGroups,
        EvaluatedMeasure,
        EvaluateReport,
    )


@dataclass(frozen=True)
class EvaluationSection:
    """An evaluation: rows of a measure's name with its figures, and a table for each of `groups`.

    A table of groups has its title and its rows.
    """

    number: int
    path: str
    facts: EvaluateReport
    rows: list[tuple[str, list[str]]]
    groups: list[tuple[str, list[tuple[str, list[str]]]]]

    @property
    def anchor(self) -> str:
        return f"evaluation-{self.number}"

    def without_text(self) -> EvaluationSection:
        """The section, whose warnings quote nothing; groups stay."""
        return replace(self, facts=cast("EvaluateReport", hidden(self.facts)))


def evaluation_section(number: int, path: str, facts: EvaluateReport) -> EvaluationSection:
    """The section of the `evaluate` report at a path."""
    found = facts["evaluate"]
    return EvaluationSection(
        number=number,
        path=path,
        facts=facts,
        rows=[(each["metric"], _figures(each)) for each in found["measures"]],
        groups=[_table(each) for each in found.get("groups", [])],
    )


def _figures(measure: EvaluatedMeasure) -> list[str]:
    """The value, that of the other file, and the difference, where there is another."""
    against, difference = measure.get("against"), measure.get("difference")
    return [
        _shown(measure),
        "-" if against is None else _shown(against),
        "-" if difference is None else _shown(difference, sign="+"),
    ]


def _table(each: EvaluatedGroups) -> tuple[str, list[tuple[str, list[str]]]]:
    rows = []
    for own in each["groups"]:
        small = own["records"] < FEWEST
        value = f"{own['value']:.2f}, too few to say" if small else _shown(own)
        worst = "the worst" if own["group"] == each["worst"] else ""
        rows.append((own["group"], [f"{own['records']:,}", value, worst]))
    return f"{each['metric']} of each {each['field']} (95 % interval)", rows


def _shown(interval: Mapping[str, object], sign: str = "") -> str:
    value, low, high = (interval[name] for name in ("value", "low", "high"))
    return f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"
