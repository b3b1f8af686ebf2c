"""Conditions on what models remember that are to end a run: `exposure > 10`."""

from __future__ import annotations

from dataclasses import dataclass

from dataselect.data.conditions import COMPARISONS, CONDITION
from dataselect.data.fields import NUMBER
from dataselect.errors import OptionError

MEASURES = ("exposure", "auc", "advantage")
"""Figures of a model: the highest exposure of a canary, and those of the membership attack."""


@dataclass(frozen=True)
class AuditCondition:
    """A condition, `spelled` as it was given, on a figure of each model."""

    spelled: str
    measure: str
    operator: str
    limit: float

    def fires(self, value: float) -> bool:
        """Whether it ends the run."""
        return bool(COMPARISONS[self.operator](value, self.limit))


def parse(spelled: str) -> AuditCondition:
    """Read a condition. Raises OptionError.

    >>> parse("exposure > 10").limit
    10.0
    """
    matched = CONDITION.fullmatch(spelled)
    if not matched or matched[1] not in MEASURES or not NUMBER.fullmatch(matched[3]):
        raise OptionError(
            f"--fail-if '{spelled}' is not 'MEASURE > NUMBER'; measures are "
            f"{', '.join(MEASURES)}, signs {' '.join(COMPARISONS)}"
        )
    return AuditCondition(spelled, matched[1], matched[2], float(matched[3]))
