"""Self-training: errors of an intent classifier that also learns from a pool, by how it is cut.

A new domain: utterances of the domain hide among three times as many of other domains and of
general text, half of each. 45 intents of CLINC150 with 10 annotated utterances each, twice; SNIPS
with 5; of ATIS 100 utterances as they come, for three in four are of one intent. The error is that
on the domain's test utterances.

A new intent in a running assistant: five intents of CLINC150 with 5, 10 and 20 annotated
utterances, 2,000 of the other intents as background, and what is left of all 150 as the pool. The
error is 1 - the mean F1 of the five on the whole test set, where all else is "other".

Exact copies of test utterances are left out of pools. The relevant part of a pool is what
`relevance` keeps of it; "half" is half of that, by `diversity` or by chance.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import Claim, Plan, Record, Table, load, read, run, write
from corpora import GENERAL_TEXTS

_DOMAINS = {
    "banking, travel, kitchen": ("banking", "travel", "kitchen_and_dining"),
    "work, home, auto": ("work", "home", "auto_and_commute"),
}
_CLINC, _SLOTS = "clinc150", "snips_atis_slots"
_NEW_INTENTS = 5
_BACKGROUND = 2_000
_HIDDEN_AMONG = 3  # times as many
_BY_INTENT = ("--in-domain-by", "intent")
_METHODS = ("features", "facility", "kcenter")
_ANNOTATED = (5, 10, 20)  # of each new intent
_ALONE, _RANDOM, _ALL = "annotated only", "+ random of equal size", "+ all of the pool"
_RELEVANT, _INSIDE = "+ the relevant part", "+ what is truly in-domain"
_HALF, _CHANCE = "+ half of it by features", "+ half of it by chance"


@dataclass(frozen=True)
class Case:
    """What one seed of a setting measures on; records of the pool have no intent.

    `inside`: ids of the pool's records that are truly of the domain, or of the new intents.
    `keep`: options of `relevance`, and what it needs. `background` is None where "other" is no
    answer.
    """

    annotated: list[Record]
    pool: list[Record]
    inside: set[str]
    test: list[Record]
    keep: Sequence[str]
    background: list[Record] | None = None


def measure(plan: Plan) -> list[Table]:
    """Errors in percent, and how much they change."""
    domains: dict[str, Callable[[Path, int], Case]] = {
        **{name: _clinc_domains(domains) for name, domains in _DOMAINS.items()},
        "SNIPS": _snips,
        "ATIS": _atis,
    }
    intents = {f"5 new intents, {count} each": _new_intents(count) for count in _ANNOTATED}
    settings = {**domains, **intents}
    errors = Table(f"error, %, {plan.seeds} seeds", [*settings], digits=2)
    changes = Table(f"change of the error, %, {plan.seeds} seeds", [*settings], digits=1)

    def measured(case: tuple[str, int]) -> dict[str, float]:
        name, seed = case
        return _measured(settings[name](plan.data, seed), seed)

    cases = [(name, seed) for name in settings for seed in range(plan.seeds)]
    for (name, _), found in plan.each(measured, cases):
        for way, error in found.items():
            errors.add(way, name, error)
            changes.add(way, name, 100 * (error / found[_ALONE] - 1))
    errors.claims += _claims(errors, list(domains), list(intents))
    return [errors, changes]


def _claims(errors: Table, domains: Sequence[str], intents: Sequence[str]) -> list[Claim]:
    """What Cho et al. report, and that it is the selection that does it."""
    every = [*domains, *intents]

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
        write(folder / "annotated.jsonl", case.annotated)
        write(folder / "pool.jsonl", case.pool)
        write(folder / "test.jsonl", case.test)
        if case.background is not None:
            write(folder / "background.jsonl", case.background)
        run(folder, "relevance", *case.keep, "pool.jsonl", "-o", "relevant.jsonl")
        relevant = read(folder / "relevant.jsonl")
        pools = {
            _RANDOM: rng.sample(case.pool, len(relevant)),
            _ALL: case.pool,
            _RELEVANT: relevant,
            _INSIDE: [r for r in case.pool if r["id"] in case.inside],
            _CHANCE: rng.sample(relevant, len(relevant) // 2),
            **{f"+ half of it by {way}": half for way, half in _halves(folder)},
        }
        known = [] if case.background is None else ["--background", "background.jsonl"]
        found = {_ALONE: _error(folder, "--rounds", "0", *known)}
        for way, pool in pools.items():
            write(folder / "chosen.jsonl", pool)
            found[way] = _error(folder, "chosen.jsonl", *known)
    return found


def _halves(folder: Path) -> Iterator[tuple[str, list[Record]]]:
    """Half of the relevant records by each method of diversity."""
    for method in _METHODS:
        options = ("--labelled", "annotated.jsonl", "--method", method, "--share", "50%")
        run(folder, "diversity", *options, "relevant.jsonl", "-o", "half.jsonl")
        yield method, read(folder / "half.jsonl")


def _error(folder: Path, *options: str) -> float:
    """In percent, of an intent classifier trained with some options.

    One that knows "other" is judged by the F1 of its intents, one that does not by all it says.
    """
    learnt = ("--labelled", "annotated.jsonl", "--save-model", "model", "--fit-only")
    learnt += ("--uncalibrated",)  # four times as fast, and the answers are the same
    run(folder, "label", *learnt, *options)
    judged = (
        "--metric",
        "intent",
        "--intent-classifier",
        "model",
        "--samples",
        "1",
        "--format",
        "json",
    )
    run(folder, "evaluate", *judged, "test.jsonl", "-o", "figures.json")
    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    accuracy, macro = figures["measures"]
    if "other" not in macro["counts"]:
        return 100 - float(accuracy["value"])
    scores = [each["f1"] for name, each in macro["counts"].items() if name != "other"]
    return 100 - statistics.mean(scores)


# -- A new domain --------------------------------------------------------------------------------


def _clinc_domains(domains: Sequence[str]) -> Callable[[Path, int], Case]:
    def make(data: Path, seed: int) -> Case:
        rng = random.Random(seed)
        records = load(data / _CLINC / "train.jsonl.gz")
        test = [r for r in load(data / _CLINC / "test.jsonl.gz") if r["domain"] in domains]
        own = [r for r in records if r["domain"] in domains]
        others = [r for r in records if r["domain"] not in domains]
        return hidden(data, by_intent(own, 10, rng), own, others, test, _BY_INTENT, rng)

    return make


def _snips(data: Path, seed: int) -> Case:
    rng = random.Random(seed)
    own = load(data / _SLOTS / "snips_train.jsonl.gz")
    others = [
        *load(data / _CLINC / "train.jsonl.gz"),
        *load(data / _SLOTS / "atis_train.jsonl.gz"),
    ]
    test = load(data / _SLOTS / "snips_test.jsonl.gz")
    return hidden(data, by_intent(own, 5, rng), own, others, test, _BY_INTENT, rng)


def _atis(data: Path, seed: int) -> Case:
    rng = random.Random(seed)
    own = load(data / _SLOTS / "atis_train.jsonl.gz")
    others = [
        *load(data / _CLINC / "train.jsonl.gz"),
        *load(data / _SLOTS / "snips_train.jsonl.gz"),
    ]
    test = load(data / _SLOTS / "atis_test.jsonl.gz")
    return hidden(data, rng.sample(own, 100), own, others, test, (), rng)


def by_intent(records: list[Record], count: int, rng: random.Random) -> list[Record]:
    """`count` records of each intent, or all of one that has fewer."""
    found = []
    for intent in sorted({record["intent"] for record in records}):
        own = [r for r in records if r["intent"] == intent]
        found += rng.sample(own, min(count, len(own)))
    return found


def hidden(
    data: Path,
    annotated: list[Record],
    own: list[Record],
    others: list[Record],
    test: list[Record],
    sets: Sequence[str],
    rng: random.Random,
) -> Case:
    """The rest of a domain among other domains and general text.

    Filtered strictly: without "other", what slips in gets one of the intents.
    """
    left_out = {r["id"] for r in annotated}
    copies = {r["text"] for r in test}
    rest = [r for r in own if r["id"] not in left_out and r["text"] not in copies]
    count = _HIDDEN_AMONG * len(rest)
    distant = rng.sample(others, min(count // 2, len(others)))
    share = -(-(count - len(distant)) // len(GENERAL_TEXTS))
    for name in GENERAL_TEXTS:
        distant += rng.sample(load(data / "general_text" / f"{name}.jsonl.gz"), share)
    pool = _unlabelled([*rest, *distant])
    rng.shuffle(pool)
    keep = ("--in-domain", "annotated.jsonl", "--calibrate", "0.5", *sets)
    return Case(annotated, pool, {r["id"] for r in rest}, test, keep)


def _unlabelled(records: list[Record]) -> list[Record]:
    """Records with text, without their labels."""
    return [{"id": r["id"], "text": r["text"]} for r in records if r["text"].strip()]


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
        keep = ("--in-domain", "annotated.jsonl", *_BY_INTENT, "--calibrate", "0.9")
        keep += ("--background", "background.jsonl")
        return Case(annotated, _unlabelled(rest), inside, test, keep, _unlabelled(background))

    return make
