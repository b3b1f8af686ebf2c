"""Looking back: what `report`, `explain` and `compare` take on a pool that was scored and cut."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from contenders import Contender, Spent, dataselect, interleave, spend
from tables import Bar, Plan, Row, Section, rounds_note, spread

ROUNDS = 1
_MIB = 1 << 20
_MINUTE, _GIB = Bar(60, "≤ 60 s"), Bar(1 << 30, "≤ 1 GiB")
_REPORT = "dataselect report"


def measure(plan: Plan) -> Section:
    """Keep a tenth of the pool by relevance, then ask what that was."""
    rounds = plan.rounds or ROUNDS
    with ExitStack() as stack:
        kept, dropped, run, page, table = (
            stack.enter_context(plan.output(name))
            for name in ("kept.jsonl", "dropped.jsonl", "run.json", "page.html", "table.json")
        )
        pool = plan.pool.path()
        chosen = ("relevance", "--quiet", "--model", plan.pool.model, "--share", "10%")
        files = ("--rejects", dropped, "--report", run, "-o", kept)
        spend((dataselect(), *chosen, *files, pool))
        commands: Mapping[str, tuple[str, ...]] = {
            _REPORT: ("report", "-q", run, "-o", page),
            "dataselect explain": ("explain", _last_id(dropped), "--report", run, "-o", os.devnull),
            "dataselect compare --random 5": (
                *("compare", "-q", kept, "--pool", pool),
                *("--dev", plan.pool.in_domain(), "--format", "json", "-o", table),
            ),
        }
        contenders = [
            Contender(name, (dataselect(), *command), plan.pool.records)
            for name, command in commands.items()
        ]
        found = interleave(contenders, rounds, essential=list(commands))
    rows = [row for name in commands for row in _rows(name, found.spent[name])]
    notes = [plan.pool.describe() + " A tenth is kept by relevance.", rounds_note(rounds)]
    return Section("Looking back", ["what", "seconds", "CPU seconds", "MiB"], rows, notes)


def _rows(name: str, spent: Sequence[Spent]) -> list[Row]:
    """What a command took; of the report twice, for there is a bar of time and one of memory."""
    wall, cpu, peak = ([getattr(each, what) for each in spent] for what in Spent._fields[:3])
    cells = [spread(wall, 1), spread(cpu, 1), spread([each / _MIB for each in peak], 0)]
    measured = {"seconds": wall, "cpu_seconds": cpu, "peak_bytes": peak}
    if name != _REPORT:
        return [Row([name, *cells], measured=measured)]
    return [
        Row([name, *cells], _MINUTE, statistics.median(wall), measured),
        Row([f"{name}, memory", *cells], _GIB, statistics.median(peak)),
    ]


def _last_id(path: str) -> str:
    """The id of the last record of a file."""
    import orjson

    with open(path, "rb") as file:
        for line in file:
            last = line
    return str(orjson.loads(last)["id"])
