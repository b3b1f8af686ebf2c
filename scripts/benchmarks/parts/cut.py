"""Selection of scores in a table on disk: time and memory as their number grows tenfold."""

from __future__ import annotations

from contenders import Contender, driver
from contest import Contest, flat
from plan import Plan
from tables import Section

_FEW, _TIMES, _PARTS = 1_000_000, 10, 2
# How much of what may be held is held depends on where buckets of scores happen to end.
_GROWTH = 1.25


def cut(plan: Plan) -> Section:
    """Cut a few million scores, and ten times as many, parts alike."""
    few = plan.size(_FEW)
    contenders = []
    for rule in _RULES:
        name = " ".join(option.format("N") for option, _ in rule)
        for records in few, few * _TIMES:
            options = [option.format(max(records // divisor, 1)) for option, divisor in rule]
            command = driver("cut_table", str(records), str(few // _PARTS), *options)
            longer = records > few
            own = f"{name}, {_TIMES} times as many" if longer else name
            bars = [flat(_GROWTH, name)] if longer else []
            contenders.append(Contender(own, command, records, bars))
    notes = [
        (
            f"Scores are made from a seed in parts of {few // _PARTS:,}; seconds include that. 100 "
            "groups of unequal size; costs are fractions."
        )
    ]
    return Contest("Selection from a table", contenders, notes=notes).measure(plan, 1)


_Rule = tuple[tuple[str, int], ...]
"""Options of the driver, each with what the number of records is divided by to fill it in."""
_PER, _COST = ("per=intent", 1), ("cost=duration", 1)
_RULES: tuple[_Rule, ...] = (
    (("threshold=0.5", 1),),
    (("top_k={}", 10),),
    (("share=1/3", 1),),
    (("budget={}.5", 2), _COST),
    (("sample={}", 10),),
    (("top_k={}", 1000), _PER),
    (("budget={}.5", 200), _COST, _PER),
)
