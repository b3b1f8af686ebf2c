"""Paraphrase detector: pairs of intents and of corpora that it never saw.

For each seed, a detector is trained on SNIPS without two intents and on ATIS, and tried on pairs of
the two and of the sample that `dataselect demo` writes; on SNIPS alone and tried on ATIS, MRPC and
STS; and on ATIS alone and tried on SNIPS. All pairs of utterances are made by `paraphrase pairs`;
the dev pairs have templates that training has not. The paper's pairs: all paraphrases, and of the
others the same template with other values, or another intent. Calibration errors are those of all
pairs as they are, and with `--prior 0.5`. Beside it the cosine of counted words and, with
--encoder, of a model's vectors, and a detector that is fine-tuned from this model, which takes a
quarter of an hour a case.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Claim, Plan, Record, Table, load, read, run, write
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import normalize

from dataselect.models.encoders.sentence_transformer import Neural
from dataselect.models.paraphrase_detector.calibration import expected_calibration_error

_TEST_PAIRS = 3_000
_SIDES = ("text1", "text2")
_HELD_OUT = "two SNIPS intents, held out"
_BOTH = "five SNIPS intents and ATIS"
_BARS = {f"{_BOTH} → {_HELD_OUT}": 0.98, "SNIPS → ATIS": 0.93, "ATIS → SNIPS": 0.93}
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class _Case:
    """Annotated utterances to train on, and sets of pairs to be told apart."""

    name: str
    annotated: list[Record]
    held_out: tuple[str, ...]
    tests: dict[str, list[Record]]


def measure(plan: Plan) -> list[Table]:
    """AUC by test set, AUC by kind of negative pair, and how long it took."""
    detectors, others = _detectors(plan), _cosines(plan)
    auc = Table(f"AUC (STS: Spearman), {plan.seeds} seeds", [*detectors, *others])
    kinds = Table("AUC by kind of negative pair", [])
    errors = Table("expected calibration error", ["as it is", "--prior 0.5"], digits=3)
    cost = Table("training", ["pairs", "minutes", "dev AUC", "dev ECE"], digits=3)
    cases = [(case, seed) for seed in range(plan.seeds) for case in _cases(plan, seed)]
    for (case, _), (tests, found, shifted) in plan.each(
        lambda each: _measured(*each, detectors), cases
    ):
        for column, (figures, scores) in found.items():
            trained = f"{column}, {case.name}"
            cost.add_all(trained, figures)
            for test, pairs in tests.items():
                auc.add(f"{case.name} → {test}", column, _agreement(pairs, scores[test]))
                kinds.add_all(f"{trained} → {test}", _by_kind(pairs, scores[test]))
                if test in shifted[column]:
                    row = f"{trained} → {test}"
                    errors.add(row, "as it is", _calibration_error(pairs, scores[test]))
                    errors.add(row, "--prior 0.5", _calibration_error(pairs, shifted[column][test]))
        for column, cosine in others.items():
            for test, pairs in tests.items():
                auc.add(f"{case.name} → {test}", column, _agreement(pairs, cosine(pairs)))
    kinds.columns = sorted({kind for cells in kinds.rows.values() for kind in cells})
    auc.claims += [
        Claim(f"AUC of the detector, {row}", bar, auc.rows[row]["detector"], unit="")
        for row, bar in _BARS.items()
    ]
    return [auc, kinds, errors, cost]


_Tests = dict[str, list[Record]]
_Found = dict[str, tuple[dict[str, float], dict[str, Scores]]]


def _measured(
    case: _Case, seed: int, detectors: dict[str, str | None]
) -> tuple[_Tests, _Found, dict[str, dict[str, Scores]]]:
    """The pairs of each test; for each detector figures of its training, and scores by test.

    At last the scores by detector and test with the prior told.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tests = _write_pairs(folder, case, seed)
        found: _Found = {}
        shifted: dict[str, dict[str, Scores]] = {}
        for column, base in detectors.items():
            trained = _train(folder, base, seed)
            found[column] = (
                trained,
                {test: _detected(folder, pairs) for test, pairs in tests.items()},
            )
            shifted[column] = {
                test: _detected(folder, pairs, "--prior", 0.5)
                for test, pairs in tests.items()
                if "kind" in pairs[0]
            }
    return tests, found, shifted


def _detectors(plan: Plan) -> dict[str, str | None]:
    """What each detector is fine-tuned from, by name."""
    if plan.encoder is None:
        return {"detector": None}
    return {"detector": None, f"{plan.encoder_name}, fine-tuned": plan.encoder}


def _cases(plan: Plan, seed: int) -> Iterator[_Case]:
    corpora = plan.data / "snips_atis_slots"
    snips, atis = (load(corpora / f"{name}_train.jsonl.gz") for name in ("snips", "atis"))
    held_out = tuple(random.Random(seed).sample(sorted({each["intent"] for each in snips}), 2))
    public = {
        "MRPC": load(plan.data / "mrpc" / "test.jsonl.gz"),
        "STS": load(plan.data / "sts" / "en.test.jsonl.gz"),
    }
    yield _Case(_BOTH, [*snips, *atis], held_out, {"demo": _pairs(_demo(), seed)})
    yield _Case("SNIPS", snips, (), {"ATIS": _pairs(atis, seed), **public})
    yield _Case("ATIS", atis, (), {"SNIPS": _pairs(snips, seed)})


