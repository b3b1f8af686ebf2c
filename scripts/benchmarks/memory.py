"""Peak memory of a pool and of one ten times as long, read from a pipe."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping

from contenders import dataselect, spend
from pool import Pool
from tables import Bar, Plan, Row, Section, rounds_note, spread

ROUNDS = 1
_MIB = 1 << 20
# The allocator's own growth: the longer run meets larger blocks by chance.
_FLAT = Bar(1.05, "≤ 1.05 × the short run")
_Modes = Mapping[tuple[str, ...], Bar | None]
_RELEVANCE: _Modes = {("--threshold", "0.9"): _FLAT, ("--top-k", "1000"): None}
_BITEXT: _Modes = {("--threshold", "0"): _FLAT}
_TOP_K = (
    "--top-k holds a score for each record, 8 bytes, and for a moment what picks the best of them."
)


def measure(plan: Plan) -> Section:
    """Run each selection mode of `relevance` on the pool once and on ten times the pool."""
    return _measured(plan, "relevance", _RELEVANCE, plan.pool, times=10)


def measure_bitext(plan: Plan) -> Section:
    """Run `bitext` on half of the pairs, and on five times as many."""
    half = dataclasses.replace(plan.pairs, records=max(1, plan.pairs.records // 2))
    return _measured(plan, "bitext", _BITEXT, half, times=5)


def _measured(plan: Plan, name: str, modes: _Modes, pool: Pool, times: int) -> Section:
    rounds = plan.rounds or ROUNDS
    base = (dataselect(), name, "--quiet", "--allow-empty", "--model", pool.model)
    rows = []
    with plan.output("scored.jsonl") as out:
        for mode, bar in modes.items():
            command = (*base, "-o", out, *mode)
            peaks: dict[int, list[int]] = {1: [], times: []}
            for _ in range(rounds):
                for repetitions, found in peaks.items():
                    found.append(spend(command, pool.repeated(repetitions)).peak_bytes)
            rows.append(_row(mode, bar, pool.records * (times - 1), peaks[1], peaks[times]))
    few, many = pool.records, pool.records * times
    return Section(
        f"Memory of {name}",
        [f"dataselect {name}", f"MiB at {few:,}", f"MiB at {many:,}", "bytes a record more"],
        rows,
        [
            pool.describe()
            + f" {times} times as many are the same again, each with an id and a first word of its "
            "own, through a pipe.",
            rounds_note(rounds) + " The largest resident set of the process.",
            *([_TOP_K] if any("--top-k" in mode for mode in modes) else []),
        ],
    )


def _row(mode: tuple[str, ...], bar: Bar | None, more: int, few: list[int], many: list[int]) -> Row:
    growth = [(long - short) / more for short, long in zip(few, many, strict=True)]
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
