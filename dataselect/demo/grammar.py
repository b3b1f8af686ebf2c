"""A template grammar in two languages: lines that name slots and rules, filled in by a draw."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple, TypeVar

from dataselect.data.annotations import Slot

Item = TypeVar("Item")

_EMPTY = "-"
_BETWEEN_LANGUAGES = "||"
_REFERENCE = re.compile(r"(\{\w+\}|<\w+>)")
_CLOSING = tuple(".,?!;:")


class PortableRandom:
    """Random choices that are the same on every machine and in every version of Python.

    `name` makes an independent series of the same seed, so that a new file does not change the
    others. Only `Random.random` is used: Python promises its series for ever, and no other's.
    """

    def __init__(self, seed: int, name: str) -> None:
        digest = sha256(f"{seed} {name}".encode()).digest()
        self._random = random.Random(int.from_bytes(digest[:8], "big"))

    def share(self) -> float:
        """A number from 0 up to 1."""
        return self._random.random()

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit - 1`."""
        return int(self.share() * limit)

    def one(self, items: list[Item]) -> Item:
        """One of `items`."""
        return items[self.below(len(items))]

    def shuffled(self, items: list[Item]) -> list[Item]:
        """All of `items`, in a new list in random order (Fisher-Yates)."""
        items = list(items)
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items


class SampleUtterance(NamedTuple):
    """A text, and where its slots are."""

    text: str
    slots: list[Slot]


class BilingualPhrase(NamedTuple):
    """A template, value or phrasing, in English and, perhaps, in German."""

    english: str
    german: str | None

    @property
    def other(self) -> str:
        """The German, or the English where it is the same in both."""
        return self.english if self.german is None else self.german


class _Piece(NamedTuple):
    text: str
    slot: str | None = None


@dataclass(frozen=True)
class Grammar:
    """Templates by intent, the domain of each intent, and what may stand for a reference.

    `fillers` go by the reference as templates spell it: `{city}` or `<ask>`.
    """

    intents: dict[str, list[BilingualPhrase]] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)
    fillers: dict[str, list[BilingualPhrase]] = field(default_factory=dict)

    @classmethod
    def load(cls, name: str) -> Grammar:
        """Read a grammar that is part of this package, such as `assistant.txt`."""
        grammar, lines = cls(), list[BilingualPhrase]()
        for row in files(__package__).joinpath(name).read_text("utf-8").split("\n"):
            match row.strip("[]").split() if row.startswith("[") else []:
                case ["intent", intent, domain]:
                    grammar.domains[intent] = domain
                    lines = grammar.intents.setdefault(intent, [])
                case ["slot", slot]:
                    lines = grammar.fillers.setdefault(f"{{{slot}}}", [])
                case ["rule", rule]:
                    lines = grammar.fillers.setdefault(f"<{rule}>", [])
                case _ if row and not row.startswith("#"):
                    english, _, german = map(str.strip, row.partition(_BETWEEN_LANGUAGES))
                    lines.append(
                        BilingualPhrase("" if english == _EMPTY else english, german or None)
                    )
        return grammar

    def utterance(self, intent: str, draw: PortableRandom) -> SampleUtterance:
        """An English utterance of an intent."""
        return _joined(self._filled(draw.one(self.intents[intent]), draw)[0])

    def pair(self, intent: str, draw: PortableRandom) -> tuple[SampleUtterance, SampleUtterance]:
        """The same utterance in English and in German."""
        parallel = [line for line in self.intents[intent] if line.german is not None]
        english, german = self._filled(draw.one(parallel), draw)
        return _joined(english), _joined(german)

    def german_words(self) -> list[str]:
        """Every word of the German side, sorted."""
        tables = [*self.intents.values(), *self.fillers.values()]
        german = [line.other for table in tables for line in table if line.german is not None]
        return sorted({word for text in german for word in _REFERENCE.sub(" ", text).split()})

    def _filled(
        self, line: BilingualPhrase, draw: PortableRandom
    ) -> tuple[list[_Piece], list[_Piece]]:
        """The line in both languages, with every reference replaced.

        A reference that stands twice never becomes the same: no train from Oslo to Oslo. The
        German's first `{city}` is what the English's first `{city}` became, and so on.
        """
        drawn: dict[str, list[BilingualPhrase]] = {}
        translated: dict[str, list[list[_Piece]]] = {}
        english: list[_Piece] = []
        for part in _REFERENCE.split(line.english):
            if part not in self.fillers:
                english.append(_Piece(part))
                continue
            before = drawn.setdefault(part, [])
            choice = draw.one([each for each in self.fillers[part] if each not in before])
            before.append(choice)
            if part.startswith("{"):
                slot = part.strip("{}")
                here, there = [_Piece(choice.english, slot)], [_Piece(choice.other, slot)]
            else:
                here, there = self._filled(choice, draw)
            english += here
            translated.setdefault(part, []).append(there)
        german: list[_Piece] = []
        for part in _REFERENCE.split(line.other):
            german += translated[part].pop(0) if part in translated else [_Piece(part)]
        return english, german


def _joined(pieces: list[_Piece]) -> SampleUtterance:
    """Pieces as one text, without the spaces that empty pieces leave behind."""
    text, slots = "", list[Slot]()
    for piece in pieces:
        if piece.slot is not None:
            slots.append(Slot(piece.slot, len(text), len(text) + len(piece.text), piece.text))
            text += piece.text
            continue
        addition = piece.text
        if not text or text.endswith(" "):
            addition = addition.lstrip(" ")
        if addition.startswith(_CLOSING):
            text = text.rstrip(" ")
        text += addition
    return SampleUtterance(text.rstrip(" "), slots)
