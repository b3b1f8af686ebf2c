"""Conditions on groups that are to end a run: `kept_share(accent) < 0.8 * max`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dataselect.analysis.compare.groups.group_shares import GROUP_ERROR, GROUP_MEASURES, FieldGroups
from dataselect.data.conditions import COMPARISONS, CONDITION, NUMBER
from dataselect.errors import OptionError

_EXTREMES = {"max": max, "min": min}
_MEASURE = re.compile(r"\s*(\w+)\s*\(\s*([^()]+?)\s*\)(.*)", re.DOTALL)
_OPERAND = re.compile(rf"(?:({NUMBER})\s*(%)?)?\s*(\*)?\s*(max|min)?")


@dataclass(frozen=True)
class GroupAssertion:
    """A condition, `spelled` as it was given, on a measure of each group of a field.

    Against `factor` times the highest or lowest of the groups, by `extreme`, or the number 1.
    """

    spelled: str
    measure: str
    field: str
    operator: str
    factor: float
    extreme: str | None

    def fired(self, name: str, groups: Iterable[FieldGroups]) -> str:
        """For which groups of a selection it holds, or that it cannot be checked; else nothing."""
        own = [each for each in groups if each.field == self.field]
        values = {
            each.value: value
            for one in own
            for each in one.groups
            if (value := each.measure(self.measure)) is not None
        }
        lacking = ""
        if any(each.is_absent for each in own):
            lacking = "no record has the field"
        elif not values:
            lacking = "no group has enough records"
        elif self.extreme is not None and len(values) == 1:
            lacking = "only one group has enough records"
        if lacking:
            return f"--fail-if '{self.spelled}' cannot be checked for {name}: {lacking}"
        limit = self.factor
        if self.extreme is not None:
            limit *= _EXTREMES[self.extreme](values.values())
        worst = {
            group: value
            for group, value in values.items()
            if COMPARISONS[self.operator](value, limit)
        }
        if not worst:
            return ""
        told = ", ".join(f"'{group}' {value:.4g}" for group, value in worst.items())
        return f"--fail-if '{self.spelled}' holds for {name}: {told} against {limit:.4g}"


def parse_group_assertion(
    spelled: str, fields: Collection[str], *, trains: bool
) -> GroupAssertion | None:
    """Read a condition on groups; None for one on anything else. Raises OptionError.

    >>> parse_group_assertion("kept_share(accent) < 0.8 * max", ["accent"], trains=False).factor
    0.8
    """
    found = _MEASURE.fullmatch(spelled)
    if found is None:
        return None
    measure, field, rest = found.groups()
    condition = CONDITION.fullmatch(f"_{rest}")
    if measure not in GROUP_MEASURES or condition is None:
        raise OptionError(
            f"--fail-if '{spelled}' is not 'MEASURE(FIELD) < VALUE'; measures of groups are "
            f"{', '.join(GROUP_MEASURES)}"
        )
    if field not in fields:
        raise OptionError(f"--fail-if '{spelled}' needs --group {field}")
    if measure == GROUP_ERROR and not trains:
        raise OptionError(f"--fail-if '{spelled}' needs --labelled and --test")
    operand = _OPERAND.fullmatch(condition[3])
    number, percent, times, extreme = operand.groups() if operand else (None,) * 4
    if (number and extreme and not times) or (times and not (number and extreme)):
        operand = None
    if operand is None or not (number or extreme) or (percent and extreme):
        raise OptionError(
            f"--fail-if '{spelled}': '{condition[3]}' is nothing to compare with here; give a "
            "number, max, min, or NUMBER * one of these"
        )
    factor = (float(number) if number else 1.0) / (100 if percent else 1)
    return GroupAssertion(spelled, measure, field, condition[2], factor, extreme)
