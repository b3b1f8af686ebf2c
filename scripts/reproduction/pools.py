"""Pools that hide in-domain text among other text, for selection of a language model's text."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from common import Record, load
from corpora import GENERAL_TEXTS, conversations, general

_HIDDEN = 6_000
_SLOT_PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class HiddenText:
    """Texts of one domain: some that are known, a pool that hides the others, and two to try on."""

    in_domain: list[str]
    pool: list[str]
    development: list[str]
    test: list[str]


Setting = Callable[[Path, random.Random], HiddenText]


def _hidden(
    own: list[str],
    others: list[str],
    tried: Iterable[list[str]],
    known: int,
    rng: random.Random,
) -> HiddenText:
    """Copies of what is `tried`, development and test, are left out; `own` is shuffled."""
    development, test = tried
    heard = {*development, *test, ""}
    own, others = ([text for text in part if text.strip() not in heard] for part in (own, others))
    rng.shuffle(own)
    pool = own[known : known + _HIDDEN] + others
    rng.shuffle(pool)
    return HiddenText(own[:known], pool, development, test)


def _texts(path: Path) -> list[str]:
    return [record["text"] for record in load(path)]


def _general(data: Path, count: int, rng: random.Random) -> list[str]:
    share = count // len(GENERAL_TEXTS)
    paths = (data / "general_text" / f"{name}.jsonl.gz" for name in GENERAL_TEXTS)
    return [text for path in paths for text in rng.sample(_texts(path), share)]


def _snips(data: Path, rng: random.Random) -> HiddenText:
    folder = data / "snips_atis_slots"
    train, *tried = (
        _texts(folder / f"snips_{part}.jsonl.gz") for part in ("train", "valid", "test")
    )
    return _hidden(train, _general(data, 25_000, rng), tried, 100, rng)


def _atis(data: Path, rng: random.Random) -> HiddenText:
    folder = data / "snips_atis_slots"
    train, *tried = (
        _texts(folder / f"atis_{part}.jsonl.gz") for part in ("train", "valid", "test")
    )
    others = [*_general(data, 20_000, rng), *_texts(folder / "snips_train.jsonl.gz")[:5_000]]
    return _hidden(train, others, tried, 200, rng)


def _domains(data: Path, rng: random.Random) -> HiddenText:
    def of_domain(records: list[Record]) -> list[str]:
        return [each["text"] for each in records if each["domain"] in ("banking", "travel")]

    train, *tried = (
        load(data / "clinc150" / f"{part}.jsonl.gz") for part in ("train", "val", "test")
    )
    own = of_domain(train)
    siblings = [each["text"] for each in train if each["domain"] not in ("banking", "travel")]
    others = [*rng.sample(siblings, 5_000), *_general(data, 10_000, rng)]
    return _hidden(own, others, map(of_domain, tried), 100, rng)


def _chats(data: Path, rng: random.Random) -> HiddenText:
    train, tried = ([pair["tgt"] for pair in conversations(data, p)] for p in ("train", "dev"))
    rng.shuffle(tried)
    half = len(tried) // 2
    others = rng.sample([pair["tgt"] for pair in general(data)], 25_000)
    return _hidden(train, others, (tried[:half], tried[half:]), 500, rng)


def _sentences(data: Path, rng: random.Random) -> HiddenText:
    folder = data / "nmt_nbest_ja-en"
    tried = (
        [r["ref"] for r in load(folder / f"{part}.nbest.jsonl.gz")] for part in ("dev", "test")
    )
    own = _texts(folder / "lm_text.jsonl.gz")
    return _hidden(own, _general(data, 25_000, rng), tried, 300, rng)


def _genre(data: Path, rng: random.Random, name: str) -> HiddenText:
    records = load(data / "general_text" / "masc.jsonl.gz")
    own, others = (
        [each["text"] for each in records if (each["genre"] == name) == is_own]
        for is_own in (True, False)
    )
    rng.shuffle(own)
    return _hidden(own[600:], others, (own[:300], own[300:600]), 100, rng)


SETTINGS: dict[str, Setting] = {
    "SNIPS, 100": _snips,
    "ATIS, 200": _atis,
    "CLINC150, two domains, 100": _domains,
    "German chats, 500": _chats,
    "sentences of a textbook, 300": _sentences,
    "talk face to face, 100": lambda data, rng: _genre(data, rng, "face-to-face"),
    "film scripts, 100": lambda data, rng: _genre(data, rng, "movie-script"),
}
"""By name, with how many in-domain texts are known."""
