"""How long a user waits for help."""

from __future__ import annotations

import sys

from contenders import Contender, dataselect
from contest import Contest, milliseconds
from plan import Plan
from tables import Section

_ROUNDS = 11


def startup(plan: Plan) -> Section:
    """Help texts, and an interpreter that does nothing."""
    ours = {"--help": 100, "relevance --help": 150, "select --help": 150}
    contenders = [Contender("python -c pass", (sys.executable, "-c", "pass"))]
    contenders += [
        Contender(f"dataselect {given}", (dataselect(), *given.split()), bars=[milliseconds(most)])
        for given, most in ours.items()
    ]
    return Contest("Start-up", contenders).measure(plan, _ROUNDS)
