"""One and two worker processes, and how many records a second the first process can pass on."""

from __future__ import annotations

from collections.abc import Iterator

from contenders import Contender, dataselect, driver
from contest import Contest, as_fast
from plan import Plan
from pool import Pool
from tables import Section

from parts.lists import given as rescored
from parts.scoring import intent_classifier, language_model

_ROUNDS = 3


def workers(plan: Plan) -> Section:
    """`--jobs 2` beside one process."""
    contenders = []
    with plan.output("scored.jsonl") as [out]:
        for name, records, command in _commands(plan):
            one = Contender(f"{name}, one process", (dataselect(), *command, "-o", out), records)
            bar = as_fast(1.7, one.name, "one process")
            two = (*one.command, "--jobs", "2")
            contenders += [one, Contender(f"{name} --jobs 2", two, records, [bar])]
        return Contest(
            "One and two worker processes",
            contenders,
            notes=["Plain files, whole processes, models saved before."],
        ).measure(plan, _ROUNDS)


def parent(plan: Plan) -> Section:
    """Seconds of processor of the process that hands out blocks and writes results."""
    with plan.output("scored.jsonl") as [out]:
        contenders = [
            Contender(name, driver("parent_time", *command, "-o", out, "--jobs", "2"), records)
            for name, records, command in _commands(plan)
        ]
        return Contest(
            "What the first process can feed",
            contenders,
            notes=[
                (
                    "Seconds are of processor, in the first process alone, start-up left out: so "
                    "many records a second pass through it however many workers there are."
                )
            ],
        ).measure(plan, 1)


def _commands(plan: Plan) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Commands, the number of records, and their arguments."""
    utterances, fewer, pairs = plan.pool(), plan.pool(300_000), plan.pairs(300_000)
    lm = language_model(plan, utterances)
    by_model: dict[str, tuple[Pool, tuple[str, ...]]] = {
        "relevance": (utterances, ("--model", utterances.model)),
        "winnow": (utterances, ("--lm", lm)),
        "label": (fewer, ("--model", intent_classifier(plan, fewer))),
        "bitext": (pairs, ("--model", pairs.model)),
    }
    for name, (pool, options) in by_model.items():
        yield name, pool.records, (name, "--quiet", *options, pool.path())
    records, command = rescored(plan, lm)
    yield "rescore", records, command
