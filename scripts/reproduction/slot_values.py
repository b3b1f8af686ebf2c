"""Synonyms of slot values: how many of those that were hidden are found among all candidates.

For each seed, half of the values that occur twice or more get a variant in a tenth to a half of
their occurrences: a misspelling, other spaces, an abbreviation, a number in words or digits, an
article. `dataselect values` then scores pairs. The area under precision and recall counts a hidden
pair that is no candidate as never found. SNIPS and ATIS have synonyms of their own ("3" and
"three", "movie schedule" and "movie schedules"): among all pairs they count as wrong, so the second
column leaves pairs of two values that nobody hid aside. The demo's grammar has none. Variants are
spread over many values, of which most are seen a few times. Beside it, by the same candidates: how
alike two spellings are (Levenshtein), and weights that were learnt on the other two corpora.

Synonyms that share no letters ("tx" and "texas", "cinema" and "movie house") cannot be made so.
Those that SNIPS and ATIS have themselves in some slots of few values were told by hand: of all
pairs of these slots, which are found? With `--encoder MODEL` that alone is measured.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import Claim, Plan, Record, Table, load, read, run, write
from hidden_synonyms import Hidden, Pair, hide
from known_synonyms import BY_HAND, known_synonyms
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from dataselect.data.annotations import read_utterances
from dataselect.data.input_files import Inputs
from dataselect.demo.grammar import Grammar, PortableRandom
from dataselect.operations.values.annotated_values import AnnotatedValues
from dataselect.operations.values.synonyms.rivals import rivals
from dataselect.operations.values.synonyms.synonym_scores import (
    WEIGHTS,
    SynonymCandidates,
    synonym_candidates,
)

CORPORA = ("SNIPS", "ATIS", "demo")
_DEMO_RECORDS = 4_000
_TRAINING_SEED = 1_000
_ROUNDS = 2  # of learning: what rivals are depends on the other weights
_CLAIMED = 0.83
_SURE = 0.5


def measure(plan: Plan) -> list[Table]:
    """Areas of all pairs, and of those with a hidden variant; and of the corpora's own synonyms."""
    columns = [f"{name}, {which}" for name in CORPORA for which in ("all pairs", "hidden")]
    table = Table(f"area under precision and recall, {plan.seeds} seeds", columns, digits=3)
    kinds = Table("share of the hidden pairs with a score of 0.5 or more", list(CORPORA), digits=2)
    own = Table("area under precision and recall, synonyms told by hand", [*BY_HAND], digits=3)
    for name in BY_HAND:
        for row, area in _own_areas(name, plan).items():
            own.add(row, name, area)
    if plan.encoder:
        return [own]
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
    return [table, kinds, own]


def _own_areas(name: str, plan: Plan) -> dict[str, float]:
    """By row, the area of the pairs that a corpus has itself, in the slots that were read."""
    records, pairs = known_synonyms(name, _corpus(name, 0, plan))
    rows = {"values": _scores(records)}
    if plan.encoder:
        encoder = ("--encoder", plan.encoder, "--cache", plan.cache)
        rows[f"values --encoder {plan.encoder_name}"] = _scores(records, *encoder)
    rows["spelling alone"] = _spelled_alike(rows["values"])
    return {row: _area([*found], found, pairs) for row, found in rows.items()}


def _spelled_alike(pairs: Iterable[Pair]) -> dict[Pair, float]:
    return {pair: Levenshtein.normalized_similarity(*sorted(pair[1])) for pair in pairs}


class _Areas(NamedTuple):
    """By row, areas of all pairs and of those with a variant; by kind, the share found."""

    areas: dict[str, tuple[float, float]]
    shares: dict[str, float]


def _measured(case: tuple[str, int], trained: dict[str, NDArray[np.float64]], plan: Plan) -> _Areas:
    name, seed = case
    hidden = hide(_corpus(name, seed, plan), seed)
    scores = _scores(hidden.records)
    pairs, found = _candidates(hidden.records)
    learnt = dict(zip(pairs, found.logits(trained[name]).tolist(), strict=True))
    rows = {
        "values": scores,
        "weights of the other two": learnt,
        "spelling alone": _spelled_alike(scores),
    }
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
    return _area([*scores], scores, hidden.pairs), _area(judged, scores, hidden.pairs)


