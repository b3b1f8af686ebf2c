"""Shares, and budgets: an amount of some cost, in units of time where that is a duration."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from dataselect.console import figure
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.selection.rule import Selection

COUNTED = ("records", "words", "chars")
"""Costs that are no field of the records."""

SECONDS = {"h": 3600, "min": 60, "m": 60, "s": 1}
"""Units of time that a budget may have; the field of --cost is in seconds then."""

_HUGE_EXPONENT = re.compile("[eE][-+]?[0-9_]{4}")
_BUDGET = re.compile(r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]{1,3})?|inf|nan) *([a-z]*)", re.IGNORECASE)


def parse_share(spelled: str) -> Fraction:
    """A share such as `10%` or `0.1`, exactly. Raises OptionError outside 0 to 1.

    >>> parse_share("10%")
    Fraction(1, 10)
    """
    # A Fraction would write out all the digits that a large exponent stands for.
    digits = "" if _HUGE_EXPONENT.search(spelled) else spelled.removesuffix("%").strip()
    try:
        number = Fraction(digits)
    except (ValueError, ZeroDivisionError):
        raise OptionError(f"'{spelled}' is not a share; write 10% or 0.1") from None
    share = number / 100 if spelled.endswith("%") else number
    if 1 < share <= 100 and not spelled.endswith("%"):
        raise OptionError(f"a share of '{spelled}' is more than all; for percent write {digits}%")
    if not 0 <= share <= 1:
        raise OptionError(f"a share of '{spelled}' is not between 0% and 100%")
    return share


def parse_budget(spelled: str | None, cost: str) -> tuple[float | None, str]:
    """A budget such as `500` or `10h` in the unit of the cost, and the unit that it was given in.

    >>> parse_budget("10h", "duration")
    (36000.0, 'h')

    Raises OptionError for what is no number, and for a time where the cost is none.
    """
    if spelled is None:
        return None, ""
    found = _BUDGET.fullmatch(spelled.strip())
    try:
        number, unit = (found[1], found[2].lower()) if found else ("", "")
        amount = float(number)
    except ValueError:
        raise OptionError(
            f"--budget {spelled} is no number; write 500, or 10h with --cost FIELD in seconds"
        ) from None
    if not unit:
        return amount, ""
    if unit not in SECONDS:
        raise OptionError(f"--budget {spelled}: '{unit}' is no unit; write 10h, 90min or 30s")
    if cost in COUNTED:
        raise OptionError(
            f"--budget {spelled} is a time, and --cost {cost} counts {cost}; name the field that "
            "holds seconds, such as --cost duration"
        )
    # Exactly: 0.1h are 360 s, and a float product need not be.
    return float(Fraction(number) * SECONDS[unit]) if math.isfinite(amount) else amount, unit


def spent(amount: float, selection: Selection) -> str:
    """What a selection with a budget spent of it, for people; nothing where records are counted."""
    if selection.budget is None or selection.cost == "records":
        return ""
    scale = SECONDS.get(selection.budget_unit, 1)
    paid, whole = (figure(each / scale, grouped=True) for each in (amount, selection.budget))
    unit = f"{selection.budget_unit} " if selection.budget_unit else ""
    what = f"{unit}of {selection.cost}" if unit or selection.cost not in COUNTED else selection.cost
    each = f" for each {selection.per}" if selection.per is not None else ""
    return f"spent {paid} of {whole} {what}{each}"
