"""Selection of scores in a table on disk: time and memory as their number grows tenfold."""

from __future__ import annotations

import statistics

from contenders import Spent, driver, spend
from tables import Bar, Plan, Row, Section, rounds_note, spread

ROUNDS = 1
_MIB = 1 << 20
_FEW, _MANY, _PARTS = 10, 100, 3
# How much of what may be held is held depends on where buckets of scores happen to end.
_FLAT = Bar(1.25, "≤ 1.25 × the short run")


def measure(plan: Plan) -> Section:
    """Cut ten times and a hundred times as many scores as the pool has records, parts alike."""
    rounds = plan.rounds or ROUNDS
    few, many = plan.pool.records * _FEW, plan.pool.records * _MANY
    part = max(1, few // _PARTS)
    rows = []
    for rule in _RULES:
        found: dict[int, list[Spent]] = {few: [], many: []}
        for _ in range(rounds):
            for records, spent in found.items():
                options = [option.format(records // divisor) for option, divisor in rule]
                spent.append(spend(driver("cut_table", str(records), str(part), *options)))
        rows.append(_row(rule, found[few], found[many]))
    heads = ["selection"]
    heads += [f"{what} at {records:,}" for what in ("seconds", "MiB") for records in (few, many)]
    notes = [
        (
            f"Scores are made from a seed in parts of {part:,}; the seconds of processor include "
            "that. 100 groups of unequal size; costs are fractions."
        ),
        rounds_note(rounds) + " The largest resident set of the process.",
    ]
    return Section("Selection from a table", heads, rows, notes)


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


def _row(rule: _Rule, few: list[Spent], many: list[Spent]) -> Row:
    runs = few, many
    peaks = [[each.peak_bytes for each in spent] for spent in runs]
    return Row(
        [
            " ".join(option.format("N") for option, _ in rule),
            *(spread([each.cpu for each in spent], 1) for spent in runs),
            *(spread([peak / _MIB for peak in own], 0) for own in peaks),
        ],
        _FLAT,
        statistics.median(peaks[1]) / statistics.median(peaks[0]),
        {"peak_bytes": peaks[0], "peak_bytes_long": peaks[1]},
    )
