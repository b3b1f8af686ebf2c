"""Diversity: what an intent classifier learns from 10, 25 and 50 % of a pool, picked or drawn.

Learning curves on CLINC150 and SNIPS, from nothing labelled and from 5 utterances of each intent; a
third pool has the rest of CLINC150 hidden among as many dialogue turns, filtered by `relevance`.
What was picked gets its true label, "other" for a dialogue turn; the classifier is a linear SVM on
1- and 2-grams.
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from common import Claim, Plan, Record, Table, load, read, run, write
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

_METHODS = ("features", "facility", "kcenter")
_SHARES = (10, 25, 50, 100)
_CHANCE, _OTHER = "random", "other"
_KEPT = 1.3  # of the in-domain records in the pool, so many are kept by relevance
_CORPORA = {
    "CLINC150": ("clinc150/train.jsonl.gz", "clinc150/test.jsonl.gz"),
    "SNIPS": ("snips_atis_slots/snips_train.jsonl.gz", "snips_atis_slots/snips_test.jsonl.gz"),
}


@dataclass(frozen=True)
class _Case:
    """A corpus, how many utterances of each intent are labelled, and whether the rest hides."""

    corpus: str
    labelled: int
    hidden: bool = False

    def __str__(self) -> str:
        hidden = " among dialogue turns, by relevance" if self.hidden else ""
        return f"{self.corpus}{hidden}, {self.labelled} an intent labelled"


_CASES = (
    _Case("CLINC150", 0),
    _Case("CLINC150", 5),
    _Case("CLINC150", 5, hidden=True),
    _Case("SNIPS", 0),
    _Case("SNIPS", 5),
)


def measure(plan: Plan) -> list[Table]:
    """Accuracy on the test set, in percent."""
    columns = [f"{share} %" for share in _SHARES]
    tables = {
        case: Table(f"accuracy, %: {case}, {plan.seeds} seeds", columns, digits=1)
        for case in _CASES
    }

    def measured(drawn: tuple[_Case, int]) -> dict[str, dict[str, float]]:
        case, seed = drawn
        with tempfile.TemporaryDirectory() as name:
            return _measured(plan.data, case, seed, Path(name))

    cases = [(case, seed) for case in _CASES for seed in range(plan.seeds)]
    for (case, _), found in plan.each(measured, cases):
        for way, figures in found.items():
            tables[case].add_all(way, figures)
    for case, table in tables.items():
        table.claims.append(_claim(case, table))
    return list(tables.values())


def _claim(case: _Case, table: Table) -> Claim:
    """That picking by the default method beats chance at every share."""
    better = [
        own - chance
        for share in _SHARES[:-1]
        for own, chance in zip(
            table.rows[_METHODS[0]][f"{share} %"],
            table.rows[_CHANCE][f"{share} %"],
            strict=True,
        )
    ]
    return Claim(f"{case}: points of accuracy above chance by diversity", 0, better, unit="")


def _measured(data: Path, case: _Case, seed: int, folder: Path) -> dict[str, dict[str, float]]:
    """Accuracy of each way to pick, by share."""
    labelled, pool = _prepared(data, case, random.Random(seed), folder)
    test = load(data / _CORPORA[case.corpus][1])
    ways = {_CHANCE: random.Random(seed).sample(pool, len(pool))}
    ways |= {method: _picked(folder, method, labelled) for method in _METHODS}
    everything = _accuracy([*labelled, *pool], test)
    return {
        way: {
            **{
                f"{share} %": _accuracy([*labelled, *picks[: len(pool) * share // 100]], test)
                for share in _SHARES[:-1]
            },
            "100 %": everything,
        }
        for way, picks in ways.items()
    }


def _prepared(
    data: Path, case: _Case, rng: random.Random, folder: Path
) -> tuple[list[Record], list[Record]]:
    """Write labelled.jsonl and pool.jsonl; return their records."""
    records = load(data / _CORPORA[case.corpus][0])
    rng.shuffle(records)
    by_intent: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_intent[record["intent"]].append(record)
    labelled = [each for own in by_intent.values() for each in own[: case.labelled]]
    pool = [each for own in by_intent.values() for each in own[case.labelled :]]
    write(folder / "labelled.jsonl", labelled)
    if case.hidden:
        turns = load(data / "general_text" / "sgd_user.jsonl.gz")
        others = [{**turn, "intent": _OTHER} for turn in rng.sample(turns, len(pool))]
        kept = ("--top-k", int(_KEPT * len(pool)))
        mixed = write(folder / "mixed.jsonl", rng.sample([*pool, *others], 2 * len(pool)))
        run(folder, "relevance", "--in-domain", "labelled.jsonl", *kept, mixed, "-o", "pool.jsonl")
    else:
        rng.shuffle(pool)
        write(folder / "pool.jsonl", pool)
    return labelled, read(folder / "pool.jsonl")


def _picked(folder: Path, method: str, labelled: list[Record]) -> list[Record]:
    """The picks of half of the pool, in their order."""
    known = ("--labelled", "labelled.jsonl") if labelled else ()
    options = ("--method", method, "--share", "50%", "--sort", *known)
    run(folder, "diversity", *options, "pool.jsonl", "-o", "picked.jsonl")
    return read(folder / "picked.jsonl")


def _accuracy(records: list[Record], test: list[Record]) -> float:
    """Of an intent classifier that was trained on records."""
    classifier = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC())
    classifier.fit(*_columns(records))
    return 100 * float(classifier.score(*_columns(test)))


def _columns(records: list[Record]) -> tuple[list[str], list[str]]:
    return [each["text"] for each in records], [each["intent"] for each in records]
