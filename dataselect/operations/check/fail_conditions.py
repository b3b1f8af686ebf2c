"""Conditions on what rules find that are to end a run: `conflicting_intents > 0`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.operations.check.verdict import Verified

ANY = "problems"
"""Records that any rule found."""

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_EXPRESSION = re.compile(r"\s*(\w+)\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d*)?|\.\d+)\s*(%?)\s*")


@dataclass(frozen=True)
class FailCondition:
    """A condition, `spelled` as it was given: the records of a rule, or their share, in percent."""

    spelled: str
    rule: str
    operator: str
    limit: float
    is_share: bool

    def fires(self, found: int, records: int) -> bool:
        """Whether it ends the run."""
        value = 100 * found / max(records, 1) if self.is_share else found
        return _OPERATORS[self.operator](value, self.limit)


def parse(spelled: str, rules: Collection[str]) -> FailCondition:
    """Read a condition such as `missing_slot > 1%`; only these rules may occur. Raises OptionError.

    >>> parse("missing_slot > 1%", ["missing_slot"]).limit
    1.0
    """
    matched = _EXPRESSION.fullmatch(spelled)
    if matched is None or matched[1] not in (*rules, ANY):
        raise OptionError(
            f"--fail-if '{spelled}' is not 'RULE > NUMBER'; here, rules are "
            f"{', '.join([*rules, ANY])}, signs {' '.join(_OPERATORS)}, numbers 5 or 1%"
        )
    name, sign, limit, percent = matched.groups()
    return FailCondition(spelled, name, sign, float(limit), bool(percent))


def fired(
    conditions: Iterable[FailCondition],
    verified: Iterable[Verified],
    records: int,
    with_problems: int,
) -> list[str]:
    """What to say of each condition that holds, or that cannot be checked."""
    by_name = {each.rule.name: each for each in verified}
    said = []
    for condition in conditions:
        own = by_name.get(condition.rule)
        if own is not None and own.skipped is not None:
            said.append(f"--fail-if '{condition.spelled}' cannot be checked: {own.skipped}")
            continue
        found = with_problems if own is None else own.found
        if condition.fires(found, records):
            said.append(f"--fail-if '{condition.spelled}' holds: {found:,} of {records:,} records")
    return said
