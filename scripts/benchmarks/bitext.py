"""Distance of sentence pairs by a saved model: against the bare loop, and against scikit-learn."""

from __future__ import annotations

from contenders import Contender, Spent, dataselect, driver
from contest import Contest
from peers import TFIDF_SVD
from tables import Bar, Plan, Section

ROUNDS = 5
_LOOP = "orjson.loads + orjson.dumps"
_OURS = "dataselect bitext --model"
_BARS = {_OURS: Bar(50_000, "≥ 50,000 records/s", at_most=False, of_rate=True)}
_PEER = (
    "The plain script has words and character n-grams of 2 to 5 as `TfidfVectorizer` makes them, "
    "256 dimensions, and a linear discriminant."
)


def measure(plan: Plan) -> Section:
    """Run the loop, dataselect and a plain script in interleaved rounds."""
    pairs, path = plan.pairs, plan.pairs.path()
    model, fitting = pairs.fit()
    with plan.output("scored.jsonl") as out:
        command = (dataselect(), "bitext", "--quiet", "--model", model, path, "-o", out)
        ours = Contender(_OURS, command, pairs.records)
        return Contest(
            title="Distance of sentence pairs with a saved model",
            pool=pairs,
            out=out,
            loop=Contender(_LOOP, driver("orjson_loop", path, out), pairs.records),
            ours=ours,
            variants=[ours.having("--threshold", "0"), ours.having("--jobs", "2")],
            peers=(TFIDF_SVD,),
            given=(pairs.in_domain(),),
            bars=_BARS,
            notes=[_fitting(fitting), _PEER],
        ).measure(plan, plan.rounds or ROUNDS)


def _fitting(spent: Spent) -> str:
    return (
        f"Fitting took {spent.wall:.1f} s once, {spent.cpu:.1f} s of processor: the whole pool is "
        "read for a sample, and an encoder is fitted to that."
    )
