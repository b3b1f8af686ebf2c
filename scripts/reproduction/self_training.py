"""Self-training: errors of an intent classifier that also learns from a pool, by how it is cut.

A new domain: utterances of the domain hide among three times as many of other domains and of
general text, half of each. 45 intents of CLINC150 with 10 annotated utterances each, twice; SNIPS
with 5; of ATIS 100 utterances as they come, for three in four are of one intent. The error is that
on the domain's test utterances.

A new intent in a running assistant: five intents of CLINC150 with 5, 10 and 20 annotated
utterances, 2,000 of the other intents as background, and what is left of all 150 as the pool. The
error is 1 - the mean F1 of the five on the whole test set, where all else is "other".

Exact copies of test utterances are left out of pools. The relevant part of a pool is what
`relevance` keeps of it; "half" is half of that, by `diversity` or by chance. Word vectors are
learnt from the whole pool, but for "annotated only".
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from common import Claim, Plan, Record, Table, load, read, run, write
from hidden_domains import (
    Case,
    by_intent,
    clinc_domains,
    hidden,
    lay_out,
    learnt,
    slot_corpus,
    unlabelled,
)

_DOMAINS = {
    "banking, travel, kitchen": ("banking", "travel", "kitchen_and_dining"),
    "work, home, auto": ("work", "home", "auto_and_commute"),
}
_CLINC = "clinc150"
_NEW_INTENTS = 5
_BACKGROUND = 2_000
_STRICTLY = ("--calibrate", "0.5")  # without "other", what slips in gets one of the intents
_BY_INTENT = ("--in-domain-by", "intent")
_METHODS = ("features", "facility", "kcenter")
_ANNOTATED = (5, 10, 20)  # of each new intent
_ALONE, _RANDOM, _ALL = "annotated only", "+ random of equal size", "+ all of the pool"
_RELEVANT, _INSIDE = "+ the relevant part", "+ what is truly in-domain"
_HALF, _CHANCE = "+ half of it by features", "+ half of it by chance"


def measure(plan: Plan) -> list[Table]:
    """Errors in percent, and how much they change."""
    errors = Table(f"error, %, {plan.seeds} seeds", [*SETTINGS], digits=2)
    changes = Table(f"change of the error, %, {plan.seeds} seeds", [*SETTINGS], digits=1)

    def measured(case: tuple[str, int]) -> dict[str, float]:
        name, seed = case
        return _measured(SETTINGS[name](plan.data, seed), seed)

    cases = [(name, seed) for name in SETTINGS for seed in range(plan.seeds)]
    for (name, _), found in plan.each(plan.kept(measured), cases):
        for way, error in found.items():
            errors.add(way, name, error)
            changes.add(way, name, 100 * (error / found[_ALONE] - 1))
    errors.claims += _claims(errors)
    return [errors, changes]


def _claims(errors: Table) -> list[Claim]:
    """What Cho et al. report, and that it is the selection that does it."""
    every = [*SETTINGS]
    domains, intents = every[: -len(_ANNOTATED)], every[-len(_ANNOTATED) :]

    def fewer(row: str, base: str, columns: Sequence[str] = every) -> list[float]:
        return errors.reductions(row, base, columns)

    left = statistics.mean(fewer(_HALF, _ALONE)) / statistics.mean(fewer(_RELEVANT, _ALONE))
    return [
        Claim("fewer errors by self-training, new domain", 15, fewer(_RELEVANT, _ALONE, domains)),
        Claim("fewer errors by self-training, new intents", 10, fewer(_RELEVANT, _ALONE, intents)),
        Claim("fewer errors than with a random part of equal size", 0, fewer(_RELEVANT, _RANDOM)),
        Claim("fewer errors than with all of the pool", 0, fewer(_RELEVANT, _ALL)),
        Claim("of the gain is left with half of the data by diversity", 90, [100 * left]),
        Claim("fewer errors with that half than with one by chance", 0, fewer(_HALF, _CHANCE)),
    ]


def _measured(case: Case, seed: int) -> dict[str, float]:
    """The error of each way to use the pool."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        relevant = lay_out(folder, case)
        pools = {
            _RANDOM: rng.sample(case.pool, len(relevant)),
            _ALL: case.pool,
            _RELEVANT: relevant,
            _INSIDE: [r for r in case.pool if r["id"] in case.inside],
            _CHANCE: rng.sample(relevant, len(relevant) // 2),
            **{f"+ half of it by {way}": half for way, half in _halves(folder)},
        }
        known = [] if case.background is None else ["--background", "background.jsonl"]
        found = {_ALONE: error(folder, "--rounds", "0", *known)}
        for way, pool in pools.items():
            write(folder / "chosen.jsonl", pool)
            found[way] = error(folder, "chosen.jsonl", "--unfiltered", "pool.jsonl", *known)
    return found


def _halves(folder: Path) -> Iterator[tuple[str, list[Record]]]:
    """Half of the relevant records by each method of diversity."""
    for method in _METHODS:
        options = ("--labelled", "annotated.jsonl", "--method", method, "--share", "50%")
        run(folder, "diversity", *options, "relevant.jsonl", "-o", "half.jsonl")
        yield method, read(folder / "half.jsonl")


def error(folder: Path, *options: str) -> float:
    """In percent, of an intent classifier trained with some options.

    One that knows "other" is judged by the F1 of its intents, one that does not by all it says.
    """
    accuracy, macro = learnt(folder, ["intent"], "--no-slots", *options)
    if "other" not in macro["counts"]:
        return 100 - float(accuracy["value"])
    scores = [each["f1"] for name, each in macro["counts"].items() if name != "other"]
    return float(100 - statistics.mean(scores))


# -- A new domain --------------------------------------------------------------------------------


def _clinc_domains(domains: Sequence[str]) -> Callable[[Path, int], Case]:
    keep = (*_STRICTLY, *_BY_INTENT)
    return lambda data, seed: clinc_domains(data, domains, 10, keep, random.Random(seed))


def _snips(data: Path, seed: int) -> Case:
    rng = random.Random(seed)
    own, others, test = slot_corpus(data, "snips")
    keep = (*_STRICTLY, *_BY_INTENT)
    return hidden(data, by_intent(own, 5, rng), own, others, test, keep, rng)


def _atis(data: Path, seed: int) -> Case:
    rng = random.Random(seed)
    own, others, test = slot_corpus(data, "atis")
    return hidden(data, rng.sample(own, 100), own, others, test, _STRICTLY, rng)


# -- A new intent in a running assistant ---------------------------------------------------------


def _new_intents(count: int) -> Callable[[Path, int], Case]:
    def make(data: Path, seed: int) -> Case:
        rng = random.Random(seed)
        records = load(data / _CLINC / "train.jsonl.gz")
        new = rng.sample(sorted({r["intent"] for r in records}), _NEW_INTENTS)
        annotated = by_intent([r for r in records if r["intent"] in new], count, rng)
        background = rng.sample([r for r in records if r["intent"] not in new], _BACKGROUND)
        taken = {r["id"] for r in [*annotated, *background]}
        test = load(data / _CLINC / "test.jsonl.gz")
        copies = {r["text"] for r in test}
        rest = [r for r in records if r["id"] not in taken and r["text"] not in copies]
        rng.shuffle(rest)
        inside = {r["id"] for r in rest if r["intent"] in new}
        known = ("--in-domain", "annotated.jsonl", "--background", "background.jsonl")
        keep = (*known, *_BY_INTENT, "--calibrate", "0.9")
        return Case(annotated, unlabelled(rest), inside, test, keep, unlabelled(background))

    return make


SETTINGS: dict[str, Callable[[Path, int], Case]] = {
    **{name: _clinc_domains(domains) for name, domains in _DOMAINS.items()},
    "SNIPS": _snips,
    "ATIS": _atis,
    **{f"5 new intents, {count} each": _new_intents(count) for count in _ANNOTATED},
}
"""Makes the case of a setting and a seed."""