def _demo() -> list[Record]:
    """The annotated records that `dataselect demo` writes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(folder, "demo", "sample")
        return [
            record
            for file in ("annotated", "other_intents")
            for record in read(folder / "sample" / f"{file}.jsonl")
        ]


def _pairs(annotated: list[Record], seed: int) -> list[Record]:
    """Pairs of a whole corpus."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "annotated.jsonl", annotated)
        options = ("--pairs", _TEST_PAIRS, "--seed", seed, "-o", "pairs.jsonl")
        run(folder, "paraphrase", "pairs", "annotated.jsonl", *options)
        return read(folder / "pairs.jsonl")


def _write_pairs(folder: Path, case: _Case, seed: int) -> dict[str, list[Record]]:
    """Write train.jsonl and dev.jsonl; pairs to test on, by name."""
    write(folder / "annotated.jsonl", case.annotated)
    splits: list[object] = ["--dev", "dev.jsonl", "-o", "train.jsonl", "--seed", seed]
    if case.held_out:
        splits += ["--test", "test.jsonl", "--test-pairs", _TEST_PAIRS]
        splits += [word for intent in case.held_out for word in ("--held-out", intent)]
    run(folder, "paraphrase", "pairs", "annotated.jsonl", *splits)
    if not case.held_out:
        return case.tests
    return {**case.tests, _HELD_OUT: read(folder / "test.jsonl")}


def _train(folder: Path, base: str | None, seed: int) -> dict[str, float]:
    """Write a detector; its figures on dev.jsonl."""
    options: list[object] = ["--dev", "dev.jsonl", "--report", "report.json", "--seed", seed]
    if base is not None:
        options += ["--base", base]
    run(folder, "paraphrase", "train", "train.jsonl", *options, "-o", "detector")
    found = json.loads((folder / "report.json").read_text(encoding="utf-8"))["paraphrase train"]
    return {
        "pairs": found["held_out"]["trained_on"],
        "minutes": found["seconds"] / 60,
        "dev AUC": found["held_out"]["auc"],
        "dev ECE": found["held_out"]["calibration_error"],
    }


def _detected(folder: Path, pairs: list[Record], *options: object) -> Scores:
    """Probabilities by the detector."""
    write(folder / "pairs.jsonl", pairs)
    score = ("paraphrase", "score", "--detector", "detector", "pairs.jsonl", "-o", "scored.jsonl")
    run(folder, *score, *options)
    return np.array([record["paraphrase"] for record in read(folder / "scored.jsonl")])


def _cosines(plan: Plan) -> dict[str, Callable[[list[Record]], Scores]]:
    """What to compare the detector with, by name."""
    found: dict[str, Callable[[list[Record]], Scores]] = {"words": _of_words}
    if plan.encoder is not None:
        neural = Neural(plan.encoder, cache=str(plan.cache))
        found[plan.encoder_name] = lambda pairs: _of_vectors(neural, pairs)
    return found


def _of_words(pairs: list[Record]) -> Scores:
    words = CountVectorizer(token_pattern=r"\S+").fit(_texts(pairs, _SIDES))
    one, other = (normalize(words.transform(_texts(pairs, [side]))) for side in _SIDES)
    return np.asarray(one.multiply(other).sum(axis=1)).ravel()


def _of_vectors(neural: Neural, pairs: list[Record]) -> Scores:
    one, other = (neural.encode(_texts(pairs, [side]), unit=True) for side in _SIDES)
    return np.einsum("ij,ij->i", one, other).astype(np.float64)


def _texts(pairs: list[Record], sides: Sequence[str]) -> list[str]:
    return [pair[side] for side in sides for pair in pairs]


def _agreement(pairs: list[Record], scores: Scores) -> float:
    """AUC of the labels; rank correlation with human scores, where that is what there is."""
    if "label" in pairs[0]:
        return float(roc_auc_score([pair["label"] for pair in pairs], scores))
    return float(spearmanr([pair["score"] for pair in pairs], scores).statistic)


def _calibration_error(pairs: list[Record], scores: Scores) -> float:
    labels = np.array([pair["label"] for pair in pairs], np.int64)
    return expected_calibration_error(scores, labels)


_OF_THE_PAPER = {"value", "values", "intent"}


def _by_kind(pairs: list[Record], scores: Scores) -> dict[str, float]:
    """AUC of each kind of negative pairs against all paraphrases, and of the paper's kinds."""
    kinds = np.array([pair.get("kind", "") for pair in pairs])
    labels = np.array([pair.get("label", 1) for pair in pairs])
    found = {}
    for kind in sorted(set(kinds[labels == 0].tolist()) - {""}):
        chosen = (labels == 1) | (kinds == kind)
        found[kind] = float(roc_auc_score(labels[chosen], scores[chosen]))
    chosen = (labels == 1) | np.isin(kinds, list(_OF_THE_PAPER))
    if found:
        found["the paper's pairs"] = float(roc_auc_score(labels[chosen], scores[chosen]))
    return found
