"""Looking back: what `report`, `explain`, `compare` and `evaluate` take."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import orjson
from contenders import Contender, dataselect, spend
from contest import Contest, memory, within
from plan import Plan
from tables import Section

_COMPARED = 200_000
_INTENTS = 20_000


def review(plan: Plan) -> Section:
    """Keep a tenth of the pool by relevance, then ask what that was; and judge many intents."""
    pool, fewer = plan.pool(), plan.pool(_COMPARED)
    names = ("kept.jsonl", "fewer.jsonl", "dropped.jsonl", "run.json", "page.html", "told.json")
    with plan.output(*names) as [kept, fewer_kept, dropped, run, page, told]:
        chosen = (dataselect(), "relevance", "--quiet", "--model", pool.model, "--share", "10%")
        spend((*chosen, "--rejects", dropped, "--report", run, "-o", kept, pool.path()))
        spend((*chosen, "-o", fewer_kept, fewer.path()))
        compare = ("compare", "-q", "--dev", pool.in_domain(), "--format", "json", "-o", told)
        evaluate = ("evaluate", "-q", "--metric", "intent", "--format", "json", "-o", told)
        contenders = [
            Contender("dataselect report", ("report", "-q", run, "-o", page), pool.records),
            Contender(
                "dataselect explain",
                ("explain", _last_id(dropped), "--report", run, "-o", os.devnull),
                pool.records,
            ),
            Contender(
                "dataselect compare --random 5",
                (*compare, "--pool", fewer.path(), fewer_kept),
                fewer.records,
                [within(6)],
            ),
            Contender(
                f"dataselect evaluate, {_INTENTS:,} intents",
                (*evaluate, _intents(plan)),
                plan.size(_INTENTS),
                [memory()],
            ),
        ]
        ours = [replace(each, command=(dataselect(), *each.command)) for each in contenders]
        note = f"{pool.describe()} A tenth is kept by relevance."
        return Contest("Looking back", ours, notes=[note]).measure(plan, 1)


def _last_id(path: str) -> str:
    """The id of the last record of a file."""
    with open(path, "rb") as file:
        for line in file:
            last = line
    return str(orjson.loads(last)["id"])


def _intents(plan: Plan) -> str:
    """As many records as intents, each with a true one and one given by chance."""
    path, count = plan.path("intents.jsonl"), plan.size(_INTENTS)
    drawn = random.Random(0)
    with open(path, "wb") as file:
        for number in range(count):
            given, true = f"intent {drawn.randrange(count)}", f"intent {number}"
            record = {"id": number, "text": "a", "intent": given, "ref_intent": true}
            file.write(orjson.dumps(record) + b"\n")
    return path
