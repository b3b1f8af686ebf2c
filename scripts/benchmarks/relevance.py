"""Relevance with a saved model: against the bare loop of parsing and writing, and against peers."""

from __future__ import annotations

from contenders import Contender, dataselect, driver
from contest import Contest
from peers import DSIR, FASTTEXT, SKLEARN
from tables import Bar, Plan, Section

ROUNDS = 5
_OURS = "dataselect relevance --model"
_BARS = {
    _OURS: Bar(2.0, "≤ 2.0 × the loop"),
    SKLEARN.name: Bar(8.0, "≥ 8 × dataselect", at_most=False),
}


def measure(plan: Plan) -> Section:
    """Run the loop, dataselect and its peers in interleaved rounds."""
    pool, path = plan.pool, plan.pool.path()
    with plan.output("scored.jsonl") as out:
        loop = driver("orjson_loop", path, out)
        command = (dataselect(), "relevance", "--quiet", "--model", pool.model, path, "-o", out)
        ours = Contender(_OURS, command, pool.records)
        return Contest(
            title="Relevance with a saved model",
            pool=pool,
            out=out,
            loop=Contender("orjson.loads + orjson.dumps", loop, pool.records),
            ours=ours,
            variants=[ours.having("--threshold", "0.5"), ours.having("--jobs", "2")],
            peers=(SKLEARN, FASTTEXT, DSIR),
            given=(pool.in_domain(), pool.background()),
            bars=_BARS,
        ).measure(plan, plan.rounds or ROUNDS)
