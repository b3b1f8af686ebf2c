"""Relevance among siblings: intents whose neighbours are of the same domain.

For each seed and each of six domains of CLINC150, five intents of the domain with 10 annotated
utterances each. All other utterances of CLINC150, and 6,000 general texts, are the pool, which
hides 90 of each of the five. Average precision of the ranking of the whole pool. What is wrong near
the top are utterances of the domain's other intents.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from pathlib import Path

from common import Plan, Record, Table, load, read, run, write
from corpora import GENERAL_TEXTS

_DOMAINS = ("banking", "travel", "kitchen_and_dining", "work", "home", "auto_and_commute")
_GENERAL = 6_000
_WAYS = {
    "relevance": [],
    "relevance --in-domain-by intent": ["--in-domain-by", "intent"],
}
_MEAN = "mean"


def measure(plan: Plan) -> list[Table]:
    """Average precision by domain, and its mean over domains for each seed."""
    table = Table(f"average precision, {plan.seeds} seeds", [*_DOMAINS, _MEAN])
    cases = [(domain, seed) for seed in range(plan.seeds) for domain in _DOMAINS]
    found = dict(plan.each(lambda case: _precisions(plan.data, *case), cases))
    for (domain, _), figures in found.items():
        for way, figure in figures.items():
            table.add(way, domain, figure)
    for way in ("random", *_WAYS):
        for seed in range(plan.seeds):
            own = [found[domain, seed][way] for domain in _DOMAINS]
            table.add(way, _MEAN, statistics.mean(own))
    return [table]


def _precisions(data: Path, domain: str, seed: int) -> dict[str, float]:
    annotated, pool = _case(data, domain, seed)
    found = {"random": statistics.mean(record["wanted"] for record in pool)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "annotated.jsonl", annotated)
        write(folder / "pool.jsonl", pool)
        for way, options in _WAYS.items():
            files = ("--in-domain", "annotated.jsonl", "-o", "scored.jsonl", "pool.jsonl")
            run(folder, "relevance", *options, "--seed", seed, *files)
            found[way] = _average_precision(read(folder / "scored.jsonl"))
    return found


def _average_precision(scored: list[Record]) -> float:
    """Mean precision at each wanted record; among equal scores the first come first."""
    ranked = sorted(scored, key=lambda record: -record["relevance"])
    places = [place for place, record in enumerate(ranked, start=1) if record["wanted"]]
    return statistics.mean(hits / place for hits, place in enumerate(places, start=1))


def _case(data: Path, domain: str, seed: int) -> tuple[list[Record], list[Record]]:
    """Annotated utterances of five intents of a domain, and the pool that hides the others."""
    rng = random.Random(f"{domain} {seed}")
    records = load(data / "clinc150" / "train.jsonl.gz")
    intents = rng.sample(sorted({r["intent"] for r in records if r["domain"] == domain}), 5)
    annotated = [
        record
        for intent in intents
        for record in rng.sample([r for r in records if r["intent"] == intent], 10)
    ]
    taken = {record["id"] for record in annotated}
    pool = [record for record in records if record["id"] not in taken]
    for name in GENERAL_TEXTS:
        texts = [r for r in load(data / "general_text" / f"{name}.jsonl.gz") if r["text"].strip()]
        pool += rng.sample(texts, _GENERAL // len(GENERAL_TEXTS))
    rng.shuffle(pool)
    kept = [{"text": r["text"], "wanted": r.get("intent") in intents} for r in pool]
    return [{"text": r["text"], "intent": r["intent"]} for r in annotated], kept
