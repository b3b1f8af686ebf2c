"""Memory: of ten times as many records, and of a line of 50 MB through every command."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
from contenders import Contender, dataselect
from contest import Contest, flat, memory
from plan import Plan
from pool import Pool
from tables import Section

from parts.paraphrases import annotated, detector
from parts.scoring import intent_classifier, language_model

_TIMES = 10
# The allocator's own growth: the longer run meets larger blocks by chance.
_GROWTH = 1.05
_LINE = 50_000_000
_WORDS = ("play", "some", "jazz", "please", "wake", "me", "up", "at", "six", "tomorrow")


def slope(plan: Plan) -> Section:
    """Streaming commands on a pool and on one ten times as long, through a pipe."""
    contenders = []
    with plan.output("scored.jsonl") as [out]:
        for name, pool, options in _streaming(plan):
            command = (dataselect(), *options, "--quiet", "-o", out)
            few, many = name, f"{name}, {_TIMES} times as many"
            bars = [] if "--top-k" in options else [flat(_GROWTH, few)]
            contenders += [
                Contender(few, command, pool.records, feed=partial(pool.repeated, 1)),
                Contender(
                    many, command, pool.records * _TIMES, bars, partial(pool.repeated, _TIMES)
                ),
            ]
        notes = [
            (
                "Ten times as many are the same again, each with an id and a first word of its "
                "own, through a pipe."
            ),
            "--top-k holds a score for each record, 8 bytes, and for a moment what picks the best.",
        ]
        return Contest("Memory of ten times as many records", contenders, notes=notes).measure(
            plan, 1
        )


def _streaming(plan: Plan) -> Iterator[tuple[str, Pool, tuple[str, ...]]]:
    """Names, what is read, and arguments."""
    pool, fewer, pairs = plan.pool(), plan.pool(100_000), plan.pairs(100_000)
    relevance = ("relevance", "--model", pool.model)
    yield "relevance --threshold", pool, (*relevance, "--threshold", "0.9", "--allow-empty")
    yield "relevance --top-k", fewer, (*relevance, "--top-k", "1000")
    lm = language_model(plan, fewer)
    yield "winnow --max-perplexity", fewer, ("winnow", "--lm", lm, "--max-perplexity", "100")
    classifier = intent_classifier(plan, fewer)
    yield (
        "label --min-confidence",
        fewer,
        ("label", "--model", classifier, "--min-confidence", "0.5"),
    )
    yield "bitext --threshold", pairs, ("bitext", "--model", pairs.model, "--threshold", "0")
    yield "signals", fewer, ("signals",)
    yield "convert --to csv", fewer, ("convert", "--to", "csv")


def long_line(plan: Plan) -> Section:
    """One record of 50 MB between two short ones."""
    with plan.output("out.jsonl", "out.csv", "out.parquet", "run.json", "lm.arpa") as outputs:
        out, *others = outputs
        contenders = [
            Contender(name, (dataselect(), *command), 3, [memory()])
            for name, command in _commands(plan, out, *others)
        ]
        folder, missing = detector(plan)
        contenders += [
            Contender(name, (dataselect(), *command, "-o", out), 3, [memory()], missing=missing)
            for name, command in _by_detector(plan, folder)
        ]
        notes = [f"The line has {plan.size(_LINE):,} bytes, in one field or in two halves."]
        return Contest("A long line", contenders, notes=notes).measure(plan, 1)


def _commands(
    plan: Plan, out: str, csv: str, parquet: str, run: str, arpa: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every command that reads records; later ones read what earlier ones wrote."""
    pool, pairs = plan.pool(100_000), plan.pairs(100_000)
    texts, doubles, lists = _long(plan)
    seed, lm = pool.in_domain(), language_model(plan, pool)
    classifier = intent_classifier(plan, pool)
    to, quiet = ("-o", out), "--quiet"
    yield (
        "relevance --model",
        ("relevance", quiet, "--model", pool.model, "--report", run, texts, *to),
    )
    yield "report", ("report", quiet, run, "-o", plan.path("page.html"))
    yield "relevance", ("relevance", quiet, "--in-domain", seed, texts, *to)
    yield "winnow --lm", ("winnow", quiet, "--lm", lm, texts, *to)
    yield (
        "winnow --background auto",
        (*("winnow", quiet, "--in-domain", seed, "--background", "auto", texts, *to),),
    )
    yield "diversity", ("diversity", quiet, "--top-k", "2", texts, *to)
    yield (
        "diversity --method facility",
        (*("diversity", quiet, "--method", "facility", "--top-k", "2", texts, *to),),
    )
    yield (
        "diversity --method kcenter",
        (*("diversity", quiet, "--method", "kcenter", "--top-k", "2", texts, *to),),
    )
    yield "label --model", ("label", quiet, "--model", classifier, texts, *to)
    yield "label", ("label", quiet, "--labelled", pool.labelled(), texts, *to)
    yield "bitext", ("bitext", quiet, "--in-domain", pairs.in_domain(), doubles, *to)
    yield "bitext --model", ("bitext", quiet, "--model", pairs.model, doubles, *to)
    yield "rescore --lm", ("rescore", quiet, "--lm", lm, lists, *to)
    yield "signals", ("signals", quiet, texts, *to)
    yield "select", ("select", quiet, "--by", "score", "--unique", "--top-k", "2", texts, *to)
    yield "compare", ("compare", quiet, "--dev", seed, "--pool", texts, texts, *to)
    for metric in "wer", "cer", "bleu", "chrf", "ter", "intent", "slots":
        yield f"evaluate -m {metric}", ("evaluate", quiet, "-m", metric, doubles, *to)
    yield "explain", ("explain", "long", texts, *to)
    yield "explain, a long neighbour", ("explain", "first", "--kept", texts, texts, *to)
    yield "check", ("check", quiet, texts, *to)
    yield "values", ("values", quiet, texts, *to)
    yield (
        "discover",
        ("discover", quiet, "--keep-ungrouped", "--labelled", pool.labelled(), texts, *to),
    )
    yield (
        "paraphrase pairs",
        ("paraphrase", "pairs", quiet, "--pairs", "100", annotated(plan), texts, *to),
    )
    yield "lm train", ("lm", "train", quiet, texts, "-o", arpa)
    yield "lm eval", ("lm", "eval", quiet, "--lm", lm, texts)
    yield "lm mix --tune", ("lm", "mix", quiet, "--tune", texts, lm, lm, "-o", arpa)
    yield "convert --to csv", ("convert", quiet, texts, "-o", csv)
    yield "convert --from csv", ("convert", quiet, csv, *to)
    yield "convert --to parquet", ("convert", quiet, texts, "-o", parquet)
    yield "convert --from parquet", ("convert", quiet, parquet, *to)


