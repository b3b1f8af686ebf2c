"""Diversity by a paraphrase detector, and the detector itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
from contenders import Contender, Failed, dataselect, spend
from contest import Contest, within
from plan import Plan
from pool import corpus, drawn
from tables import Section

_RECORDS, _PAIRS, _ANNOTATED = 10_000, 2_000, 5_000
_LONG_S = 600


def paraphrase(plan: Plan) -> Section:
    """Pick 1,000 of 10,000 records by what a detector says of them."""
    pool = plan.pool(_RECORDS)
    size = max(1, pool.records // 10)
    folder, missing = detector(plan)
    with plan.output("picked.jsonl") as [out]:
        command = (dataselect(), "diversity", "--quiet", "--method", "paraphrase")
        given = ("--detector", folder, "--top-k", str(size), pool.path(), "-o", out)
        contender = Contender(
            "--method paraphrase",
            (*command, *given),
            pool.records,
            [within(60)],
            missing=missing,
            limit=_LONG_S,
        )
        notes = [
            (
                f"{size:,} picked of {pool.describe()} The detector has two networks, trained on "
                f"{plan.size(_PAIRS):,} pairs."
            )
        ]
        return Contest("Diversity by paraphrase", [contender], notes=notes).measure(plan, 1)


def detector(plan: Plan) -> tuple[str, str]:
    """The folder of a detector trained on pairs of annotated records, and why it could not be made.

    It is made once, since that takes a minute.
    """
    folder, count = plan.path(f"detector-{plan.size(_PAIRS)}"), str(plan.size(_PAIRS))
    if not os.path.exists(folder):
        own, trained = (dataselect(), "paraphrase"), f"{folder}.{os.getpid()}"
        with plan.output("pairs.jsonl", "dev-pairs.jsonl") as [pairs, development]:
            given = ("--pairs", count, "--dev", development, annotated(plan), "-o", pairs)
            learn = ("--dev", development, pairs, "-o", trained)
            try:
                spend((*own, "pairs", "--quiet", *given))
                spend((*own, "train", "--quiet", *learn), limit=_LONG_S)
            except Failed as failure:
                return folder, f"not run: no detector: {failure}"
        os.replace(trained, folder)
    return folder, ""


def annotated(plan: Plan) -> str:
    """A file of records with intents and slots: those of SNIPS, or made ones."""
    path = plan.path("annotated.jsonl")
    with open(path, "wb") as file:
        file.writelines(orjson.dumps(record) + b"\n" for record in _with_slots(plan))
    return path


def _with_slots(plan: Plan) -> Iterator[dict[str, Any]]:
    if plan.data is not None:
        yield from corpus(os.path.join(plan.data, "snips_atis_slots", "snips_train.jsonl.gz"))
        return
    for name, grammar, intent, draw in islice(drawn(), _ANNOTATED):
        text, slots = grammar.utterance(intent, draw)
        own = [slot._asdict() for slot in slots]
        yield {"id": name, "text": text, "intent": intent, "slots": own}
