"""Conditions on the figures of selections that are to end a run: `perplexity > 0.95 * random`."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from dataselect.analysis.compare.measures import MEASURES, SelectionMeasure
from dataselect.data.conditions import COMPARISONS, CONDITION, NUMBER
from dataselect.errors import OptionError

RANDOM, EVERYTHING, IN_DOMAIN, LABELLED = RESERVED = ("random", "all", "in-domain", "labelled")
"""What a selection is compared with that is not a selection itself."""

_NEEDS = {
    RANDOM: "--pool, and --random above 0",
    EVERYTHING: "--pool",
    IN_DOMAIN: "--in-domain",
    LABELLED: "--labelled and --test",
}

_CONSTANT = re.compile(rf"({NUMBER})\s*(%?)")
_PRODUCT = re.compile(rf"({NUMBER})\s*\*\s*(.+)", re.DOTALL)


@dataclass(frozen=True)
class Assertion:
    """A condition, `spelled` as it was given: a measure against a `factor` times a reference.

    `reference`: random, all, in-domain, labelled or a selection; None for the number 1.
    """

    spelled: str
    measure: SelectionMeasure
    operator: str
    factor: float
    reference: str | None

    def holds(self, value: float, limit: float) -> bool:
        """Whether it ends the run."""
        return bool(COMPARISONS[self.operator](value, limit))


def parse(spelled: str, measures: Collection[str], references: Collection[str]) -> Assertion:
    """Read a condition such as `oov > 5%`; only what is named may occur. Raises OptionError.

    >>> parse("perplexity > 0.95 * random", MEASURES, [RANDOM]).factor
    0.95
    """
    matched = CONDITION.fullmatch(spelled)
    if matched is None or matched[1] not in measures:
        raise OptionError(
            f"--fail-if '{spelled}' is not 'MEASURE > VALUE'; here, measures are "
            f"{', '.join(measures)}, and signs {' '.join(COMPARISONS)}"
        )
    measure = MEASURES[matched[1]]
    factor, reference = _operand(spelled, measure, matched[3], references)
    if (reference == LABELLED) != (measure.name == "error") and reference in (LABELLED, IN_DOMAIN):
        raise OptionError(f"--fail-if '{spelled}': '{reference}' has no {measure.name}")
    return Assertion(spelled, measure, matched[2], factor, reference)


def _operand(
    spelled: str, measure: SelectionMeasure, operand: str, references: Collection[str]
) -> tuple[float, str | None]:
    """Factor and reference of the right side. Raises OptionError."""
    if operand in references:
        return 1.0, operand
    product = _PRODUCT.fullmatch(operand)
    if product and product[2] in references:
        return float(product[1]), product[2]
    if (missing := product[2] if product else operand) in _NEEDS:
        raise OptionError(f"--fail-if '{spelled}': '{missing}' needs {_NEEDS[missing]}")
    if constant := _CONSTANT.fullmatch(operand):
        if constant[2] and not measure.is_share:
            raise OptionError(f"--fail-if '{spelled}': {measure.name} is no share; leave % out")
        return float(constant[1]) / (100 if constant[2] else 1), None
    raise OptionError(
        f"--fail-if '{spelled}': '{operand}' is nothing to compare with here; give a number, or "
        f"{', '.join(references)}, or NUMBER * one of these"
    )