def _by_detector(plan: Plan, folder: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a paraphrase detector is used for."""
    texts, _, _ = _long(plan)
    given = ("--quiet", "--detector", folder, texts)
    yield (
        "diversity --method paraphrase",
        ("diversity", "--method", "paraphrase", "--top-k", "2", *given),
    )
    seed = plan.pool(100_000).in_domain()
    yield "paraphrase score", ("paraphrase", "score", *given, "--against", seed)


def _long(plan: Plan) -> tuple[str, str, str]:
    """Files with a long text, with two long texts, and with a list of two."""
    size = plan.size(_LINE)
    half = " ".join(_WORDS[number * number % 7] + str(number % 999) for number in range(size // 16))
    slots = [{"slot": "artist", "start": 0, "end": 5}]  # the first word
    intents = {"intent": "play", "ref_intent": "play"}
    rest = {**intents, "score": 1.0, "slots": slots, "ref_slots": slots}
    two = {"src": half, "tgt": half, "text": half, "ref": half}
    files: dict[str, dict[str, Any]] = {
        "long-text.jsonl": {"text": f"{half} {half}", **rest},
        "long-texts.jsonl": {name: text[: len(half) // 2] for name, text in two.items()} | rest,
        "long-list.jsonl": {
            "nbest": [{"text": half, "score": -1}, {"text": half[1:], "score": -2}]
        },
    }
    for name, record in files.items():
        short = {
            key: half[:5] if isinstance(value, str) else value
            for key, value in record.items()
            if key != "nbest"
        }
        if "nbest" in record:
            short["nbest"] = [{"text": "some jazz", "score": -1}]
        with open(plan.path(name), "wb") as file:
            records = ("first", short), ("long", record), ("last", short)
            file.writelines(orjson.dumps({"id": name, **each}) + b"\n" for name, each in records)
    first, second, third = map(plan.path, files)
    return first, second, third
