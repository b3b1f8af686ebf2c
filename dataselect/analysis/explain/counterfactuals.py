"""Which options of a run would have kept a record that it dropped."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from dataselect.analysis.explain.rank import is_exclusion
from dataselect.data import records
from dataselect.errors import DataselectError
from dataselect.selection.rule import gain

if TYPE_CHECKING:
    from dataselect.analysis.explain.rank import RecordRank
    from dataselect.analysis.explain.record_lookup import Place
    from dataselect.analysis.run_reports import Stage

_DIGITS = 3
_ROUNDING = 1e-9  # sums of fractions depend on the order of adding


def remedy(
    stage: Stage,
    place: Place,
    score: float | None,
    reason: str | None,
    standing: RecordRank | None,
) -> tuple[str, ...]:
    """Options that would have kept the record at a place, each in place of the one of its name.

    Numbers are rounded to the side of keeping. Empty where no option would, where chance decided,
    and where a score or a rank would have to be known and is not.
    """
    lifted = _lifted(stage, place, reason) if reason and is_exclusion(reason) else ()
    rule = _loosened(stage, score, standing)
    return () if lifted is None or rule is None else (*lifted, *rule)


def _loosened(
    stage: Stage, score: float | None, standing: RecordRank | None
) -> tuple[str, ...] | None:
    """What has to change in the rule so that a record passes, or None where that is not known."""
    rule = _rule(stage)
    found = []
    if (threshold := rule.pop("--threshold", None)) is not None:
        if score is None:
            return None
        direction = stage.cut.direction
        if gain(score, direction) < gain(threshold, direction):
            found.append(f"--threshold {spelled(score, up=direction == 'low')}")
    if not rule:
        return tuple(found)
    return (
        None
        if standing is None or "--sample" in rule
        else (*found, *_ranked(stage, rule, standing))
    )


_RULES = ("threshold", "top_k", "share", "budget", "sample", "auto", "min_per", "max_per")
"""Options that drop records, of those that a rule is made of."""


def _rule(stage: Stage) -> dict[str, Any]:
    """The options of the rule that was in force, by name; `--auto` as the share that it found."""
    options, sweep = stage.options, stage.facts["auto"]
    rule = {f"--{name.replace('_', '-')}": options[name] for name in _RULES}
    rule = {name: value for name, value in rule.items() if value is not None}
    if "--auto" in rule:
        rule["--share"] = str(sweep["best"]["share"]) if sweep else "1"
    return rule if stage.cut.selects else {}


def _ranked(stage: Stage, rule: dict[str, Any], standing: RecordRank) -> list[str]:
    """What has to change in the rules that rank."""
    rank, found = standing.rank, []
    if "--top-k" in rule and rank > rule["--top-k"]:
        found.append(f"--top-k {rank}")
    if "--share" in rule and rank > math.floor(Fraction(rule["--share"]) * standing.records):
        percent = Fraction(100 * rank, standing.records)
        found.append(f"--share {min(float(spelled(percent, up=True)), 100):g}%")
    if standing.cost is not None:
        slack = 1.0 if stage.options["cost"] in ("records", "words", "chars") else 1 + _ROUNDING
        if standing.cost * slack > stage.options["budget"]:
            found.append(f"--budget {spelled(standing.cost * slack, up=True)}")
    if "--max-per" in rule and rank > rule["--max-per"]:
        found.append(f"--max-per {rank}")
    return found


def spelled(number: float | Fraction, *, up: bool) -> str:
    """A number to three digits, or its own ones where that is a whole number, rounded up or down.

    >>> spelled(0.41837, up=False), spelled(4183.7, up=True), spelled(1.1e-05, up=False)
    ('0.418', '4184', '0.000011')
    """
    last = min(Decimal(float(number)).adjusted() - _DIGITS + 1, 0)
    exact = Fraction(repr(number)) if isinstance(number, float) else number  # as it is written
    scaled = exact * 10**-last
    whole = math.ceil(scaled) if up else math.floor(scaled)
    return f"{Decimal(whole).scaleb(last).normalize():f}"


def _lifted(stage: Stage, place: Place, reason: str) -> tuple[str, ...] | None:
    """What has to change so that nothing leaves the record out whatever its score, if that can.

    None also where the record or the options do not fit the reason.
    """
    with contextlib.suppress(ValueError, DataselectError):
        match stage.command:
            case "winnow":
                option = "--max-perplexity" if "--max" in reason else "--min-perplexity"
                return (_moved(option, place),)
            case "label":
                return _labelled(stage, place)
            case "bitext":
                return (*_unguarded(stage, place), *_aligned(stage, place))
    return None


def _moved(option: str, place: Place) -> str:
    """An option such as --min-FIELD at the record's own value of FIELD."""
    _, _, bound, field = option.split("-")
    return f"{option} {spelled(records.number(field).get(place.record), up=bound == 'max')}"


def _labelled(stage: Stage, place: Place) -> tuple[str, ...]:
    """The options of `label` that keep what is none of the intents, and what is uncertain."""
    least = stage.options["min_confidence"]
    found = []
    if place.record.get("intent") == "other" and not stage.options["keep_other"]:
        found.append("--keep-other")
    if least is not None and records.number("confidence").get(place.record) < least:
        found.append(_moved("--min-confidence", place))
    return tuple(found)


def _aligned(stage: Stage, place: Place) -> tuple[str, ...]:
    """The option of `bitext` that keeps a pair of poor alignment."""
    least = stage.options["min_alignment"]
    is_poor = least is not None and records.number("alignment").get(place.record) < least
    return (_moved("--min-alignment", place),) if is_poor else ()


def _unguarded(stage: Stage, place: Place) -> tuple[str, ...]:
    """Which guards of `bitext` would have to be left out, one after the other."""
    from dataselect.operations.bitext.filters import PairFilters

    guards = PairFilters(**{each.name: stage.options[each.name] for each in fields(PairFilters)})
    plain = PairFilters()
    src, tgt = (
        records.text(stage.options[f"{side}_field"]).get(place.record) for side in ("src", "tgt")
    )
    found = []
    while code := int(guards.codes([src], [tgt])[0]):
        [option] = re.findall(r"--([a-z-]+)", guards.reasons[code - 1])
        name = option.replace("-", "_")
        guards = replace(guards, **{name: getattr(plain, name)})
        found.append(f"no --{option}")
    return tuple(found)
