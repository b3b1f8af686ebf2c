"""`discover`: a tenth, a quarter and half of the intents of CLINC150 hidden, and found again.

Adjusted Rand index and pairwise F1 over the 100 utterances of each hidden intent, in percent; an
utterance that is in no group is alone in one. Above, the others have their intents, as if a
classifier had placed all of them, and k-means, which is told the number of hidden intents, and
HDBSCAN cluster the hidden ones alone. Below, ten utterances of each known intent are annotated and
`discover` is given all others; k-means clusters these, too, and is told the number of all intents.
All have the same vectors: those learnt from the pool, or of an encoder.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Claim, Plan, Record, Table, load, read, run, write
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score, pair_confusion_matrix

from dataselect.models.encoders.base import Encoder
from dataselect.models.encoders.joined import pool_encoder
from dataselect.models.encoders.sentence_transformer import Neural

_SHARES = (10, 25, 50)
_ANNOTATED = 10
_MIN_SIZE = 10  # the default of `discover`, for HDBSCAN
_STARTS = 3  # of k-means
_MEASURES = ("adjusted Rand", "pairwise F1")
_OURS, _K_MEANS, _HDBSCAN = "`discover`", "k-means, true number", "HDBSCAN"


@dataclass(frozen=True)
class _Case:
    """A share of intents to hide; `placed`: whether all other utterances have their intents."""

    share: int
    placed: bool
    seed: int


Found = dict[str, dict[str, float]]


def measure(plan: Plan) -> list[Table]:
    """Figures by way and share; those of `discover` for what it calls new, too."""
    columns = [f"{share} %: {name}" for share in _SHARES for name in _MEASURES]
    told = f"{plan.seeds} seeds{f', {plan.encoder_name}' if plan.encoder else ''}"
    tables = {
        True: Table(f"%: all known utterances placed, {told}", columns, digits=1),
        False: Table(f"%: {_ANNOTATED} an intent annotated, {told}", columns, digits=1),
    }
    new = Table(
        f"what `discover` calls new, {_ANNOTATED} an intent annotated, {told}",
        [f"{share} %" for share in _SHARES],
        digits=1,
    )

    def measured(case: _Case) -> tuple[Found, dict[str, float]]:
        with tempfile.TemporaryDirectory() as name:
            return _measured(plan, case, Path(name))

    cases = [
        _Case(share, placed, seed)
        for placed in tables
        for share in _SHARES
        for seed in range(plan.seeds)
    ]
    for case, (found, figures) in plan.each(measured, cases):
        for way, own in found.items():
            for name, figure in own.items():
                tables[case.placed].add(way, f"{case.share} %: {name}", figure)
        for name, figure in figures.items() if not case.placed else ():
            new.add(name, f"{case.share} %", figure)
    for table in tables.values():
        table.claims += _claims(table)
    return [*tables.values(), new]


def _claims(table: Table) -> list[Claim]:
    """That `discover` beats the others, which know more, seed by seed."""
    return [
        Claim(
            f"{name}, points above {other}, {table.title[3:]}",
            0,
            [
                own - theirs
                for share in _SHARES
                for own, theirs in zip(
                    table.rows[_OURS][f"{share} %: {name}"],
                    table.rows[other][f"{share} %: {name}"],
                    strict=True,
                )
            ],
            unit="",
        )
        for other in (_K_MEANS, _HDBSCAN)
        if other in table.rows
        for name in _MEASURES
    ]


def _measured(plan: Plan, case: _Case, folder: Path) -> tuple[Found, dict[str, float]]:
    records = load(plan.data / "clinc150" / "train.jsonl.gz")
    rng = random.Random(case.seed)
    rng.shuffle(records)
    names = sorted({record["intent"] for record in records})
    hidden = set(rng.sample(names, round(len(names) * case.share / 100)))
    pool = _written(records, hidden, case, folder)
    ours = _discovered(plan, case, folder)
    encoder = _encoder(plan, [record["text"] for record in records], case.seed)
    is_hidden = np.array([record["intent"] in hidden for record in pool])
    truth = np.unique([record["intent"] for record in pool], return_inverse=True)[1]
    clustered = [each for each in pool if each["intent"] in hidden] if case.placed else pool
    vectors = encoder.encode([each["text"] for each in clustered], unit=True)
    count = len(hidden) if case.placed else len(names)
    k_means = KMeans(count, n_init=_STARTS, random_state=case.seed).fit_predict(vectors)
    rows = slice(None) if case.placed else is_hidden
    found = {_OURS: _agreement(truth[is_hidden], ours[is_hidden])}
    found[_K_MEANS] = _agreement(truth[is_hidden], k_means[rows])
    if case.placed:  # among 13,000 texts it would take long, and has the easier task here
        labels = HDBSCAN(min_cluster_size=_MIN_SIZE, algorithm="brute", copy=True).fit_predict(
            vectors
        )
        found[_HDBSCAN] = _agreement(truth[is_hidden], labels)
    is_new = ours >= 0
    return found, {
        "groups": float(ours.max() + 1),
        "hidden intents": float(len(hidden)),
        "precision, %": 100 * float(is_hidden[is_new].mean()),
        "recall, %": 100 * float(is_new[is_hidden].mean()),
    }


def _written(
    records: Sequence[Record], hidden: set[str], case: _Case, folder: Path
) -> list[Record]:
    """Write pool.jsonl and labelled.jsonl; return the records of the pool with their intents."""
    seen: Counter[str] = Counter()
    labelled, pool = [], []
    for record in records:
        seen[record["intent"]] += 1
        is_known = record["intent"] not in hidden
        is_annotated = is_known and not case.placed and seen[record["intent"]] <= _ANNOTATED
        (labelled if is_annotated else pool).append(record)
    lines = [
        {"text": each["text"]}
        | (
            {"intent": "other" if each["intent"] in hidden else each["intent"]}
            if case.placed
            else {}
        )
        for each in pool
    ]
    write(folder / "labelled.jsonl", labelled)
    write(folder / "pool.jsonl", lines)
    return pool


def _discovered(plan: Plan, case: _Case, folder: Path) -> NDArray[np.intp]:
    """(n,) groups of the records of the pool by the command, from 0; -1 for none."""
    known = () if case.placed else ("--labelled", "labelled.jsonl")
    encoder = ("--encoder", plan.encoder, "--cache", plan.cache) if plan.encoder else ()
    options = (*known, *encoder, "--keep-ungrouped", "--seed", case.seed, "-o", "groups.jsonl")
    run(folder, "discover", *options, "pool.jsonl")
    return np.array([(each["group"] or 0) - 1 for each in read(folder / "groups.jsonl")])


def _encoder(plan: Plan, texts: Sequence[str], seed: int) -> Encoder:
    if plan.encoder:
        return Neural(plan.encoder, cache=str(plan.cache))
    return pool_encoder(texts, np.random.default_rng(seed))


def _agreement(truth: NDArray[np.intp], found: NDArray[np.intp]) -> dict[str, float]:
    """Both measures in percent; what is in no group, -1, is alone."""
    own = np.where(found < 0, found.max() + 1 + np.arange(len(found)), found)
    (_, wrong), (missed, right) = pair_confusion_matrix(truth, own)
    values = adjusted_rand_score(truth, own), 2 * right / (2 * right + wrong + missed)
    return {name: 100 * float(value) for name, value in zip(_MEASURES, values, strict=True)}
