"""Self-training with slots: utterances that a recogniser of intents and slots gets wrong.

SNIPS and ATIS with 5, 10 and 20 annotated utterances of each intent (ATIS has fewer of some), their
other utterances hidden among three times as many of other domains and of general text, as in
self-training. Exact copies of test utterances are left out of pools. The relevant part of a pool is
what `relevance --calibrate 0.9` keeps of it: which words stand in the same places is learnt better
from more text, so it is cut less strictly than for intents alone. Word vectors for intents are
learnt from all of the pool (`label --unfiltered`), whatever part of it is labelled.

An utterance is wrong if its intent is, or any slot: its name, its start or its end. Cases are drawn
with other random seeds than those that settings were chosen by.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from common import Claim, Plan, Record, Table, write
from hidden_domains import Case, by_intent, hidden, lay_out, learnt, slot_corpus

_CORPORA = {"SNIPS": "snips", "ATIS": "atis"}
_ANNOTATED = (5, 10, 20)  # of each intent
_ALONE, _RANDOM, _ALL = "annotated only", "+ random of equal size", "+ all of the pool"
_RELEVANT = "+ the relevant part"
_KEEP = ("--calibrate", "0.9")
_METRICS = ("intent", "slots", "exact")
_FIRST_SEED = 1_000


def measure(plan: Plan) -> list[Table]:
    """Utterances that are not wholly right, how much fewer these are, slot F1, and intents."""
    settings = {
        f"{name}, {count} each": _hidden_corpus(own, count)
        for name, own in _CORPORA.items()
        for count in _ANNOTATED
    }
    wrong = Table(f"utterances not wholly right, %, {plan.seeds} seeds", [*settings], digits=2)
    slots = Table(f"slot F1, %, {plan.seeds} seeds", [*settings], digits=2)
    intents = Table(f"intent accuracy, %, {plan.seeds} seeds", [*settings], digits=2)

    def measured(case: tuple[str, int]) -> dict[str, dict[str, float]]:
        name, seed = case
        return _measured(settings[name](plan.data, seed), seed)

    cases = [(name, _FIRST_SEED + seed) for name in settings for seed in range(plan.seeds)]
    for (name, _), found in plan.each(measured, cases):
        for way, figures in found.items():
            wrong.add(way, name, 100 - figures["exact_match"])
            slots.add(way, name, figures["slot_f1"])
            intents.add(way, name, figures["accuracy"])
    every = [*settings]
    fewer = wrong.reductions
    ways = _RANDOM, _ALL, _RELEVANT
    pairs = [*((way, _ALONE) for way in ways), *((_RELEVANT, base) for base in ways[:2])]
    wrong.notes.append(wrong.paired_changes(pairs, "share of those not right"))
    wrong.claims += [
        Claim("fewer utterances not wholly right", 15, fewer(_RELEVANT, _ALONE, every)),
        Claim("fewer in the worst of the settings", 0, [_worst(wrong, every)]),
        Claim("fewer than with a random part of equal size", 0, fewer(_RELEVANT, _RANDOM, every)),
        Claim("fewer than with all of the pool", 0, fewer(_RELEVANT, _ALL, every)),
    ]
    return [wrong, slots, intents]


def _worst(errors: Table, settings: list[str]) -> float:
    """The mean reduction of the setting that gains least."""
    each = [errors.reductions(_RELEVANT, _ALONE, [name]) for name in settings]
    return min(sum(own) / len(own) for own in each)


def _measured(case: Case, seed: int) -> dict[str, dict[str, float]]:
    """The figures of each way to use the pool."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        relevant = lay_out(folder, case)
        pools: dict[str, list[Record]] = {
            _RANDOM: rng.sample(case.pool, len(relevant)),
            _ALL: case.pool,
            _RELEVANT: relevant,
        }
        found = {_ALONE: _figures(folder, "--rounds", "0")}
        for way, pool in pools.items():
            write(folder / "chosen.jsonl", pool)
            found[way] = _figures(folder, "--unfiltered", "pool.jsonl", "chosen.jsonl")
    return found


def _figures(folder: Path, *options: str) -> dict[str, float]:
    """Measures in percent, by name, of what `label` learns with some options."""
    return {each["metric"]: float(each["value"]) for each in learnt(folder, _METRICS, *options)}


def _hidden_corpus(name: str, count: int) -> Callable[[Path, int], Case]:
    def make(data: Path, seed: int) -> Case:
        rng = random.Random(seed)
        own, others, test = slot_corpus(data, name)
        return hidden(data, by_intent(own, count, rng), own, others, test, _KEEP, rng)

    return make
