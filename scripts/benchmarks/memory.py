"""Peak memory of a pool and of one ten times as long, read from a pipe."""

from __future__ import annotations

import statistics

from contenders import dataselect, spend
from tables import Bar, Plan, Row, Section, rounds_note, spread

ROUNDS = 1
_TIMES = 10
_MIB = 1 << 20
# The allocator's own growth: the longer run meets larger blocks by chance.
_FLAT = Bar(1.05, "≤ 1.05 × the short run")
_MODES = (
    (("--threshold", "0.9"), _FLAT),
    (("--top-k", "1000"), None),
)


def measure(plan: Plan) -> Section:
    """Run each selection mode on the pool once and on ten times the pool."""
    rounds = plan.rounds or ROUNDS
    base = (dataselect(), "relevance", "--quiet", "--allow-empty", "--model", plan.pool.model)
    rows = []
    with plan.output("scored.jsonl") as out:
        for mode, bar in _MODES:
            command = (*base, "-o", out, *mode)
            peaks: dict[int, list[int]] = {1: [], _TIMES: []}
            for _ in range(rounds):
                for times, found in peaks.items():
                    found.append(spend(command, plan.pool.repeated(times)).peak_bytes)
            rows.append(_row(mode, bar, plan.pool.records, peaks[1], peaks[_TIMES]))
    few, many = plan.pool.records, plan.pool.records * _TIMES
    return Section(
        "Memory",
        ["dataselect relevance", f"MiB at {few:,}", f"MiB at {many:,}", "bytes a record more"],
        rows,
        [
            plan.pool.describe()
            + " Ten times as many are the same again, each with an id and a first word of its own, "
            "through a pipe.",
            rounds_note(rounds) + " The largest resident set of the process. --top-k holds a score "
            "for each record, 8 bytes, and for a moment what picks the best of them.",
        ],
    )


def _row(
    mode: tuple[str, ...], bar: Bar | None, records: int, few: list[int], many: list[int]
) -> Row:
    growth = [
        (long - short) / (records * (_TIMES - 1)) for short, long in zip(few, many, strict=True)
    ]
    return Row(
        [
            " ".join(mode),
            spread([peak / _MIB for peak in few], 0),
            spread([peak / _MIB for peak in many], 0),
            spread(growth),
        ],
        bar,
        statistics.median(many) / statistics.median(few),
        {"peak_bytes": few, "peak_bytes_long": many},
    )
