"""check: errors made on purpose, found again.

In clean data, 5 % of the records get the intent nearest to theirs, and 5 % of the slots are
dropped, cut by a word, joined with one, or renamed to another slot of the intent. Precision is that
of as many records as there are errors, the most doubtful first; of the same records, the recall by
kind of error. cleanlab ranks by the probabilities of our cross-validation, which are the same for
both: intents as its find_label_issues does and then by its quality score, slots as its
token_classification does. As a user would run it, its probabilities are those of logistic
regression on TF-IDF, cross-validated by scikit-learn (the row TF-IDF).

Of as many records as there are errors, what is found more of one kind leaves less room for others;
so the last table says how many more records `check` has to put before a person until it has found
as many of every kind of slot error as the best of cleanlab.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from annotation_errors import KINDS, MOVED, move_intents, spoil_slots
from common import Claim, Plan, Record, Table, environment, load

from dataselect.console import unreported
from dataselect.data.annotations import Slot
from dataselect.operations.check.beliefs.intent_beliefs import held_out_intents
from dataselect.operations.check.beliefs.slot_beliefs import held_out_slots
from dataselect.operations.check.checked_corpus import CheckedCorpus, CheckOptions
from dataselect.operations.check.checked_record import CheckedRecord
from dataselect.operations.check.verdict import NAMES, chosen_rules, judge

CORPORA = {
    "ATIS": "snips_atis_slots/atis_train.jsonl.gz",
    "CLINC150": "clinc150/train.jsonl.gz",
    "SNIPS": "snips_atis_slots/snips_train.jsonl.gz",
}
_SHARE = 0.05
_INTENT_RULES = ("conflicting_intents", "conflicting_near_copies", "unlikely_intent")
_SLOT_RULES = (
    "conflicting_slots",
    "unlikely_slots",
    "missing_slot",
    "unusual_slot",
    "slot_boundaries",
    "usual_slot",
)
_OURS = "check"
_REQUIREMENTS = ("cleanlab==2.9.0",)
_DRIVER = Path(__file__).parent / "drivers" / "cleanlab_script.py"


class Case(NamedTuple):
    """A corpus with errors of a seed."""

    corpus: str
    seed: int


class Found(NamedTuple):
    """Precision, and recall by kind, of each ranking of records.

    `more`: the share of records beyond the number of errors after which no kind has a lower recall
    by `check` than by another ranking; None without slots.
    """

    precision: dict[str, float]
    recall: dict[str, dict[str, float]]
    more: float | None


def measure(plan: Plan) -> list[Table]:
    """Spoil each corpus, and find the errors with either."""
    python = environment(plan.cache.parent / "peers" / "cleanlab", _REQUIREMENTS)
    cases = [Case(corpus, seed) for corpus in CORPORA for seed in range(plan.seeds)]
    precision = Table("precision at the number of errors", [*CORPORA])
    recall = Table("recall of slot errors", KINDS)
    more = Table("more records than errors, %, until no kind is found less", [*CORPORA], digits=1)
    for case, found in plan.each(lambda case: _measured(plan.data, case, python), cases):
        for ranking, figure in found.precision.items():
            precision.add(ranking, case.corpus, figure)
        for ranking, figures in found.recall.items():
            recall.add_all(f"{case.corpus}: {ranking}", figures)
        if found.more is not None:
            more.add(_OURS, case.corpus, 100 * found.more)
    for what in "intents", "slots":
        rivals = [row for row in precision.rows if row.startswith(f"{what}: ") and _OURS not in row]
        own = precision.rows[f"{what}: {_OURS}"]
        ahead = [
            100 * (ours - max(precision.rows[row][corpus][seed] for row in rivals))
            for corpus, figures in own.items()
            for seed, ours in enumerate(figures)
        ]
        claim = Claim(f"{what}: check above the best of cleanlab", 0.0, ahead, "points")
        precision.claims.append(claim)
    return [precision, recall, more]


def _measured(data: Path, case: Case, python: Path) -> Found:
    rng = random.Random(case.seed)
    records = load(data / CORPORA[case.corpus])
    has_slots = any(record["slots"] for record in records)
    slot_errors = spoil_slots(records, _SHARE, rng) if has_slots else {}
    intent_errors = move_intents(records, _SHARE, rng)
    corpus = CheckedCorpus(list(map(_checked, records)), CheckOptions(), unreported)
    rules = {"intents": _INTENT_RULES, "all": NAMES}
    rules |= {"slots": _SLOT_RULES} if has_slots else {}
    rankings = {}
    for what, names in rules.items():
        doubts = judge(corpus, chosen_rules(names, ())).doubts
        rankings[f"{what}: {_OURS}"] = np.argsort(-doubts, kind="stable").tolist()
    rankings |= _cleanlab_rankings(python, corpus, has_slots=has_slots)
    errors = {"intents": intent_errors, "slots": slot_errors, "all": slot_errors | intent_errors}
    precision, recall = {}, {}
    for ranking, order in rankings.items():
        own = errors[ranking.partition(":")[0]]
        best = order[: len(own)]
        precision[ranking] = sum(place in own for place in best) / len(own)
        if ranking.startswith("slots"):
            recall[ranking.partition(": ")[2]] = _by_kind(best, own)
    own = rankings.get(f"slots: {_OURS}")
    return Found(precision, recall, None if own is None else _more(own, slot_errors, recall))


def _more(
    order: Sequence[int], errors: dict[int, str], recall: dict[str, dict[str, float]]
) -> float:
    """The share of records to look at beyond the number of errors, as `Found` has it."""
    every = Counter(errors.values())
    wanted = {
        kind: max(figures[kind] for figures in recall.values()) * count
        for kind, count in every.items()
    }
    hits = Counter[str]()
    for number, place in enumerate(order, start=1):
        hits[errors.get(place, "")] += 1
        if all(hits[kind] >= least - 0.5 for kind, least in wanted.items()):
            return max(0.0, number / len(errors) - 1)
    return len(order) / len(errors) - 1


def _by_kind(best: Sequence[int], errors: Mapping[int, str]) -> dict[str, float]:
    hits = Counter(errors[place] for place in best if place in errors)
    every = Counter(errors.values())
    return {kind: hits[kind] / every[kind] for kind in KINDS if kind != MOVED}


def _checked(record: Record) -> CheckedRecord:
    slots = (Slot(*(each[name] for name in Slot._fields)) for each in record["slots"])
    return CheckedRecord(record["text"], record["intent"], tuple(slots))


def _cleanlab_rankings(
    python: Path, corpus: CheckedCorpus, *, has_slots: bool
) -> dict[str, list[int]]:
    """Places of records in the orders of cleanlab, worst first."""
    names, codes = corpus.intents
    likely = np.empty((len(codes), len(names)), np.float32)
    for rows, own in held_out_intents(corpus):
        likely[rows] = own
    texts = [corpus.texts[place] for place in corpus.with_intents.tolist()]
    given: dict[str, Any] = {"texts": texts, "labels": codes, "probabilities": likely}
    if has_slots:
        present, tags = np.unique(corpus.tokens.tags, return_inverse=True)
        beliefs = np.empty((len(tags), 2 * len(corpus.tokens.names) + 1), np.float32)
        for tokens, own in held_out_slots(corpus):
            beliefs[tokens] = own
        beliefs = beliefs[:, present]
        given |= {
            "bounds": corpus.tokens.bounds,
            "token_labels": tags,
            "token_probabilities": beliefs / beliefs.sum(axis=1, keepdims=True),
        }
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "given.npz", Path(name) / "ranked.npz"
        np.savez(source, **given)
        subprocess.run([python, _DRIVER, source, target], check=True, capture_output=True)
        found = np.load(target)
        return {_cleanlab_row(each): found[each].tolist() for each in found.files}


def _cleanlab_row(name: str) -> str:
    what, _, method = name.partition(": ")
    return f"{what}: cleanlab, {method.replace('_', ' ')}"
