"""How long a user waits for help."""

from __future__ import annotations

import statistics
import sys

from contenders import Contender, dataselect, interleave
from tables import Bar, Plan, Row, Section, rounds_note, spread

ROUNDS = 11
_BAR = Bar(150.0, "≤ 150 ms")


def measure(plan: Plan) -> Section:
    """Time help texts, and an interpreter that does nothing."""
    rounds = plan.rounds or ROUNDS
    bars = {"dataselect --help": _BAR}
    contenders = [
        Contender("python -c pass", (sys.executable, "-c", "pass")),
        Contender("dataselect --help", (dataselect(), "--help")),
        Contender("dataselect relevance --help", (dataselect(), "relevance", "--help")),
    ]
    found = interleave(contenders, rounds, essential=[each.name for each in contenders])
    rows = []
    for each in contenders:
        wall, cpu = (
            [1000 * getattr(s, what) for s in found.spent[each.name]] for what in ("wall", "cpu")
        )
        rows.append(
            Row(
                [each.name, spread(wall, 0), spread(cpu, 0)],
                bars.get(each.name),
                statistics.median(wall),
                {"milliseconds": wall, "cpu_milliseconds": cpu},
            )
        )
    notes = [rounds_note(rounds) + (" One more came first, to warm up." if rounds > 1 else "")]
    return Section("Start-up", ["what", "ms", "CPU ms"], rows, notes)
