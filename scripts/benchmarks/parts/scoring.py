"""Scoring by a saved model, beside a loop that does the least there is to do, and beside peers."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

from contenders import Contender, dataselect, driver, spend
from contest import Contest, at_most
from peers import DSIR, FASTTEXT, OPUSFILTER, SKLEARN, TFIDF_SVD
from plan import Plan
from pool import Pool
from tables import Section

_ROUNDS = 3
_LOOP = "orjson.loads + orjson.dumps"
_LM_LOOP = "orjson.loads + kenlm.Model.score + orjson.dumps"
_BUILD_BINARY = "build_binary"  # of KenLM, which its Python package leaves out
_PEERS_NOTE = (
    "Everybody reads and writes plain files, in one process. Seconds of a peer are from its fitted "
    "model to the written output, without start-up; those of dataselect are of the whole process."
)
_LM_NOTES = (
    (
        "Models of order 3 by `dataselect lm train`: --lm on 10,000 records of every domain, so "
        "few words are unknown, --background on 500 of one. The loop writes a log-probability "
        "only; dataselect perplexity and the number of unknown words."
    ),
    (
        "OpusFilter scores with VariKN only. It reads the same ARPA file, with words for segments "
        "instead of its default, characters; its perplexity counts the sentence start as a word."
    ),
)


def relevance(plan: Plan) -> Section:
    """Relevance with a saved model."""
    pool = plan.pool()
    with plan.output("scored.jsonl", "peer.jsonl") as [out, _]:
        loop, ours = _beside(pool, out, "relevance", "--model", pool.model)
        bar = at_most(1.0, _LOOP, "the bare loop")
        return Contest(
            "Relevance with a saved model",
            [
                loop,
                ours.held_against(bar),
                ours.having("--threshold", "0.5"),
                *plan.entered([SKLEARN, FASTTEXT, DSIR], pool, pool.in_domain(), pool.background()),
            ],
            {"loop": loop.name, "dataselect": "dataselect relevance"},
            [pool.describe(), _PEERS_NOTE],
        ).measure(plan, _ROUNDS)


def winnow(plan: Plan) -> Section:
    """Perplexity by a trained model."""
    pool = plan.pool(300_000)
    lm, contrast = language_model(plan, pool), language_model(plan, pool, one_domain=True)
    with plan.output("scored.jsonl", "peer.jsonl") as [out, _]:
        _, ours = _beside(pool, out, "winnow", "--lm", lm)
        loop = Contender(_LM_LOOP, driver("kenlm_loop", lm, pool.path(), out), pool.records)
        return Contest(
            "Winnowing with a trained model",
            [
                loop,
                ours.held_against(at_most(2.0, _LM_LOOP, "the loop of orjson and kenlm")),
                _by_kenlm(ours, lm),
                ours.having("--background", contrast),
                *plan.entered([OPUSFILTER], pool, lm),
            ],
            {"loop": loop.name, "dataselect": "dataselect winnow"},
            [pool.describe(), _PEERS_NOTE, *_LM_NOTES],
        ).measure(plan, _ROUNDS)


def bitext(plan: Plan) -> Section:
    """Distance of sentence pairs to in-domain text."""
    pairs = plan.pairs(300_000)
    with plan.output("scored.jsonl", "peer.jsonl") as [out, _]:
        loop, ours = _beside(pairs, out, "bitext", "--model", pairs.model)
        return Contest(
            "Distance of sentence pairs with a saved model",
            [
                loop,
                ours,
                ours.having("--threshold", "0"),
                *plan.entered([TFIDF_SVD], pairs, pairs.in_domain()),
            ],
            {"loop": loop.name, "dataselect": ours.name},
            [
                pairs.describe(),
                _PEERS_NOTE,
                (
                    "The plain script has words and character n-grams of 2 to 5 as "
                    "`TfidfVectorizer` makes them, 256 dimensions, and a linear discriminant."
                ),
            ],
        ).measure(plan, _ROUNDS)


def label(plan: Plan) -> Section:
    """Intents by a trained classifier."""
    pool = plan.pool(300_000)
    with plan.output("scored.jsonl") as [out]:
        loop, ours = _beside(pool, out, "label", "--model", intent_classifier(plan, pool))
        return Contest(
            "Labelling with a trained classifier",
            [loop, ours, ours.having("--min-confidence", "0.5")],
            {"loop": loop.name},
            [pool.describe(), "The intents of 10,000 of them are known."],
        ).measure(plan, _ROUNDS)


def _beside(pool: Pool, out: str, command: str, *options: str) -> tuple[Contender, Contender]:
    """The bare loop, and a command with such options."""
    path = pool.path()
    given = (command, "--quiet", *options, path, "-o", out)
    return (
        Contender(_LOOP, driver("orjson_loop", path, out), pool.records),
        Contender(f"dataselect {command}", (dataselect(), *given), pool.records),
    )


def _by_kenlm(ours: Contender, lm: str) -> Contender:
    """The same through the package `kenlm`, which scores with KenLM's own format."""
    binary = f"{os.path.splitext(lm)[0]}.binary"
    if shutil.which(_BUILD_BINARY) is None:
        missing = f"not run: no {_BUILD_BINARY} on the PATH"
    else:
        missing = ""
        spend((_BUILD_BINARY, lm, binary))
    bars = [at_most(1.3, _LM_LOOP, "the loop of orjson and kenlm")]
    return replace(ours.having("--lm", binary, bars=bars), missing=missing)


def language_model(plan: Plan, pool: Pool, *, one_domain: bool = False) -> str:
    """A model of every domain, or of one, trained anew by the program that is measured."""
    text = pool.in_domain() if one_domain else pool.background()
    name = "music.arpa" if one_domain else "general.arpa"
    return plan.made(name, "lm", "train", "--quiet", "--order", "3", text, "-o")


def intent_classifier(plan: Plan, pool: Pool) -> str:
    """A classifier of the intents of the pool."""
    given = ("--labelled", pool.labelled())
    name = f"{pool.kind}-classifier.model"
    return plan.made(
        name,
        "label",
        "--quiet",
        "--fit-only",
        *given,
        "--rounds",
        "0",
        "--uncalibrated",
        "--save-model",
    )
