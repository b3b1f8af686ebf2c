"""Rescoring: against a plain script of the same work, and against scripts in the style of Moses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice

from contenders import Contender, dataselect, driver, spend
from contest import Contest
from tables import Plan, Section

ROUNDS = 5
_SIZE = 10  # hypotheses a list
_LOOP = "plain script, orjson + kenlm"
_OURS = "dataselect rescore --lm"
_MOSES = "scripts in the style of Moses"
_NOTES = [
    (
        f"Ten records of the pool are the hypotheses of one list, {_SIZE} to a list: 'records' "
        "are lists. All compute score + LM + words. The scripts in the style of Moses read and "
        "write text, not JSON; dataselect also checks every hypothesis, leaves copies and empty "
        "texts out, and writes the features of the winner."
    ),
]


def measure(plan: Plan) -> Section:
    """Run everybody in interleaved rounds."""
    lists, text = _made(plan)
    records = plan.pool.records // _SIZE
    lm = os.path.join(plan.cache, "rescore.arpa")
    spend((dataselect(), "lm", "train", "--quiet", "-o", lm, plan.pool.background()))
    with plan.output("rescored.jsonl") as out:
        command = (
            *(dataselect(), "rescore", "--quiet", "--lm", lm, lists, "-o", out),
            *("--lm-weight", "0.02", "--length-weight", "0.1"),
        )
        ours = Contender(_OURS, command, records)
        return Contest(
            title="Rescoring of n-best lists",
            pool=plan.pool,
            out=out,
            loop=Contender(_LOOP, driver("nbest_loop", lm, lists, out), records),
            ours=ours,
            variants=[
                ours.having("--jobs", "2"),
                Contender(_MOSES, driver("moses_style", lm, text, out), records),
            ],
            peers=(),
            given=(lm,),
            bars={},
            notes=_NOTES,
        ).measure(plan, plan.rounds or ROUNDS)


def _made(plan: Plan) -> tuple[str, str]:
    """The same lists as JSONL and as Moses writes them; scores fall by rank."""
    paths = tuple(os.path.join(plan.cache, f"lists.{kind}") for kind in ("jsonl", "txt"))
    with (
        open(paths[0], "w", encoding="utf-8") as as_json,
        open(paths[1], "w", encoding="utf-8") as as_text,
    ):
        for number, texts in enumerate(_batches(plan.pool.path())):
            scores = [-0.4 - 0.05 * rank for rank in range(_SIZE)]
            nbest = [{"text": t, "score": s} for t, s in zip(texts, scores, strict=True)]
            record = {"id": number, "nbest": nbest, "ref": texts[0]}
            as_json.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            as_text.writelines(
                f"{number} ||| {text} ||| score= {score} ||| {score}\n"
                for text, score in zip(texts, scores, strict=True)
            )
    return paths[0], paths[1]


def _batches(path: str) -> Iterator[list[str]]:
    """The texts of a pool, so many at a time, each on one line; what is left over is dropped."""
    with open(path, encoding="utf-8") as lines:
        texts = (" ".join(json.loads(line)["text"].split()) for line in lines)
        while len(batch := list(islice(texts, _SIZE))) == _SIZE:
            yield batch
