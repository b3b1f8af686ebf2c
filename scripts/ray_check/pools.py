"""What the comparison reads: pools of public data, files to fit to, and pools in shards."""

from __future__ import annotations

import gzip
import random
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from common import Record, load, run, write
from corpora import conversations, general

_SEED = 0
_DIALOGUES, _PAIRS, _SENTENCES, _UTTERANCES = 8_000, 8_000, 600, 300
_IN_DOMAIN, _BACKGROUND, _LISTS_TO_TUNE, _TO_TRAIN = 600, 2_000, 200, 600
_LONGEST = 20.0  # seconds that an utterance is said to last
_EVERY = 3  # shard is compressed
_BAD = (
    b'{"id": "cut", "text": "play som',
    b'{"id": "empty", "text": " "}',
    b'{"id": "number", "text": 5}',
    b'{"id": "missing"}',
    b'{"id": "bytes", "text": "\xff"}',
    b"[]",
)
_BAD_OF_EACH = 8


def write_files(data: Path, folder: Path, models: AbstractSet[str]) -> None:
    """Write the files that cases name; of models that take long, only these."""
    _write_texts(data, folder)
    _write_pairs(data, folder)
    _write_lists(data, folder)
    _write_models(folder, models)


def _write_texts(data: Path, folder: Path) -> None:
    """SNIPS among the user turns of task dialogues, all and some; and others."""
    rng = random.Random(_SEED)
    snips = load(data / "snips_atis_slots" / "snips_train.jsonl.gz")
    others = load(data / "general_text" / "sgd_user.jsonl.gz")
    rng.shuffle(snips)
    write(folder / "in-domain.jsonl", snips[:_IN_DOMAIN])
    pool = _shuffled([*snips[_IN_DOMAIN:], *others], rng)
    write(folder / "whole.jsonl", pool)
    write(folder / "dialogues.jsonl", pool[:_DIALOGUES])
    _break(folder / "dialogues.jsonl", folder / "broken.jsonl", rng)
    for name, source, count in (
        ("background", "general_text/masc", _BACKGROUND),
        ("utterances", "snips_atis_slots/snips_valid", _UTTERANCES),
    ):
        records = _shuffled(load(data / f"{source}.jsonl.gz"), rng)
        write(folder / f"{name}.jsonl", records[:count])


def _break(path: Path, broken: Path, rng: random.Random) -> None:
    """Put bad records among those of a file."""
    lines = _lines(path)
    for bad in _BAD * _BAD_OF_EACH:
        lines.insert(rng.randrange(len(lines)), bad + b"\n")
    broken.write_bytes(b"".join(lines))


def _lines(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return list(file)


def _write_pairs(data: Path, folder: Path) -> None:
    """Conversations among general sentences, English and German; likely paraphrases of news."""
    rng = random.Random(_SEED)
    parts = {"chat": conversations(data, "train"), "general": general(data)}
    pairs = [{**pair, "intent": name} for name, part in parts.items() for pair in part]
    write(folder / "pairs.jsonl", _shuffled(pairs, rng)[:_PAIRS])
    write(folder / "chat.jsonl", conversations(data, "dev"))
    news = [{"intent": each["label"], **each} for each in load(data / "mrpc" / "test.jsonl.gz")]
    write(folder / "sentences.jsonl", _shuffled(news, rng)[:_SENTENCES])


def _write_lists(data: Path, folder: Path) -> None:
    """Candidates of a recogniser and of a translator."""
    rng = random.Random(_SEED)
    lists = load(data / "snips_asr_nbest" / "valid.nbest.jsonl.gz")
    for part in ("dev", "test"):
        lists += load(data / "nmt_nbest_ja-en" / f"{part}.nbest.jsonl.gz")
    lists = _shuffled([{"intent": each["id"].partition("-")[0], **each} for each in lists], rng)
    write(folder / "lists.jsonl", lists)
    write(folder / "tune.jsonl", lists[:_LISTS_TO_TUNE])


def _shuffled(records: list[Record], rng: random.Random) -> list[Record]:
    """Records in another order, each with an id and a `duration`."""
    return [
        {"id": number, **record, "duration": round(rng.uniform(0, _LONGEST), 2)}
        for number, record in enumerate(rng.sample(records, len(records)))
    ]


def _write_models(folder: Path, wanted: AbstractSet[str]) -> None:
    """What scores without being fitted again, and a pool that is scored."""
    fit = ("--fit-only", "--save-model")
    run(folder, "lm", "train", "in-domain.jsonl", "-o", "lm.arpa")
    run(
        folder,
        *("relevance", "--in-domain", "in-domain.jsonl", "dialogues.jsonl"),
        *(*fit, "relevance.model"),
    )
    run(folder, "relevance", "--model", "relevance.model", "dialogues.jsonl", "-o", "scored.jsonl")
    if "bitext.model" in wanted:
        run(folder, "bitext", "--in-domain", "chat.jsonl", "pairs.jsonl", *fit, "bitext.model")
    if "label.model" in wanted:
        labelled = ("--labelled", "in-domain.jsonl", "--uncalibrated")
        run(folder, "label", *labelled, "dialogues.jsonl", *fit, "label.model")
    if "detector" in wanted:
        _train_detector(folder)


def _train_detector(folder: Path) -> None:
    """A detector of paraphrases, which takes longer than all others."""
    made = ("--pairs", _TO_TRAIN, "--dev", "learnt.jsonl", "-o", "learn.jsonl")
    run(folder, "paraphrase", "pairs", "in-domain.jsonl", *made)
    trained = ("--dev", "learnt.jsonl", "--epochs", 1, "--networks", 1, "-o", "detector")
    run(folder, "paraphrase", "train", "learn.jsonl", *trained)


# -- Shards ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sharded:
    """A pool in shards of unequal sizes, some of them compressed.

    `pool` and `folder` are names in the folder of all files, as are the keys of `lines_before`:
    each shard, with how many lines precede it.
    """

    pool: str
    folder: str
    lines_before: dict[str, int]


def split(pool: Path, count: int) -> Sharded:
    """A pool in so many shards, in a folder beside it; the same cuts every time."""
    folder = pool.with_name(f"{pool.stem}-{count}")
    folder.mkdir()
    lines = _lines(pool)
    cuts = sorted(random.Random(count).choices(range(len(lines)), k=count - 1))
    before = {}
    for number, (start, end) in enumerate(pairwise([0, *cuts, len(lines)])):
        shard = b"".join(lines[start:end])
        path = folder / f"part-{number:02}.jsonl"
        if number % _EVERY == 0:
            path, shard = path.with_name(f"{path.name}.gz"), gzip.compress(shard)
        path.write_bytes(shard)
        before[f"{folder.name}/{path.name}"] = start
    return Sharded(pool.name, folder.name, before)
