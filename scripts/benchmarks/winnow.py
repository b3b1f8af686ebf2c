"""Winnowing: against the bare loop of parsing, scoring and writing, and against OpusFilter."""

from __future__ import annotations

import os
import shutil

from contenders import Contender, dataselect, driver, spend
from contest import Contest
from peers import OPUSFILTER
from tables import Bar, Plan, Section

ROUNDS = 5
_LOOP = "orjson.loads + kenlm.Model.score + orjson.dumps"
_OURS = "dataselect winnow --lm"
_BARS = {_OURS: Bar(1.6, "≤ 1.6 × the loop")}
_BUILD_BINARY = "build_binary"  # of KenLM, which its Python package leaves out
_NOTES = [
    (
        "Models of order 3 by `dataselect lm train`: --lm on 10,000 records of every domain (or as "
        "many as the pool has), so few words are unknown, --background on 500 of one. The loop "
        "writes a log-probability only; dataselect perplexity and the number of unknown words."
    ),
    (
        "OpusFilter scores with VariKN only. It reads the same ARPA file, with words for segments "
        "instead of its default, characters. Its log-probabilities are those of KenLM; its "
        "perplexity counts the sentence start as a word."
    ),
]


def measure(plan: Plan) -> Section:
    """Run the loop, dataselect and OpusFilter in interleaved rounds."""
    pool, path = plan.pool, plan.pool.path()
    lm = _trained(plan, "general.arpa", pool.background())
    contrast = _trained(plan, "music.arpa", pool.in_domain())
    with plan.output("scored.jsonl") as out:
        command = (dataselect(), "winnow", "--quiet", "--lm", lm, path, "-o", out)
        ours = Contender(_OURS, command, pool.records)
        binary = ours.having("--lm", os.path.splitext(lm)[0] + ".binary")
        built = _build(lm, binary.command[-1])
        return Contest(
            title="Winnowing with a trained model",
            pool=pool,
            out=out,
            loop=Contender(_LOOP, driver("kenlm_loop", lm, path, out), pool.records),
            ours=ours,
            variants=[
                ours.having("--jobs", "2"),
                ours.having("--background", contrast),
                *([binary] if built else []),
            ],
            peers=(OPUSFILTER,),
            given=(lm,),
            bars=_BARS,
            missing={} if built else {binary.name: f"not run: no {_BUILD_BINARY} on the PATH"},
            notes=_NOTES,
        ).measure(plan, plan.rounds or ROUNDS)


def _trained(plan: Plan, name: str, text: str) -> str:
    """A model of this text, trained anew in each run by the program that is measured."""
    path = os.path.join(plan.cache, name)
    spend((dataselect(), "lm", "train", "--quiet", "--order", "3", "-o", path, text))
    return path


def _build(lm: str, binary: str) -> bool:
    """Convert a model to KenLM's own format; False where the converter is missing."""
    if shutil.which(_BUILD_BINARY) is None:
        return False
    spend((_BUILD_BINARY, lm, binary))
    return True
