"""One case of `translation`: the translators of a seed, and the models of one size."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import Record, load, read
from corpora import DICTIONARY, dictionary, general
from enrichment import ALONE, KEPT, Case, Found, described, heard, mixed, speak, train
from translators import (
    FINE_TUNED,
    FROM_SCRATCH,
    GERMAN,
    Translator,
    first_best,
    once,
    spoken,
    write_once,
)

CHANCE, FIRST = "+ first-best, pairs by chance", "+ first-best"
RESCORED, WINNOWED, SELF_TRAINED = "+ rescored", "+ winnowed", "+ self-trained"
TOGETHER, HUMAN = "+ all together", "+ translations by people"
_PARTS = {
    CHANCE: "chance",
    FIRST: "first",
    SELF_TRAINED: "self_trained",
    RESCORED: "rescored",
    WINNOWED: "winnowed",
    TOGETHER: "together",
    HUMAN: "human",
}
_IN_DOMAIN = ("--in-domain", "in_domain.jsonl")
_WINNOW = ("winnow", *_IN_DOMAIN, "--auto", "dev.jsonl")
_NEAR = ("bitext", "--in-domain", "src=turns.jsonl", "--side", "src", "--in-domain-field", GERMAN)
_SELF_TRAINED_SHARE = "50%"


@dataclass(frozen=True)
class Scale:
    """How many utterances are in-domain, for tuning, and spoken.

    `near`: the share of the bilingual corpus that is kept as near. `from_scratch`: options of
    training. `dictionary`: a part of the corpus.
    """

    in_domain: Sequence[int] = (200, 500, 2_000)
    tuning: int = 200
    spoken: int = 120
    near: str = "20%"
    from_scratch: Sequence[object] = FROM_SCRATCH
    dictionary: Path = DICTIONARY


SHARED = {"chance": "pairs by chance", "filtered": "filtered pairs"}
"""Translators of all seeds, and what they are trained on: NAME.jsonl."""


@dataclass(frozen=True)
class Stage:
    """Where things are kept, and what they are made of."""

    data: Path
    cache: Path
    scale: Scale

    @property
    def filtered(self) -> Translator:
        """Trained on pairs that are near."""
        return Translator(self.cache, "filtered")

    def self_trained(self, case: Case) -> Translator:
        """The one above, fine-tuned on what it made itself, and on some of its pairs."""
        return Translator(self.folder(case), "self_trained")

    def folder(self, case: Case) -> Path:
        """Where a case has its files."""
        return self._of(case.seed) / str(case.in_domain)

    @property
    def development(self) -> Path:
        """Turns that no translator is trained on."""
        return self.cache / "dev.jsonl"

    def _of(self, seed: int) -> Path:
        return self.cache / str(seed)

    def begin(self) -> None:
        """Write the text that all seeds have in common: turns.jsonl is to train with."""
        self.cache.mkdir(parents=True, exist_ok=True)
        turns, test = (_conversations(self.data, part) for part in ("train", "dev"))
        write_once(self.cache / "turns.jsonl", lambda: _unheard(turns, test))
        write_once(self.development, lambda: test)
        write_once(self.cache / "corpus.jsonl", self._corpus)
        once(self.cache, "filtered.jsonl", *_NEAR, "--share", self.scale.near, "corpus.jsonl")
        write_once(self.cache / "chance.jsonl", self._by_chance)

    def _corpus(self) -> list[Record]:
        """The bilingual corpus, German to English, sentences without those of the test."""
        known = _texts(read(self.development))
        words = dictionary(self.scale.dictionary)
        sentences, entries = map(_spoken, (general(self.data), words))
        return [
            *(each for each in sentences if known.isdisjoint(each.values())),
            *_distinct(entries),
        ]

    def _by_chance(self) -> list[Record]:
        """As many pairs of the corpus as are near."""
        pairs, near = (read(self.cache / f"{name}.jsonl") for name in ("corpus", "filtered"))
        return random.Random(0).sample(pairs, len(near))

    def taught(self, name: str) -> dict[str, float]:
        """Train one of the translators that seeds have in common; what it is worth."""
        translator = Translator(self.cache, name)
        translator.train(f"{name}.jsonl", self.scale.from_scratch)
        translator.translate(self.cache, self.cache / "turns.jsonl")
        return translator.quality(self.cache, self.development)

    def prepare(self, seed: int) -> None:
        """Write the text of a seed, and translations of it.

        All English of the new language is transcribed.jsonl, in the order in which sizes take it;
        german.jsonl is what the other one has, with translations by people as `ref`.
        """
        folder = self._of(seed)
        folder.mkdir(exist_ok=True)
        rng = random.Random(seed)
        most = max(self.scale.in_domain)
        turns = _by_dialogue(read(self.cache / "turns.jsonl"), rng)
        test = _by_dialogue(read(self.development), rng)
        for name, records in {
            "transcribed": turns[:most],
            "german": turns[most:],
            "tuning": test[: len(test) // 2],
            "held_out": test[len(test) // 2 :],
        }.items():
            write_once(folder / f"{name}.jsonl", lambda records=records: records)
        for name in SHARED:
            every, lists = (
                place / f"{name}.{part}.nbest.jsonl"
                for place, part in ((self.cache, "turns"), (folder, "german"))
            )
            write_once(lists, lambda every=every: _of_turns(every, turns[most:]))
            first_best(lists, folder / f"{name}.first.jsonl")

    def measured(self, case: Case) -> tuple[Found, dict[str, float]]:
        """Train the models of a case, and hear its test utterances with each.

        Beside it what the translator is worth that trained itself.
        """
        shared, folder = self._of(case.seed), self.folder(case)
        folder.mkdir(exist_ok=True)
        turns, tuning, held_out, german = (
            read(shared / f"{name}.jsonl")
            for name in ("transcribed", "tuning", "held_out", "german")
        )
        rng = random.Random(case.seed)
        for name, records in {
            "in_domain": turns[: case.in_domain],
            "dev": rng.sample(tuning, min(self.scale.tuning, len(tuning))),
            "held_out": held_out,
            "human": german,
        }.items():
            texts = [{"id": each["id"], "text": each["ref"]} for each in records]
            write_once(folder / f"{name}.jsonl", lambda texts=texts: texts)
        if not (folder / "test.jsonl").exists():
            speak(folder, read(folder / "held_out.jsonl"), self.scale.spoken, rng)
        quality = self._translate(case)
        train(folder, "in_domain", "in_domain")
        models = {ALONE: "in_domain"} | {way: mixed(folder, part) for way, part in _PARTS.items()}
        found = Found(
            heard={way: self._heard(folder, model) for way, model in models.items()},
            models=described(folder, models),
            selection={
                f"{KEPT}, {way}": len(read(folder / f"{part}.jsonl"))
                for way, part in _PARTS.items()
            },
            copies=len(_conversations(self.data, "train")) - len(turns) - len(german),
        )
        return found, quality

    def _translate(self, case: Case) -> dict[str, float]:
        """Write the text of every way; what the self-trained translator is worth."""
        shared, folder = self._of(case.seed), self.folder(case)
        for part, model in {"chance": "chance", "first": "filtered"}.items():
            texts = shared / f"{model}.first.jsonl"
            write_once(folder / f"{part}.jsonl", lambda texts=texts: read(texts))
        lists = shared / "filtered.german.nbest.jsonl"
        self._rescore(folder, lists, "rescored.jsonl")
        once(folder, "winnowed.jsonl", *_WINNOW, "first.jsonl")
        keep = ("--share", _SELF_TRAINED_SHARE, "rescored.jsonl")
        once(folder, "likely.jsonl", "winnow", *_IN_DOMAIN, *keep)
        near = self.cache / "filtered.jsonl"
        write_once(folder / "pairs.jsonl", lambda: _pairs(folder / "likely.jsonl", near))
        translator = self.self_trained(case)
        translator.train("pairs.jsonl", ("--base", self.filtered.path, *FINE_TUNED))
        own = translator.translate(folder, shared / "german.jsonl")
        first_best(folder / own, folder / "self_trained.jsonl")
        self._rescore(folder, folder / own, "self_trained.rescored.jsonl")
        once(folder, "together.jsonl", *_WINNOW, "self_trained.rescored.jsonl")
        return translator.quality(folder, self.development)

    def _rescore(self, folder: Path, lists: Path, output: str) -> None:
        """The best of each list by the in-domain text."""
        once(folder, f"all.{output}", "rescore", *_IN_DOMAIN, lists)
        best = (each for each in read(folder / f"all.{output}") if each["text"].strip())
        write_once(folder / output, lambda: best)

    def _heard(self, folder: Path, model: str) -> list[Record]:
        """What is heard with a model."""
        path = folder / f"{model}.heard.jsonl"
        write_once(path, lambda: heard(folder, model))
        return read(path)


def _spoken(pairs: list[Record]) -> list[Record]:
    """Pairs from German, as a recogniser has them; those that have a text on both sides."""
    found = ({"src": spoken(each["tgt"]), "tgt": spoken(each["src"])} for each in pairs)
    return [pair for pair in found if all(pair.values())]


def _distinct(pairs: list[Record]) -> list[Record]:
    return list({(each["src"], each["tgt"]): each for each in pairs}.values())


def _conversations(data: Path, part: str) -> list[Record]:
    """Turns with their `dialogue`: `de`, and `ref`, the English."""
    found = (
        {
            "id": each["id"],
            "dialogue": each["dialogue"],
            GERMAN: spoken(each["tgt"]),
            "ref": spoken(each["src"]),
        }
        for each in load(data / "bcontrast_en-de" / f"{part}.jsonl.gz")
    )
    return [each for each in found if each[GERMAN] and each["ref"]]


def _by_dialogue(turns: list[Record], rng: random.Random) -> list[Record]:
    """The same turns, dialogues in a random order."""
    dialogues = sorted({each["dialogue"] for each in turns})
    place = {name: number for number, name in enumerate(rng.sample(dialogues, len(dialogues)))}
    return sorted(turns, key=lambda each: place[each["dialogue"]])


def _unheard(turns: list[Record], test: list[Record]) -> list[Record]:
    """Turns whose text in neither language is in the test conversations."""
    known = _texts(test)
    return [each for each in turns if known.isdisjoint((each["ref"], each[GERMAN]))]


def _texts(turns: list[Record]) -> set[str]:
    """In both languages."""
    return {text for each in turns for text in (each["ref"], each[GERMAN])}


def _of_turns(lists: Path, turns: list[Record]) -> list[Record]:
    """The lists of some turns, in their order."""
    every = {each["id"]: each for each in read(lists)}
    return [every[each["id"]] for each in turns]


def _pairs(likely: Path, near: Path) -> Iterator[Record]:
    """What the translator learns from itself, and as many pairs that are near."""
    own = [{"src": each[GERMAN], "tgt": each["text"]} for each in read(likely)]
    pairs = read(near)
    yield from own
    yield from random.Random(0).sample(pairs, min(len(pairs), len(own)))
