"""Rescoring of n-best lists: beside a plain script, and beside scripts in the style of Moses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from contenders import Contender, dataselect, driver
from contest import Contest, at_most
from plan import Plan
from pool import Pool
from tables import Section

from parts.scoring import language_model

_ROUNDS = 3
_SIZE = 10  # hypotheses a list
_TEXTS = 500_000
_LOOP = "plain script, orjson + kenlm"
_WEIGHTS = ("--lm-weight", "0.02", "--length-weight", "0.1")


def rescore(plan: Plan) -> Section:
    """Every hypothesis scored, and the best one of each list written."""
    lm = language_model(plan, plan.pool(_TEXTS))
    records, command = given(plan, lm)
    lists, text = _made(plan, plan.pool(_TEXTS))
    with plan.output("rescored.jsonl") as [out]:
        ours = Contender("dataselect rescore --lm", (dataselect(), *command, "-o", out), records)
        bar = at_most(1.2, _LOOP, "the plain script")
        return Contest(
            "Rescoring of n-best lists",
            [
                Contender(_LOOP, driver("nbest_loop", lm, lists, out), records),
                ours.held_against(bar),
                Contender(
                    "scripts in the style of Moses", driver("moses_style", lm, text, out), records
                ),
            ],
            {"plain script": _LOOP, "dataselect": ours.name},
            [
                (
                    f"Lists of {_SIZE}; all compute score + LM + words. The scripts in the style "
                    "of Moses read and write text, not JSON; dataselect also checks each "
                    "hypothesis, leaves copies and empty texts out, and writes the features of the "
                    "winner."
                )
            ],
        ).measure(plan, _ROUNDS)


def given(plan: Plan, lm: str) -> tuple[int, tuple[str, ...]]:
    """The number of lists, and the arguments that rescore them."""
    lists, _ = _made(plan, plan.pool(_TEXTS))
    command = ("rescore", "--quiet", "--lm", lm, *_WEIGHTS, lists)
    return plan.size(_TEXTS) // _SIZE, command


def _made(plan: Plan, pool: Pool) -> tuple[str, str]:
    """The same lists as JSONL and as Moses writes them; scores fall by rank."""
    paths = tuple(plan.path(f"lists.{kind}") for kind in ("jsonl", "txt"))
    with (
        open(paths[0], "w", encoding="utf-8") as as_json,
        open(paths[1], "w", encoding="utf-8") as as_text,
    ):
        for number, texts in enumerate(_batches(pool.path())):
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
