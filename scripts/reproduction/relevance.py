"""Relevance: how many of the best records are of the intents that were asked for.

For each seed, 5 random intents of CLINC150 with 10 annotated utterances each; the pool is the rest
of the training set, labels hidden. How many of the 250 best are of the 5 intents? Also one SNIPS
intent with 5, 50 and 500 annotated utterances, hidden among the rest of SNIPS and dialogue turns.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import tempfile
from pathlib import Path

from common import PROGRAM, Plan, Record, Table, load, read, write

_WAYS = {
    "one set": [],
    "--in-domain-by intent": ["--in-domain-by", "intent"],
}
_SNIPS_SIZES = (5, 50, 500)


def measure(plan: Plan) -> list[Table]:
    """Precision of each way to ask, beside that of chance."""
    columns = ["CLINC150, 5 × 10, best 250"]
    columns += [f"SNIPS, 1 × {count}, best 500" for count in _SNIPS_SIZES]
    table = Table(f"precision, {plan.seeds} seeds", columns)
    for seed in range(plan.seeds):
        cases = [(250, *clinc_case(plan.data, seed))]
        cases += [(500, *snips_case(plan.data, seed, count)) for count in _SNIPS_SIZES]
        for column, (k, annotated, pool) in zip(columns, cases, strict=True):
            table.add("random", column, statistics.mean(record["wanted"] for record in pool))
            for way, options in _WAYS.items():
                if "SNIPS" in column and "intent" in way:
                    continue  # it has one intent
                table.add(way, column, precision(annotated, pool, k, options))
    return [table]


def precision(annotated: list[Record], pool: list[Record], k: int, options: list[str]) -> float:
    """Precision of the `k` best of the pool, as the pipeline of the README finds them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed_file = write(folder / "annotated.jsonl", annotated)
        pool_file = write(folder / "pool.jsonl", pool)
        share = f"{max(5.0, 150 * k / len(pool)):.3f}%"
        pipeline = (
            'cat "$1" | "$0" relevance -q --in-domain "$2" --share "$3" "${@:6}"'
            ' | "$0" select -q --by relevance --top-k "$4" > "$5"'
        )
        kept = folder / "kept.jsonl"
        parts = (PROGRAM, pool_file, seed_file, share, str(k), kept, *options)
        subprocess.run(["bash", "-o", "pipefail", "-c", pipeline, *parts], check=True)
        return statistics.mean(record["wanted"] for record in read(kept))


def clinc_case(data: Path, seed: int) -> tuple[list[Record], list[Record]]:
    """Annotated utterances of five intents, and the pool that hides the others."""
    rng = random.Random(seed)
    records = load(data / "clinc150" / "train.jsonl.gz")
    intents = rng.sample(sorted({record["intent"] for record in records}), 5)
    annotated = [
        record
        for intent in intents
        for record in rng.sample([r for r in records if r["intent"] == intent], 10)
    ]
    return annotated, _hidden(records, annotated, intents)


def snips_case(data: Path, seed: int, count: int) -> tuple[list[Record], list[Record]]:
    """`count` annotated utterances of one intent, and SNIPS and dialogue turns as the pool."""
    rng = random.Random(seed)
    records = load(data / "snips_atis_slots" / "snips_train.jsonl.gz")
    others = rng.sample(load(data / "general_text" / "sgd_user.jsonl.gz"), 20_000)
    intent = sorted({record["intent"] for record in records})[seed % 7]
    annotated = rng.sample([r for r in records if r["intent"] == intent], count)
    return annotated, _hidden([*records, *others], annotated, [intent])


def _hidden(records: list[Record], annotated: list[Record], intents: list[str]) -> list[Record]:
    """The other records without their labels; `wanted` is for counting only."""
    taken = {record["id"] for record in annotated}
    return [
        {"id": r["id"], "text": r["text"], "wanted": r.get("intent") in intents}
        for r in records
        if r["id"] not in taken and r["text"].strip()
    ]
