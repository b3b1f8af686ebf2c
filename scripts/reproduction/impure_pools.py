"""Self-training with few annotated utterances and pools that are mostly something else.

Eight tasks: a domain of CLINC150 (banking with 3 annotated utterances of each intent, small talk
with 3, work with 2, meta with 3, home with 5), SNIPS with 3, ATIS with 3 and with 40 utterances as
they come. Pools have as many utterances as the domain, 2,000 at most, of which none, a quarter or
half are its own, at random; or are what `relevance` keeps of the domain among three times as much:
half, or what it takes for in-domain. No intent is "other", so whatever is in a pool gets an intent.

`label` learns from the pool where that helps with annotated utterances held out, though these were
what the pool was filtered with; `--uncalibrated` always does. Word vectors are those of the pool;
"annotated only" has none. Everything but `relevance` is done by the Python API.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from common import Claim, Plan, Table
from hidden_domains import Case, by_intent, clinc_domains, hidden, lay_out, slot_corpus, wrong

from dataselect import IntentClassifier

_ALONE, _ALWAYS, _LABEL = "annotated only", "+ the pool, always", "+ the pool, where it helps"
_LEARNT, _WORSE, _WORST = "pool learnt from, % of runs", "worse, % of runs", "at worst, points"
_MOST = 2_000
_OWN = {"none is of the domain": 0.0, "a quarter is": 0.25, "half is": 0.5}
_KEPT = {"relevance --share 50%": ("--share", "50%"), "--calibrate 0.5": ("--calibrate", "0.5")}
_NOISE = 0.5  # points of the error; what a run may be worse by


def measure(plan: Plan) -> list[Table]:
    """Errors in percent, and how often `label` learnt from the pool and was the worse for it."""
    columns = [*_OWN, *_KEPT]
    errors = Table(f"error, %, {len(_TASKS)} tasks, {plan.seeds} seeds", columns, digits=2)
    cases = [(name, seed) for seed in range(plan.seeds) for name in _TASKS]
    runs = Table("runs", columns, digits=1)
    for _, found in plan.each(plan.kept(lambda case: _measured(plan.data, *case)), cases):
        for cell, figure in found.items():
            row, column = cell.split(": ")
            (runs if row == _LEARNT else errors).add(row, column, figure)
    pairs = [(_ALWAYS, _ALONE), (_LABEL, _ALONE), (_LABEL, _ALWAYS)]
    errors.notes += [errors.paired_changes(pairs)]
    for column in columns:
        for way in (_ALWAYS, _LABEL):
            pairs_of_way = zip(errors.rows[way][column], errors.rows[_ALONE][column], strict=True)
            more = [own - alone for own, alone in pairs_of_way]
            runs.add(f"{way}: {_WORSE}", column, 100 * sum(x > _NOISE for x in more) / len(more))
            runs.add(f"{way}: {_WORST}", column, max(more))
    errors.claims += [
        Claim(
            f"fewer errors than annotated only, {column}",
            0,
            errors.reductions(_LABEL, _ALONE, [column]),
        )
        for column in columns
    ]
    return [errors, runs]


def _measured(data: Path, name: str, seed: int) -> dict[str, float]:
    """The error of each way with each pool, and whether `label` learnt from it."""
    rng = random.Random(seed)
    case = _TASKS[name](data, rng)
    annotated = [record["text"] for record in case.annotated]
    intents = [record["intent"] for record in case.annotated]
    plain = IntentClassifier(rounds=0, uncalibrated=True, no_vectors=True).fit(annotated, intents)
    found = {}
    for column, pool in _pools(case, rng):
        found[f"{_ALONE}: {column}"] = wrong(plain, case.test)
        always, label = (
            IntentClassifier(uncalibrated=each).fit(annotated, intents, pool=pool)
            for each in (True, False)
        )
        for way, classifier in ((_ALWAYS, always), (_LABEL, label)):
            found[f"{way}: {column}"] = wrong(classifier, case.test)
        found[f"{_LEARNT}: {column}"] = 0.0 if label.warnings() else 100.0
    return found


def _pools(case: Case, rng: random.Random) -> Iterator[tuple[str, list[str]]]:
    own, others = (
        [record["text"] for record in case.pool if (record["id"] in case.inside) == is_own]
        for is_own in (True, False)
    )
    size = min(len(own), _MOST)
    for column, share in _OWN.items():
        count = round(share * size)
        pool = [*rng.sample(own, count), *rng.sample(others, size - count)]
        rng.shuffle(pool)
        yield column, pool
    for column, options in _KEPT.items():
        with tempfile.TemporaryDirectory() as name:
            kept = lay_out(
                Path(name), replace(case, keep=("--in-domain", "annotated.jsonl", *options))
            )
        yield column, [record["text"] for record in kept]


def _clinc(domain: str, count: int) -> Callable[[Path, random.Random], Case]:
    return lambda data, rng: clinc_domains(data, [domain], count, (), rng)


def _slots(name: str, each: int | None) -> Callable[[Path, random.Random], Case]:
    """`each` annotated of every intent, or 40 of all."""

    def make(data: Path, rng: random.Random) -> Case:
        own, others, test = slot_corpus(data, name)
        annotated = rng.sample(own, 40) if each is None else by_intent(own, each, rng)
        return hidden(data, annotated, own, others, test, (), rng)

    return make


_TASKS = {
    "banking": _clinc("banking", 3),
    "small talk": _clinc("small_talk", 3),
    "work": _clinc("work", 2),
    "meta": _clinc("meta", 3),
    "home": _clinc("home", 5),
    "SNIPS": _slots("snips", 3),
    "ATIS": _slots("atis", 3),
    "ATIS, as it comes": _slots("atis", None),
}
"""Makes the case of a task."""
