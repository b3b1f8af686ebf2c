"""What models remember of single speakers, and what it costs to let them forget.

Text of SNIPS, each utterance given to one of 100 speakers by lot, and canaries of two forms, a
number of nine digits and four spoken digits: ten of each form stand once, ten twice, ten five times
and ten twenty times in the text, each said by one speaker. Models are of 500 utterances, and of
all, with canaries in both. Exposure is of the most that a form can have, 29.9 and 13.3 bits.
Perplexity is over the words that all models of a size know; weights of `rescore` are tuned on one
half of the lists of SNIPS and tried on the other, both ways. Members are what a model was trained
on without the canaries, non-members 500 utterances that were held out; the advantage is the share
of members that the attack finds less that of others that it takes for one. Models of `relevance`
and `label` learn from 500 annotated utterances, and from 3,000 user turns of task dialogues or of
other utterances of SNIPS.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from common import Plan, Record, Table, load, run, write
from rescore import tried, unheard

_SPEAKERS, _HELD_OUT, _FEW, _POOL = 100, 500, 500, 3000
_TIMES, _EACH = (1, 2, 5, 20), 10
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SPOKEN = " ".join(["{" + "|".join(_DIGITS) + "}"] * 4)
_FORMS = {"number": "my code is {digit:9}", "spoken": f"my pin is {_SPOKEN}"}
_SPEECH = ("--lowercase", "--remove-punctuation")
_WAYS: dict[str, tuple[object, ...]] = {
    "as it is": (),
    "--max-per-speaker 1": ("--max-per-speaker", 1),
    "--min-speakers 2": ("--min-speakers", 2),
    "--min-speakers 5": ("--min-speakers", 5),
}
_COSTS = (
    "thousand n-grams",
    "unknown words, %",
    "perplexity",
    "WER of rescore",
    "AUC",
    "advantage",
)


def measure(plan: Plan) -> list[Table]:
    """Exposure by how often a canary stands in the text, and what models lose."""
    seeds = f"{plan.seeds} seeds"
    columns = [f"{form}, {times} ×" for form in _FORMS for times in _TIMES]
    exposure = Table(f"exposure in bits, {seeds}", columns, digits=1)
    cost = Table(f"cost and membership, {seeds}", _COSTS, digits=2)
    others = Table(f"membership in other models of {_FEW}, {seeds}", _COSTS[-2:], digits=2)
    source = plan.data / "snips_asr_nbest"
    lists = load(source / "valid.nbest.jsonl.gz")
    texts, copies = unheard(source / "lm_train_text.jsonl.gz", lists)
    annotated = load(plan.data / "snips_atis_slots" / "snips_train.jsonl.gz")
    general = load(plan.data / "general_text" / "sgd_user.jsonl.gz")
    for seed in range(plan.seeds):
        with tempfile.TemporaryDirectory() as name:
            folder, rng = Path(name), random.Random(seed)
            shuffled = rng.sample(texts, len(texts))
            write(folder / "others.jsonl", ({"text": text} for text in shuffled[:_HELD_OUT]))
            write(folder / "refs.jsonl", ({"text": each["ref"]} for each in lists))
            canaries = list(_canaries(rng))
            write(folder / "canaries.jsonl", canaries)
            for size in (_FEW, len(texts) - _HELD_OUT):
                members = shuffled[_HELD_OUT:][:size]
                _write_training(folder, members, canaries, rng)
                _measure_models(folder, lists, f"{size:,}", (exposure, cost))
            _measure_others(folder, annotated, general, rng, others)
        print(f"seed {seed}", flush=True)
    cost.notes.append(f"{copies:,} copies of references were left out of the text.")
    return [exposure, cost, others]


def _canaries(rng: random.Random) -> Iterator[Record]:
    """Each a text of its form, how often it stands in the text, and who says it."""
    for name, form in _FORMS.items():
        for times in _TIMES:
            for _ in range(_EACH):
                number = f"{rng.randrange(10**9):09d}"
                spoken = " ".join(rng.choices(_DIGITS, k=4))
                text = f"my code is {number}" if name == "number" else f"my pin is {spoken}"
                column = f"{name}, {times} ×"
                speaker = rng.randrange(_SPEAKERS)
                yield {"text": text, "form": form, "column": column, "times": times} | {
                    "speaker": speaker
                }


def _write_training(
    folder: Path, members: Sequence[str], canaries: Sequence[Record], rng: random.Random
) -> None:
    """Write what is trained on, and what of it is no canary."""
    said = [{"text": text, "speaker": rng.randrange(_SPEAKERS)} for text in members]
    write(folder / "members.jsonl", said)
    repeated = [each for each in canaries for _ in range(each["times"])]
    write(folder / "train.jsonl", [*said, *repeated])


def _measure_models(
    folder: Path, lists: list[Record], size: str, tables: tuple[Table, Table]
) -> None:
    """Language models of the training text by every way to train."""
    exposure, cost = tables
    names = [f"way{number}.arpa" for number in range(len(_WAYS))]
    for model, options in zip(names, _WAYS.values(), strict=True):
        run(folder, "lm", "train", *_SPEECH, *options, "train.jsonl", "-o", model)
    tested = ("--members", "members.jsonl", "--non-members", "others.jsonl")
    audited = _audited(folder, *names, "--canary", "canaries.jsonl", *tested, *_SPEECH)
    models = [word for model in names for word in ("--lm", model)]
    tried_on = (*_SPEECH, "--format", "json", "refs.jsonl", "-o", "figures.json")
    run(folder, "lm", "eval", *models, *tried_on)
    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))["models"]
    canaries = [json.loads(line)["column"] for line in (folder / "canaries.jsonl").open()]
    halves = lists[: len(lists) // 2], lists[len(lists) // 2 :]
    tuned = ("--tune", "tune.jsonl", "--metric", "wer", *_SPEECH, "--unknown", "<unk>")
    for way, model, own in zip(_WAYS, names, figures, strict=True):
        row = f"{size}, {way}"
        found = audited[model]
        for column in exposure.columns:
            bits = [
                each["exposure"]
                for each, of in zip(found["canaries"], canaries, strict=True)
                if of == column
            ]
            exposure.add(row, column, sum(bits) / len(bits))
        rates = [
            tried(folder, *each, "wer", "--lm", model, *tuned)["wer"]
            for each in (halves, halves[::-1])
        ]
        first, best = (
            sum(each[system]["value"] for each in rates) / 2
            for system in ("first-best", "rescored")
        )
        if row == f"{_FEW:,}, {next(iter(_WAYS))}":
            cost.add("first-best", "WER of rescore", first)
        ngrams = (folder / model).read_text(encoding="utf-8").count("\n") - 10
        cost.add(row, "thousand n-grams", ngrams / 1000)
        cost.add(row, "unknown words, %", 100 * own["oov_rate"])
        cost.add(row, "perplexity", own["perplexity_shared"])
        cost.add(row, "WER of rescore", best)
        for column in _COSTS[-2:]:
            cost.add(row, column, found["membership"][column.lower()]["value"])


def _measure_others(
    folder: Path,
    annotated: Sequence[Record],
    general: Sequence[Record],
    rng: random.Random,
    table: Table,
) -> None:
    """Models of relevance and of intents that were fitted on a few annotated utterances."""
    drawn = rng.sample(annotated, 2 * _FEW + _POOL)
    members, others, pool = drawn[:_FEW], drawn[_FEW : 2 * _FEW], drawn[2 * _FEW :]
    said = rng.sample(general, _POOL)
    for each in (*members, *said):
        each["speaker"] = rng.randrange(_SPEAKERS)
    for name, records in (
        ("members", members),
        ("others", others),
        ("pool", pool),
        ("general", said),
    ):
        write(folder / f"{name}.jsonl", records)
    saved = ("--fit-only", "--save-model")
    run(
        folder,
        "label",
        "--labelled",
        "members.jsonl",
        "--no-slots",
        *saved,
        "intents.model",
        "pool.jsonl",
    )
    tried_on: dict[str, tuple[str, tuple[object, ...]]] = {
        "label, by its best intent": ("intents.model", ()),
        "label, by the true intent": ("intents.model", ("--intent-field", "intent")),
    }
    for way, options in _WAYS.items():
        if "--max-per-speaker" not in options:
            model = f"relevance{len(tried_on)}.model"
            learnt = ("--in-domain", "members.jsonl", *options, *saved, model, "general.jsonl")
            run(folder, "relevance", *learnt)
            tried_on[f"relevance, {way}"] = model, ()
    tested = ("--members", "members.jsonl", "--non-members", "others.jsonl")
    for row, (model, asked) in tried_on.items():
        found = _audited(folder, model, *tested, *asked)[model]
        for column in _COSTS[-2:]:
            table.add(row, column, found["membership"][column.lower()]["value"])


def _audited(folder: Path, *arguments: object) -> dict[str, Any]:
    """What `audit` says of each model."""
    run(folder, "audit", *arguments, "--format", "json", "-o", "audit.json")
    found: dict[str, Any] = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    return found["models"]
