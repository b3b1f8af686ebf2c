"""Synonyms of slot values: how many of those that were hidden are found among all candidates.

For each seed, half of the values that occur twice or more get a variant in a tenth to a half of
their occurrences: a misspelling, other spaces, an abbreviation, a number in words or digits, an
article. `dataselect values` then scores pairs. The area under precision and recall counts a hidden
pair that is no candidate as never found. SNIPS and ATIS have synonyms of their own ("3" and
"three", "movie schedule" and "movie schedules"): among all pairs they count as wrong, so the second
column leaves pairs of two values that nobody hid aside. The demo's grammar has none. Variants are
spread over many values, of which most are seen a few times. Beside it, by the same candidates: how
alike two spellings are (Levenshtein), and weights that were learnt on the other two corpora.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import Claim, Plan, Record, Table, load, read, run, write
from hidden_synonyms import Hidden, Pair, hide
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from dataselect.data.annotations import read_utterances
from dataselect.data.input_files import Inputs
from dataselect.demo.grammar import Grammar, PortableRandom
from dataselect.operations.values.annotated_values import AnnotatedValues
from dataselect.operations.values.synonyms.synonym_scores import WEIGHTS, synonym_candidates

CORPORA = ("SNIPS", "ATIS", "demo")
_DEMO_RECORDS = 4_000
_TRAINING_SEED = 1_000
_CLAIMED = 0.83
_SURE = 0.5


def measure(plan: Plan) -> list[Table]:
    """Areas of all pairs, and of those with a hidden variant."""
    columns = [f"{name}, {which}" for name in CORPORA for which in ("all pairs", "hidden")]
    table = Table(f"area under precision and recall, {plan.seeds} seeds", columns, digits=3)
    kinds = Table("share of the hidden pairs with a score of 0.5 or more", list(CORPORA), digits=2)
    trained = {name: _weights([each for each in CORPORA if each != name], plan) for name in CORPORA}
    cases = [(name, seed) for name in CORPORA for seed in range(plan.seeds)]
    for (name, _), found in plan.each(lambda case: _measured(case, trained, plan), cases):
        for row, (everything, hidden) in found.areas.items():
            table.add(row, f"{name}, all pairs", everything)
            table.add(row, f"{name}, hidden", hidden)
        for kind, share in found.shares.items():
            kinds.add(kind, name, share)
    for name in CORPORA:
        areas = table.rows["values"][f"{name}, hidden"]
        said = f"area of synonyms, {name}, hidden (AutoKnow, on its data)"
        table.claims.append(Claim(said, _CLAIMED, areas, unit=""))
    learnt = dict(zip(WEIGHTS, _weights(CORPORA, plan).round(2).tolist(), strict=True))
    table.notes.append(f"Weights learnt on all three, another seed: {json.dumps(learnt)}")
    return [table, kinds]


class _Areas(NamedTuple):
    """By row, areas of all pairs and of those with a variant; by kind, the share found."""

    areas: dict[str, tuple[float, float]]
    shares: dict[str, float]


def _measured(case: tuple[str, int], trained: dict[str, NDArray[np.float64]], plan: Plan) -> _Areas:
    name, seed = case
    hidden = hide(_corpus(name, seed, plan), seed)
    scores = _scores(hidden.records)
    learnt = {pair: float(row @ trained[name]) for pair, row in _features(hidden.records)}
    alike = {pair: Levenshtein.normalized_similarity(*sorted(pair[1])) for pair in scores}
    rows = {"values": scores, "weights of the other two": learnt, "spelling alone": alike}
    kinds = sorted(set(hidden.pairs.values()))
    sure = {pair for pair, score in scores.items() if score >= _SURE}
    shares = {
        kind: float(np.mean([pair in sure for pair, its in hidden.pairs.items() if its == kind]))
        for kind in kinds
    }
    return _Areas({row: _areas(found, hidden) for row, found in rows.items()}, shares)


def _areas(scores: dict[Pair, float], hidden: Hidden) -> tuple[float, float]:
    """Of all pairs, and of those with a hidden variant or its value."""
    variants = {(slot, value) for slot, values in hidden.pairs for value in values}
    judged = [pair for pair in scores if any((pair[0], value) in variants for value in pair[1])]
    return _area(list(scores), scores, hidden), _area(judged, scores, hidden)


def _area(pairs: Sequence[Pair], scores: dict[Pair, float], hidden: Hidden) -> float:
    truth = [pair in hidden.pairs for pair in pairs]
    found = average_precision_score(truth, [scores[pair] for pair in pairs])
    return float(found * sum(truth) / len(hidden.pairs))


def _scores(records: list[Record]) -> dict[Pair, float]:
    """The score of each candidate, as the command writes it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "in.jsonl", records)
        options = ("--synonyms", 1_000, "--min-score", 0, "--contexts", 0)
        run(folder, "values", *options, "-o", "table.jsonl", "in.jsonl")
        return {
            _pair(row["slot"], row["value"], synonym["value"]): synonym["score"]
            for row in read(folder / "table.jsonl")
            for synonym in row["synonyms"]
        }


def _pair(slot: str, one: str, other: str) -> Pair:
    return slot, frozenset((one.casefold(), other.casefold()))


def _features(records: list[Record]) -> Iterator[tuple[Pair, NDArray[np.float64]]]:
    """Each candidate with its features."""
    with tempfile.TemporaryDirectory() as name:
        path = write(Path(name) / "in.jsonl", records)
        annotated = AnnotatedValues.of(read_utterances(Inputs([str(path)])))
    for slot, values in annotated.slots.items():
        found, spelled = synonym_candidates(annotated, slot), values.spelled()
        for (one, other), row in zip(found.pairs.tolist(), found.features, strict=True):
            yield _pair(slot, spelled[one], spelled[other]), row


def _weights(names: Sequence[str], plan: Plan) -> NDArray[np.float64]:
    """Learnt on a seed that nothing is measured on.

    Values that differ in spaces or number words alone, and that nobody hid, are synonyms of the
    corpus, and left out.
    """
    own = [place for place, kind in enumerate(WEIGHTS) if kind in ("same", "number word")]
    rows, truth = [], []
    for name in names:
        hidden, features = _training_pairs(name, plan)
        for pair, row in features:
            if pair in hidden.pairs or not row[own].any():
                rows.append(row)
                truth.append(pair in hidden.pairs)
    model = LogisticRegression(C=1, max_iter=5_000, fit_intercept=False)
    found: NDArray[np.float64] = model.fit(np.array(rows), truth).coef_[0]
    return found


@cache
def _training_pairs(name: str, plan: Plan) -> tuple[Hidden, list[tuple[Pair, NDArray[np.float64]]]]:
    hidden = hide(_corpus(name, _TRAINING_SEED, plan), _TRAINING_SEED)
    return hidden, list(_features(hidden.records))


def _corpus(name: str, seed: int, plan: Plan) -> list[Record]:
    if name != "demo":
        return load(plan.data / "snips_atis_slots" / f"{name.lower()}_train.jsonl.gz")
    grammar, draw = Grammar.load("assistant.txt"), PortableRandom(seed, "values")
    intents = list(grammar.intents)
    found = []
    for number in range(_DEMO_RECORDS):
        intent = intents[number % len(intents)]
        text, slots = grammar.utterance(intent, draw)
        found.append({"text": text, "intent": intent, "slots": [slot._asdict() for slot in slots]})
    return found
