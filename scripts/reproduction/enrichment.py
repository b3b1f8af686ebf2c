"""One case of `speech`: its text, its language models, and what a recogniser hears with them."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from common import Record, load, read, run, write
from corpora import GENERAL_TEXTS
from decoding import dictionary, recognise
from synthesis import Speaker

ALONE, RANDOM, ALL = "in-domain only", "+ random of equal size", "+ all of the pool"
SELECTED, ORACLE = "+ relevant and winnowed", "all of SNIPS"
PERPLEXITY, OOV = "perplexity", "OOV, %"
KEPT, PRECISION, RECALL = "kept", "precision, %", "recall, %"

_AS_SNIPS = ("--lowercase", "--remove-punctuation")
_LIKE = ("--in-domain", "in_domain.jsonl")
_RELEVANCE = ("relevance", *_LIKE, "--calibrate", "0.95", "pool.jsonl", "-o", "relevant.jsonl")
_WINNOW = ("winnow", *_LIKE, "--background", "pool.jsonl", "--auto", "dev.jsonl", *_AS_SNIPS)
_MIXED_WITH = {RANDOM: "random", ALL: "pool", SELECTED: "selected"}


@dataclass(frozen=True)
class Scale:
    """How many utterances are in-domain, general of each kind, for development, and spoken."""

    in_domain: Sequence[int] = (200, 500, 2_000)
    general: int = 13_000
    development: int = 200
    spoken: int = 80


class Case(NamedTuple):
    """A seed and how many utterances are in-domain; None for a model of all of SNIPS."""

    seed: int
    in_domain: int | None


@dataclass(frozen=True)
class Found:
    """What came out of a case, by the way to train.

    `heard`: records of ref, text and voice. `models`: PERPLEXITY and OOV. `selection`: KEPT,
    PRECISION and RECALL. `copies`: texts that were left out of pool and in-domain.
    """

    heard: dict[str, list[Record]]
    models: dict[str, dict[str, float]]
    selection: dict[str, float]
    copies: int


def measured(data: Path, case: Case, scale: Scale) -> Found:
    """Train the models of a case, and hear its test utterances with each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copies = _prepare(folder, data, case, scale)
        if case.in_domain is None:
            train(folder, "snips", "oracle")
            models, selection = {ORACLE: "oracle"}, {}
        else:
            selection = _select(folder, case.seed)
            models = _enriched(folder)
        return Found(
            heard={way: heard(folder, model) for way, model in models.items()},
            models=described(folder, models),
            selection=selection,
            copies=copies,
        )


def _prepare(folder: Path, data: Path, case: Case, scale: Scale) -> int:
    """Write the text of a case, and speak. Returns how many copies were left out.

    Cases of a seed differ only in where their in-domain text ends.
    """
    rng = random.Random(case.seed)
    development, test = (
        load(data / "snips_atis_slots" / f"snips_{part}.jsonl.gz") for part in ("valid", "test")
    )
    known = {record["text"].strip() for record in (*development, *test)}
    snips, copies = _unheard(data / "snips_atis_slots" / "snips_train.jsonl.gz", known)
    general = []
    for kind in GENERAL_TEXTS:
        texts, more = _unheard(data / "general_text" / f"{kind}.jsonl.gz", known)
        general += rng.sample(texts, min(scale.general, len(texts)))
        copies += more
    rng.shuffle(snips)
    rng.shuffle(development)
    speak(folder, test, scale.spoken, rng)
    in_domain, hidden = snips[: case.in_domain], snips[case.in_domain :]
    pool = [
        *({"text": text, "in_domain": True} for text in hidden),
        *({"text": text, "in_domain": False} for text in general),
    ]
    rng.shuffle(pool)
    write(folder / "pool.jsonl", pool)
    write(folder / "in_domain.jsonl", ({"text": text} for text in in_domain))
    write(folder / "snips.jsonl", ({"text": text} for text in snips))
    write(folder / "dev.jsonl", development[: scale.development])
    write(folder / "held_out.jsonl", development[scale.development :])
    return copies


def _unheard(path: Path, known: set[str]) -> tuple[list[str], int]:
    """The texts of a file that are not among those known, and how many are."""
    texts = [text for record in load(path) if (text := record["text"].strip())]
    kept = [text for text in texts if text.lower() not in known]
    return kept, len(texts) - len(kept)


def speak(folder: Path, utterances: list[Record], count: int, rng: random.Random) -> None:
    """Speak some of the utterances that the recogniser can spell; test.jsonl says how."""
    words = dictionary()
    spelled = [record for record in utterances if words.issuperset(record["text"].split())]
    spoken = []
    for number, record in enumerate(rng.sample(spelled, min(count, len(spelled)))):
        speaker, audio = Speaker.draw(rng), f"{number}.wav"
        speaker.speak(record["text"], folder / audio)
        told = {"voice": speaker.voice, "rate": speaker.rate, "audio": audio}
        spoken.append({"id": record["id"], "ref": record["text"], **told})
    write(folder / "test.jsonl", spoken)


def _select(folder: Path, seed: int) -> dict[str, float]:
    """Write selected.jsonl and random.jsonl; what the selection is like."""
    run(folder, *_RELEVANCE)
    run(folder, *_WINNOW, "relevant.jsonl", "-o", "selected.jsonl")
    pool, selected = (read(folder / f"{name}.jsonl") for name in ("pool", "selected"))
    write(folder / "random.jsonl", random.Random(seed).sample(pool, len(selected)))
    hidden, found = (sum(each["in_domain"] for each in part) for part in (pool, selected))
    shares = {PRECISION: 100 * found / len(selected), RECALL: 100 * found / hidden}
    return {KEPT: len(selected), **shares}


def _enriched(folder: Path) -> dict[str, str]:
    """Train the in-domain model, and its mixtures with others; their names."""
    train(folder, "in_domain", "in_domain")
    return {ALONE: "in_domain"} | {way: mixed(folder, part) for way, part in _MIXED_WITH.items()}


def mixed(folder: Path, part: str) -> str:
    """Train a model of PART.jsonl, and mix it with the in-domain model; the name of the mixture."""
    train(folder, part, part)
    models = ("in_domain.arpa", f"{part}.arpa", "--tune", "dev.jsonl")
    run(folder, "lm", "mix", *models, "-o", f"with_{part}.arpa")
    return f"with_{part}"


def train(folder: Path, text: str, model: str) -> None:
    """Train a trigram model of TEXT.jsonl."""
    run(folder, "lm", "train", *_AS_SNIPS, f"{text}.jsonl", "-o", f"{model}.arpa")


def heard(folder: Path, model: str) -> list[Record]:
    """What the recogniser hears of test.jsonl with a model."""
    recognise(folder, f"{model}.arpa", "test.jsonl", "heard.jsonl")
    return read(folder / "heard.jsonl")


def described(folder: Path, models: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Perplexity of held-out text, its unknown words left out, and their share in the test."""
    held_out = _evaluated(folder, models.values(), "held_out.jsonl")
    test = _evaluated(folder, models.values(), "--text-field", "ref", "test.jsonl")
    return {
        way: {PERPLEXITY: known["perplexity_known"], OOV: 100 * spoken["oov_rate"]}
        for way, known, spoken in zip(models, held_out, test, strict=True)
    }


def _evaluated(folder: Path, models: Iterable[str], *text: str) -> list[dict[str, Any]]:
    named = [option for model in models for option in ("--lm", f"{model}.arpa")]
    run(folder, "lm", "eval", *named, "--format", "json", *text, "-o", "figures.json")
    return list(json.loads((folder / "figures.json").read_text(encoding="utf-8"))["models"])
