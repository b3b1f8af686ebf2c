"""Rescoring of real n-best lists: a recogniser's, a neural translator's, and those of Moses.

Recogniser (SNIPS, 10-best): a model of 500 random in-domain utterances; weights are tuned on one
half of the lists and tried on the other, both ways, averaged. Translator (20-best): tuned on dev,
tried on test. Moses (100-best, 15 features): five-fold cross-validation. Texts that are also a
reference are left out of what models are trained on. Default weights follow how much the lists
surprise a model of the in-domain text.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from common import Claim, Plan, Record, Table, load, read, run, write

_IN_DOMAIN = 500
_FOLDS = 5
_SPEECH = ("--lowercase", "--remove-punctuation", "--unknown", "<unk>")
_PAPERS_RULE = ("--score-weight", 0, "--lm-weight", 1)
_TUNED = ("--tune", "tune.jsonl", "--metric")
_FIRST, _ORACLE, _RANDOM = "first-best", "oracle", "random"
_DEFAULT = "default weights"
_SPELLED = f"{_DEFAULT}, numbers in words"


def measure(plan: Plan) -> list[Table]:
    """A table for each kind of lists."""
    data, seeds = plan.data, plan.seeds
    return [_recogniser(data, seeds), _translator(data), _moses(data, seeds)]


def _recogniser(data: Path, seeds: int) -> Table:
    """Word error rate on half of the lists, mean of both halves, for each choice of text."""
    ways: dict[str, tuple[object, ...]] = {
        _DEFAULT: (),
        _SPELLED: ("--spell-numbers", "en"),
        "the papers' rule": _PAPERS_RULE,
        "the papers' rule, by length": (*_PAPERS_RULE, "--length-normalise"),
        "tuned": (*_TUNED, "wer"),
    }
    lists = load(data / "snips_asr_nbest" / "valid.nbest.jsonl.gz")
    halves = lists[: len(lists) // 2], lists[len(lists) // 2 :]
    texts, copies = unheard(data / "snips_asr_nbest" / "lm_train_text.jsonl.gz", lists)
    columns = ("WER", "relative change, %")
    table = Table(f"SNIPS recogniser, {_IN_DOMAIN} utterances, {seeds} seeds", columns, digits=2)
    for seed in range(seeds):
        chosen = random.Random(seed).sample(texts, _IN_DOMAIN)
        for way, options in ways.items():
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                write(folder / "in_domain.jsonl", ({"text": text} for text in chosen))
                both = [
                    tried(
                        folder,
                        one,
                        other,
                        "wer",
                        "--in-domain",
                        "in_domain.jsonl",
                        *_SPEECH,
                        *options,
                    )["wer"]
                    for one, other in (halves, halves[::-1])
                ]
            rates = {system: _mean(found[system]["value"] for found in both) for system in both[0]}
            shown = {way: rates["rescored"]}
            if way == _DEFAULT:
                shown = {_FIRST: rates[_FIRST], **shown, _ORACLE: rates[_ORACLE]}
            if way == _SPELLED:
                shown = {f"{_FIRST}, numbers in words": rates[_FIRST], **shown}
            for row, rate in shown.items():
                table.add(row, "WER", rate)
                table.add(row, columns[1], 100 * (rate / rates[_FIRST] - 1))
    table.notes.append(f"{copies:,} copies of references were left out of the text.")
    fewer = table.reductions("tuned", _FIRST, ["WER"])
    table.claims.append(Claim("fewer word errors by rescoring, model of 500 sentences", 8, fewer))
    fewer = table.reductions(_DEFAULT, _FIRST, ["WER"])
    table.claims.append(Claim("the same by default weights", 8, fewer))
    return table


def _translator(data: Path) -> Table:
    """BLEU with its interval, and chrF, on the test lists."""
    features = ("--feature", "nmt_logprob", "--feature", "len_bpe")
    ways: dict[str, tuple[object, ...]] = {
        _DEFAULT: (),
        "the papers' rule": _PAPERS_RULE,
        "tuned for BLEU": (*_TUNED, "bleu"),
        "tuned for BLEU, 2 features": (*_TUNED, "bleu", *features),
        "tuned for chrF": (*_TUNED, "chrf"),
    }
    source = data / "nmt_nbest_ja-en"
    dev, test = (load(source / f"{part}.nbest.jsonl.gz") for part in ("dev", "test"))
    texts, copies = unheard(source / "lm_text.jsonl.gz", dev + test)
    columns = ("BLEU", "95 % from", "to", "p against first-best", "chrF")
    table = Table("Japanese-English test", columns, digits=2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _train(folder, texts)
        for way, options in ways.items():
            found = tried(folder, dev, test, "bleu", *_model(way), *options, "--evaluate", "chrf")
            systems = {way: "rescored"}
            if way == _DEFAULT:
                systems = {_FIRST: _FIRST, **systems, _ORACLE: _ORACLE, _RANDOM: _RANDOM}
            for row, system in systems.items():
                bleu = found["bleu"][system]
                compared = bleu.get("against_first_best", {"p_value": 1.0})
                figures = (
                    bleu["value"],
                    bleu["low"],
                    bleu["high"],
                    compared["p_value"],
                    found["chrf"][system]["value"],
                )
                for column, figure in zip(columns, figures, strict=True):
                    table.add(row, column, figure)
    table.notes.append(f"{copies:,} copies of references were left out of the text.")
    return table


def _moses(data: Path, seeds: int) -> Table:
    """BLEU of all lists, each rescored with weights that were tuned without its fold."""
    source = data / "moses_nbest"
    lists = load(source / "nbest.jsonl.gz")
    texts, copies = unheard(source / "lm_text.jsonl.gz", lists)
    names = sorted(lists[0]["nbest"][0]["features"])
    features = [option for name in names for option in ("--feature", name)]
    ways: dict[str, tuple[object, ...]] = {
        "the list's own order": ("--score-weight", 1, "--lm-weight", 0),
        _DEFAULT: (),
        "tuned": (*_TUNED, "bleu"),
        f"tuned, {len(names)} features": (*_TUNED, "bleu", *features),
    }
    table = Table(f"Moses, {_FOLDS} folds, {seeds} seeds", ("BLEU",), digits=2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _train(folder, texts)
        for seed in range(seeds):
            shuffled = random.Random(seed).sample(lists, len(lists))
            for way, options in ways.items():
                rescored: list[Record] = []
                for fold in range(_FOLDS):
                    write(folder / "test.jsonl", shuffled[fold::_FOLDS])
                    rest = (each for i, each in enumerate(shuffled) if i % _FOLDS != fold)
                    write(folder / "tune.jsonl", rest)
                    run(
                        folder,
                        "rescore",
                        *_model(way),
                        *options,
                        "test.jsonl",
                        "-o",
                        "out.jsonl",
                    )
                    rescored += read(folder / "out.jsonl")
                table.add(way, "BLEU", _bleu(folder, rescored))
    table.notes.append(f"{copies:,} copies of references were left out of the text.")
    return table


def unheard(path: Path, lists: Iterable[Record]) -> tuple[list[str], int]:
    """The texts of a file that are no reference, and how many are left out."""
    heard = {_words(record["ref"]) for record in lists}
    texts = [record["text"] for record in load(path)]
    kept = [text for text in texts if _words(text) not in heard]
    return kept, len(texts) - len(kept)


def _words(text: str) -> str:
    """A text for comparison: case and punctuation do not make it another."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def _model(way: str) -> tuple[str, str]:
    """The trained model; where nobody gives weights its text, which decides on them."""
    return ("--in-domain", "text.jsonl") if way == _DEFAULT else ("--lm", "lm.arpa")


def _train(folder: Path, texts: list[str]) -> None:
    write(folder / "text.jsonl", ({"text": text} for text in texts))
    run(folder, "lm", "train", "text.jsonl", "-o", "lm.arpa")


def tried(
    folder: Path, tune: list[Record], test: list[Record], metric: str, *options: object
) -> dict[str, Any]:
    """Rescore lists; metric to system to its figures."""
    write(folder / "tune.jsonl", tune)
    write(folder / "test.jsonl", test)
    run(
        folder,
        "rescore",
        *options,
        "--evaluate",
        metric,
        "test.jsonl",
        "-o",
        "out.jsonl",
        "--report",
        "report.json",
    )
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))["rescore"]
    return {each["metric"]: each["systems"] for each in report["evaluation"]}


def _bleu(folder: Path, rescored: list[Record]) -> float:
    write(folder / "rescored.jsonl", rescored)
    run(
        folder,
        "evaluate",
        "--metric",
        "bleu",
        "--format",
        "json",
        "rescored.jsonl",
        "-o",
        "figures.json",
    )
    [found] = json.loads((folder / "figures.json").read_text(encoding="utf-8"))["measures"]
    return float(found["value"])


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
