"""Which options of a run would have kept a record that it dropped."""

from __future__ import annotations

import contextlib
import math
from dataclasses import fields
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from dataselect.data.fields import Column
from dataselect.errors import DataselectError
from dataselect.selection.ranking import gain
from dataselect.selection.reasons import EXCLUDED, WORSE_COPY

if TYPE_CHECKING:
    from dataselect.analysis.explain.rank import RecordRank
    from dataselect.analysis.explain.record_lookup import Place
    from dataselect.analysis.run_reports import Stage
    from dataselect.selection.reasons import Reason

_DIGITS = 3
_ROUNDING = 1e-9  # sums of fractions depend on the order of adding


def would_keep(
    stage: Stage, place: Place, score: float | None, reason: Reason | None, rank: RecordRank | None
) -> tuple[str, ...]:
    """Options that would have kept the record at a place, each in place of the one of its name.

    Numbers are rounded to the side of keeping. Empty where no option would, where chance decided,
    and where a score or a rank would have to be known and is not.
    """
    lifted = _without_exclusions(stage, place, reason) if reason and reason.is_exclusion else []
    rule = _loosened(stage, score, rank)
    return () if lifted is None or rule is None else (*lifted, *rule)


def _without_exclusions(stage: Stage, place: Place, reason: Reason) -> list[str] | None:
    """Options with which nothing excludes the record, or None where there are none.

    None also where the record or the options do not fit the reason.
    """
    found = ["--keep-other"] if reason.rule == "other_intent" else []
    if reason.rule == WORSE_COPY:
        return ["no --unique"]
    if reason.rule == EXCLUDED:
        found.append(f"no --exclude {reason.value}")
    with contextlib.suppress(ValueError, DataselectError):
        if stage.command == "bitext":
            found += _filters_off(stage, place)
        for each in stage.reasons.values():
            field = each.limited_field
            if field is None or each.value is None:
                continue
            limit, value = float(each.value), Column.number(field).get(place.record)
            is_lowest = each.rule.startswith("min_")
            if value < limit if is_lowest else value > limit:
                found.append(f"{each.option} {spelled(value, up=not is_lowest)}")
        return found or None
    return None


def _filters_off(stage: Stage, place: Place) -> list[str]:
    """The filters of `bitext` that the pair does not pass."""
    from dataselect.operations.bitext.filters import PairFilters

    filters = PairFilters(**{each.name: stage.options[each.name] for each in fields(PairFilters)})
    src, tgt = (
        Column.text(stage.options[f"{side}_field"]).get(place.record) for side in ("src", "tgt")
    )
    return [f"no {reason.option}" for reason in filters.failing(src, tgt)]


def _loosened(stage: Stage, score: float | None, rank: RecordRank | None) -> list[str] | None:
    """Options of the rule with which a record passes, or None where they are not known."""
    options, found = stage.cut.options, []
    if "threshold" in options:
        threshold, direction = options["threshold"], stage.cut.direction
        if score is None or threshold is None:
            return None
        if gain(score, direction) < gain(threshold, direction):
            found.append(f"--threshold {spelled(score, up=direction == 'low')}")
    if options.keys() <= {"threshold"}:
        return found
    if rank is None or "sample" in options:
        return None
    if rank.rank > options.get("top_k", math.inf):
        found.append(f"--top-k {rank.rank}")
    if rank.rank > math.floor(Fraction(options.get("share", "1")) * rank.records):
        percent = Fraction(100 * rank.rank, rank.records)
        found.append(f"--share {min(float(spelled(percent, up=True)), 100):g}%")
    budget = options.get("budget")
    if budget is not None and rank.cost is not None:
        slack = 1.0 if options["cost"] in ("records", "words", "chars") else 1 + _ROUNDING
        if rank.cost * slack > budget:
            found.append(f"--budget {spelled(rank.cost * slack, up=True)}")
    if rank.rank > options.get("max_per", math.inf):
        found.append(f"--max-per {rank.rank}")
    return found


def spelled(number: float | Fraction, *, up: bool) -> str:
    """A number to three digits, or its own ones where that is a whole number, rounded up or down.

    >>> spelled(0.41837, up=False), spelled(4183.7, up=True), spelled(1.1e-05, up=False)
    ('0.418', '4184', '0.000011')
    """
    exact = Fraction(repr(number)) if isinstance(number, float) else number  # as it is written
    digits = max(_DIGITS, Decimal(float(number)).adjusted() + 1)
    context = Context(digits, ROUND_CEILING if up else ROUND_FLOOR)
    found = context.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return f"{found.normalize():f}"
