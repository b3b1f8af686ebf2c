"""Self-training with slots: utterances that a recogniser of intents and slots gets wrong.

SNIPS and ATIS with 5, 10 and 20 annotated utterances of each intent (ATIS has fewer of some), their
other utterances hidden among three times as many of other domains and of general text, as in
self-training. Exact copies of test utterances are left out of pools. The relevant part of a pool is
what `relevance` keeps of it.

An utterance is wrong if its intent is, or any slot: its name, its start or its end.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from common import Claim, Plan, Record, Table, load, read, run, write
from self_training import Case, by_intent, hidden

_CORPORA = {"SNIPS": ("snips", "atis"), "ATIS": ("atis", "snips")}
_ANNOTATED = (5, 10, 20)  # of each intent
_ALONE, _RANDOM, _ALL = "annotated only", "+ random of equal size", "+ all of the pool"
_RELEVANT = "+ the relevant part"


def measure(plan: Plan) -> list[Table]:
    """Slot F1, utterances that are not wholly right, and how much fewer these are."""
    settings = {
        f"{name}, {count} each": _hidden_corpus(own, other, count)
        for name, (own, other) in _CORPORA.items()
        for count in _ANNOTATED
    }
    wrong = Table(f"utterances not wholly right, %, {plan.seeds} seeds", [*settings], digits=2)
    slots = Table(f"slot F1, %, {plan.seeds} seeds", [*settings], digits=2)
    changes = Table(f"change of those not right, %, {plan.seeds} seeds", [*settings], digits=1)

    def measured(case: tuple[str, int]) -> dict[str, dict[str, float]]:
        name, seed = case
        return _measured(settings[name](plan.data, seed), seed)

    cases = [(name, seed) for name in settings for seed in range(plan.seeds)]
    for (name, _), found in plan.each(measured, cases):
        for way, figures in found.items():
            error = 100 - figures["exact_match"]
            wrong.add(way, name, error)
            slots.add(way, name, figures["slot_f1"])
            changes.add(way, name, 100 * (error / (100 - found[_ALONE]["exact_match"]) - 1))
    every = [*settings]
    fewer = wrong.reductions
    wrong.claims += [
        Claim("fewer utterances not wholly right", 15, fewer(_RELEVANT, _ALONE, every)),
        Claim("fewer in the worst of the settings", 0, [_worst(wrong, every)]),
        Claim("fewer than with a random part of equal size", 0, fewer(_RELEVANT, _RANDOM, every)),
        Claim("fewer than with all of the pool", 0, fewer(_RELEVANT, _ALL, every)),
    ]
    return [wrong, slots, changes]


def _worst(errors: Table, settings: list[str]) -> float:
    """The mean reduction of the setting that gains least."""
    each = [errors.reductions(_RELEVANT, _ALONE, [name]) for name in settings]
    return min(sum(own) / len(own) for own in each)


def _measured(case: Case, seed: int) -> dict[str, dict[str, float]]:
    """The figures of each way to use the pool."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "annotated.jsonl", case.annotated)
        write(folder / "pool.jsonl", case.pool)
        write(folder / "test.jsonl", case.test)
        run(folder, "relevance", *case.keep, "pool.jsonl", "-o", "relevant.jsonl")
        relevant = read(folder / "relevant.jsonl")
        pools: dict[str, list[Record]] = {
            _RANDOM: rng.sample(case.pool, len(relevant)),
            _ALL: case.pool,
            _RELEVANT: relevant,
        }
        found = {_ALONE: _figures(folder, "--rounds", "0")}
        for way, pool in pools.items():
            write(folder / "chosen.jsonl", pool)
            found[way] = _figures(folder, "chosen.jsonl")
    return found


def _figures(folder: Path, *options: str) -> dict[str, float]:
    """Slot F1 and exact match, in percent, of a model trained with some options."""
    learnt = ("--labelled", "annotated.jsonl", "--save-model", "model", "--fit-only")
    run(folder, "label", *learnt, "--uncalibrated", *options)  # the answers are the same
    judged = ("--metric", "slots", "--metric", "exact", "--intent-classifier", "model")
    shown = ("--samples", "1", "--format", "json", "-o", "figures.json")
    run(folder, "evaluate", *judged, *shown, "test.jsonl")
    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    return {each["metric"]: float(each["value"]) for each in figures["measures"]}


def _hidden_corpus(own: str, other: str, count: int) -> Callable[[Path, int], Case]:
    def make(data: Path, seed: int) -> Case:
        rng = random.Random(seed)
        corpora = data / "snips_atis_slots"
        records = load(corpora / f"{own}_train.jsonl.gz")
        others = [
            *load(data / "clinc150" / "train.jsonl.gz"),
            *load(corpora / f"{other}_train.jsonl.gz"),
        ]
        test = load(corpora / f"{own}_test.jsonl.gz")
        sets = ("--in-domain-by", "intent")
        return hidden(data, by_intent(records, count, rng), records, others, test, sets, rng)

    return make
