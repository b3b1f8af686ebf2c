"""Records to measure on: made from the demo's grammars, or repeated from a corpus, and kept."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from typing import TYPE_CHECKING, Any, ClassVar

from contenders import Failed, dataselect, spend

if TYPE_CHECKING:
    from dataselect.demo.grammar import Grammar, PortableRandom

_SEED = 0
_CORPUS = os.path.join("general_text", "sgd_user.jsonl.gz")
_MUSIC = re.compile(r"play_music|Music\.")
_IN_DOMAIN, _BACKGROUND = 500, 10_000
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Pool:
    """Files of `records` utterances in `folder`, each made when it is first asked for.

    `data` is the folder of a corpus to repeat, or None to make utterances of 3 to 20 words, most of
    them 5 to 13; one in six holds a letter beyond ASCII, and the corpus has none.
    """

    field: ClassVar[str] = "text"

    folder: str
    records: int
    data: str | None

    @property
    def kind(self) -> str:
        """What the names of its files begin with."""
        return "made" if self.data is None else "sgd"

    def describe(self) -> str:
        """One sentence on what the records are."""
        if self.data is None:
            what = "utterances from the grammars of `dataselect demo`, one in six not ASCII."
        else:
            what = "user turns: the Schema-Guided Dialogue corpus, repeated, all ASCII."
        return f"{self.records:,} {what}"

    def path(self, records: int | None = None) -> str:
        """The pool, or its first records."""
        wanted = min(records or self.records, self.records)
        return self._made(f"pool-{wanted}", islice(self._records(), wanted))

    def in_domain(self) -> str:
        """Texts of one domain, music, as an annotated seed."""
        music = (each for each in self._source() if _MUSIC.match(each["intent"] or ""))
        return self._made("in-domain", islice(music, _IN_DOMAIN))

    def background(self) -> str:
        """Texts of every domain."""
        wanted = min(_BACKGROUND, self.records)
        return self._made(f"background-{wanted}", islice(self._source(), wanted))

    def labelled(self) -> str:
        """Texts of every domain whose intent is known."""
        wanted = min(_BACKGROUND, self.records)
        known = (each for each in self._source() if each["intent"])
        return self._made(f"labelled-{wanted}", islice(known, wanted))

    @cached_property
    def model(self) -> str:
        """A relevance model fitted on the two, anew in each run by the program that is measured."""
        path = os.path.join(self.folder, f"{self.kind}-relevance.model")
        spend(
            [
                *(dataselect(), "relevance", "--fit-only", "--save-model", path),
                *("--in-domain", self.in_domain(), "--background", self.background()),
            ]
        )
        return path

    def repeated(self, times: int) -> Iterator[bytes]:
        """The pool's bytes `times` times over, in blocks, no line twice the same.

        Each repetition has ids of its own, and a first word of its own: what remembers texts would
        show in memory.
        """
        path, field = self.path(), f'"{self.field}":"'.encode()
        for number in range(times):
            mark = f"{number}".encode()
            with open(path, "rb") as file:
                while lines := file.readlines(_BLOCK):
                    block = b"".join(lines)
                    block = block.replace(b'{"id":"', b'{"id":"' + mark + b"-")
                    yield block.replace(field, field + b"x" + mark + b" ")

    def _made(self, name: str, records: Iterator[dict[str, Any]]) -> str:
        path = os.path.join(self.folder, f"{self.kind}-{name}.jsonl")
        if not os.path.exists(path):
            partial = f"{path}.{os.getpid()}"
            try:
                with open(partial, "w", encoding="utf-8") as file:
                    for record in records:
                        compact = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
                        file.write(compact + "\n")
                os.replace(partial, path)  # a pool is whole, or not there
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(partial)
        return path

    def _records(self) -> Iterator[dict[str, Any]]:
        """Records without end: a corpus is repeated."""
        for repetition in count():
            for record in self._source():
                yield self._repeated(record, repetition)

    def _repeated(self, record: dict[str, Any], repetition: int) -> dict[str, Any]:
        """A record with its own id."""
        return {**record, "id": f"{record['id']}-{repetition}"}

    def _source(self) -> Iterator[dict[str, Any]]:
        return _utterances() if self.data is None else corpus(os.path.join(self.data, _CORPUS))


def corpus(path: str) -> Iterator[dict[str, Any]]:
    """The records of a corpus. Raises Failed where it cannot be read."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield json.loads(line)
    except OSError as error:
        raise Failed(f"{path}: {error.strerror or error}; see --help for --data") from None


def drawn() -> Iterator[tuple[str, Grammar, str, PortableRandom]]:
    """Ids and intents to make records of, without end, the same every time."""
    from dataselect.demo.grammar import Grammar, PortableRandom

    grammars = [Grammar.load("assistant.txt"), Grammar.load("general.txt")]
    intents = [(grammar, intent) for grammar in grammars for intent in grammar.intents]
    draw = PortableRandom(_SEED, "bench")
    for number in count(1):
        grammar, intent = draw.one(intents)
        yield f"bench-{number:08}", grammar, intent, draw


def _utterances() -> Iterator[dict[str, Any]]:
    for name, grammar, intent, draw in drawn():
        yield {"id": name, "text": grammar.utterance(intent, draw).text, "intent": intent}
