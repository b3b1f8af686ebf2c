"""A domain, a few of its utterances annotated, the rest hidden in a pool among other text."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import Record, load, read, run, write
from corpora import GENERAL_TEXTS

from dataselect import IntentClassifier
from dataselect.models.intent_classifier.intent_classifier import OTHER

_HIDDEN_AMONG = 3  # times as many
_CLINC, _SLOTS = "clinc150", "snips_atis_slots"


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
    keep: Sequence[str],
    rng: random.Random,
) -> Case:
    """The rest of a domain among other domains and general text.

    Exact copies of test utterances are left out of the pool.
    """
    left_out = {r["id"] for r in annotated}
    copies = {r["text"] for r in test}
    rest = [r for r in own if r["id"] not in left_out and r["text"] not in copies]
    count = _HIDDEN_AMONG * len(rest)
    distant = rng.sample(others, min(count // 2, len(others)))
    share = -(-(count - len(distant)) // len(GENERAL_TEXTS))
    for name in GENERAL_TEXTS:
        distant += rng.sample(load(data / "general_text" / f"{name}.jsonl.gz"), share)
    pool = unlabelled([*rest, *distant])
    rng.shuffle(pool)
    keep = ("--in-domain", "annotated.jsonl", *keep)
    return Case(annotated, pool, {r["id"] for r in rest}, test, keep)


def clinc_domains(
    data: Path, domains: Sequence[str], count: int, keep: Sequence[str], rng: random.Random
) -> Case:
    """Domains of CLINC150, `count` utterances of each of their intents annotated."""
    train, test = (load(data / _CLINC / f"{part}.jsonl.gz") for part in ("train", "test"))
    own, others = (
        [record for record in train if (record["domain"] in domains) == is_own]
        for is_own in (True, False)
    )
    test = [record for record in test if record["domain"] in domains]
    return hidden(data, by_intent(own, count, rng), own, others, test, keep, rng)


def slot_corpus(data: Path, name: str) -> tuple[list[Record], list[Record], list[Record]]:
    """SNIPS or ATIS, in small letters: its utterances, those of other domains, and its tests."""
    other = {"snips": "atis", "atis": "snips"}[name]
    train, test = (load(data / _SLOTS / f"{name}_{part}.jsonl.gz") for part in ("train", "test"))
    others = [
        *load(data / _CLINC / "train.jsonl.gz"),
        *load(data / _SLOTS / f"{other}_train.jsonl.gz"),
    ]
    return train, others, test


def unlabelled(records: list[Record]) -> list[Record]:
    """Records with text, without their labels."""
    return [{"id": r["id"], "text": r["text"]} for r in records if r["text"].strip()]


def lay_out(folder: Path, case: Case) -> list[Record]:
    """Write the files of a case; returns the relevant part of its pool, in relevant.jsonl."""
    write(folder / "annotated.jsonl", case.annotated)
    write(folder / "pool.jsonl", case.pool)
    write(folder / "test.jsonl", case.test)
    if case.background is not None:
        write(folder / "background.jsonl", case.background)
    run(folder, "relevance", *case.keep, "pool.jsonl", "-o", "relevant.jsonl")
    return read(folder / "relevant.jsonl")


def wrong(classifier: IntentClassifier, test: list[Record]) -> float:
    """Errors in percent; where "other" is an answer, 100 - the mean F1 of the intents."""
    said = classifier.predict([record["text"] for record in test])
    known = set(classifier.names_)
    true = np.array([record["intent"] for record in test], object)
    if OTHER not in known:
        return float(100 * (said != true).mean())
    scores = [
        2 * ((said == name) & (true == name)).sum() / ((said == name).sum() + (true == name).sum())
        for name in sorted(known - {OTHER})
    ]
    return float(100 - 100 * statistics.mean(scores))


def learnt(folder: Path, metrics: Sequence[str], *options: str) -> list[dict[str, Any]]:
    """Measures, on the tests, of what `label` with some options learns of a folder's case."""
    trained = ("--labelled", "annotated.jsonl", "--save-model", "model", "--fit-only")
    run(folder, "label", *trained, "--uncalibrated", *options)  # fast
    judged = ("--intent-classifier", "model", "--samples", "1", "--format", "json")
    for metric in metrics:
        judged += ("--metric", metric)
    run(folder, "evaluate", *judged, "test.jsonl", "-o", "figures.json")
    measures: list[dict[str, Any]] = json.loads(
        (folder / "figures.json").read_text(encoding="utf-8")
    )["measures"]
    return measures