def _area(pairs: Sequence[Pair], scores: dict[Pair, float], right: Collection[Pair]) -> float:
    truth = [pair in right for pair in pairs]
    found = average_precision_score(truth, [scores[pair] for pair in pairs])
    return float(found * sum(truth) / len(right))


def _scores(records: list[Record], *more: object) -> dict[Pair, float]:
    """The score of each candidate, as the command writes it, with some more options."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "in.jsonl", records)
        options = ("--synonyms", 1_000, "--min-score", 0, "--contexts", 0, *more)
        run(folder, "values", *options, "-o", "table.jsonl", "in.jsonl")
        return {
            _pair(row["slot"], row["value"], synonym["value"]): synonym["score"]
            for row in read(folder / "table.jsonl")
            for synonym in row["synonyms"]
        }


def _pair(slot: str, one: str, other: str) -> Pair:
    return slot, frozenset((one.casefold(), other.casefold()))


def _candidates(records: list[Record]) -> tuple[list[Pair], SynonymCandidates]:
    """The candidates of all slots together, whose values are numbered one slot after the other."""
    with tempfile.TemporaryDirectory() as name:
        path = write(Path(name) / "in.jsonl", records)
        annotated = AnnotatedValues.of(read_utterances(Inputs([str(path)])))
    pairs: list[Pair] = []
    numbers, features, before = [], [], 0
    for slot, values in annotated.slots.items():
        found, spelled = synonym_candidates(annotated, slot), values.spelled()
        pairs += [_pair(slot, spelled[one], spelled[other]) for one, other in found.pairs.tolist()]
        numbers.append(found.pairs + before)
        features.append(found.features)
        before += len(values)
    none = np.empty(0, np.intp)
    return pairs, SynonymCandidates(np.concatenate(numbers), np.concatenate(features), [], none)


def _weights(names: Sequence[str], plan: Plan) -> NDArray[np.float64]:
    """Learnt on a seed that nothing is measured on."""
    training = [_training(name, plan) for name in names]
    truth = np.concatenate([each.truth for each in training])
    model = LogisticRegression(C=1, max_iter=5_000, fit_intercept=False)
    model.fit(np.concatenate([each.features for each in training]), truth)
    for _ in range(_ROUNDS):
        before = model.coef_[0]
        model.fit(np.concatenate([each.with_rivals(before) for each in training]), truth)
    found: NDArray[np.float64] = model.coef_[0]
    return found


class _Training(NamedTuple):
    """The candidates of a corpus, (p,), of which those that are `used` teach."""

    candidates: SynonymCandidates
    used: NDArray[np.bool_]
    is_hidden: NDArray[np.bool_]

    @property
    def truth(self) -> NDArray[np.bool_]:
        return self.is_hidden[self.used]

    @property
    def features(self) -> NDArray[np.float64]:
        return self.candidates.features[self.used]

    def with_rivals(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The features, and rivals by some weights of these."""
        pairs, features = self.candidates.pairs, self.candidates.features
        others = rivals(pairs, features @ weights[: features.shape[1]])
        return np.column_stack([features, np.log1p(others)])[self.used]


@cache
def _training(name: str, plan: Plan) -> _Training:
    """Values that differ in spaces or number words alone, and that nobody hid, are not used.

    They are synonyms of the corpus.
    """
    hidden = hide(_corpus(name, _TRAINING_SEED, plan), _TRAINING_SEED)
    pairs, found = _candidates(hidden.records)
    is_hidden = np.array([pair in hidden.pairs for pair in pairs])
    own = [place for place, kind in enumerate(WEIGHTS) if kind in ("same", "number word")]
    return _Training(found, is_hidden | ~found.features[:, own].any(axis=1), is_hidden)


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
