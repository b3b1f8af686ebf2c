"""Conditions on what rules find that are to end a run: `conflicting_intents > 0`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.data.conditions import COMPARISONS, CONDITION
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.operations.check.verdict import Verified

ANY = "problems"
"""Records that any rule found."""

_LIMIT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(%?)")


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
        return bool(COMPARISONS[self.operator](value, self.limit))


def parse(spelled: str, rules: Collection[str]) -> FailCondition:
    """Read a condition such as `missing_slot > 1%`; only these rules may occur. Raises OptionError.

    >>> parse("missing_slot > 1%", ["missing_slot"]).limit
    1.0
    """
    matched = CONDITION.fullmatch(spelled)
    limit = matched and _LIMIT.fullmatch(matched[3])
    if not matched or not limit or matched[1] not in (*rules, ANY):
        raise OptionError(
            f"--fail-if '{spelled}' is not 'RULE > NUMBER'; here, rules are "
            f"{', '.join([*rules, ANY])}, signs {' '.join(COMPARISONS)}, numbers 5 or 1%"
        )
    return FailCondition(spelled, matched[1], matched[2], float(limit[1]), bool(limit[2]))


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
