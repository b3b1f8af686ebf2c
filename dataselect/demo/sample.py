"""The files of the demonstration: small, made up, and the same for the same seed everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.resources import files
from itertools import islice
from typing import NamedTuple

from dataselect.data.files.compression import refuse_compressed
from dataselect.data.files.raw_files import reason
from dataselect.data.output_files import Outputs
from dataselect.demo.confusion import Channel
from dataselect.demo.grammar import Grammar, PortableRandom, SampleUtterance
from dataselect.demo.pseudo_labels import pseudo_labelled
from dataselect.demo.record_lines import BAD_LINES, Record, encoded_record, record_lines
from dataselect.errors import OptionError, OutputError

IN_DOMAIN = ("play_music", "set_alarm")
"""The intents that have little annotated data; the pool hides more of them."""

_CHAT, _WRITTEN = "chat", "written"
_LINES_AT_ONCE = 4096


class SampleSize(NamedTuple):
    """Records in the files that grow; the annotated ones stay small, as they are in life."""

    pool: int
    pairs: int
    lists: int


SIZES = {
    "small": SampleSize(5_000, 2_000, 200),
    "medium": SampleSize(50_000, 20_000, 500),
    "large": SampleSize(500_000, 200_000, 1_000),
}


class _Shares(NamedTuple):
    """What a general corpus is made of; the rest is written text."""

    in_domain: float
    other_intents: float
    chat: float


_POOL = _Shares(0.06, 0.34, 0.3)
_BITEXT = _Shares(0.1, 0.1, 0.3)
_UNTRANSLATED = 0.05  # of written pairs


class Written(NamedTuple):
    """A file of the demonstration, its number of lines, and what it is."""

    name: str
    lines: int
    description: str


_Part = tuple[str, str, Iterable[bytes]]  # name, description, lines without their line feed


def write_sample(
    folder: str, *, seed: int = 0, size: str = "small", force: bool = False
) -> list[Written]:
    """Write sample data and a Makefile into a folder, which is made where there is none.

    The files appear together at the end. What they hold depends on `seed` and `size` alone; only
    the compressed form of the pool is up to the zlib at hand. Raises OptionError for a folder that
    is not empty, unless `force`, which replaces files of the same names and no others.
    """
    refuse_compressed(folder, "a folder")
    is_new = not os.path.lexists(folder)
    _prepare(folder, force=force)
    try:
        return _written(folder, _Sample(seed, SIZES[size]))
    except BaseException:
        if is_new:
            with suppress(OSError):
                os.rmdir(folder)
        raise


def _written(folder: str, sample: _Sample) -> list[Written]:
    """Write the files. Raises OutputError."""
    written = []
    with Outputs({}) as outputs:
        for name, description, lines in sample.parts():
            sink = outputs.open(os.path.join(folder, name))
            number, rest = 0, iter(lines)
            while batch := list(islice(rest, _LINES_AT_ONCE)):
                sink.write(b"\n".join([*batch, b""]))
                number += len(batch)
            written.append(Written(name, number, description))
    return written


def _prepare(folder: str, *, force: bool) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
        occupied = bool(os.listdir(folder))
    except OSError as error:
        raise OutputError(f"{folder}: {reason(error)}; name a new or an empty folder") from None
    if occupied and not force:
        raise OptionError(
            f"{folder} is not empty; name a new folder, or replace what is there with --force"
        )


class _Sample:
    """Makes the records of each file; a text of the small files is in no other file."""

    def __init__(self, seed: int, size: SampleSize) -> None:
        self._seed, self._size = seed, size
        self._assistant = Grammar.load("assistant.txt")
        self._general = Grammar.load("general.txt")
        self._others = [each for each in self._assistant.intents if each not in IN_DOMAIN]
        self._taken: set[str] = set()

    def parts(self) -> Iterator[_Part]:
        """Each file in turn; its lines have to be used up before the next is asked for."""
        in_domain = list(IN_DOMAIN)
        yield (
            "annotated.jsonl",
            f"in-domain: 10 examples each of {' and '.join(in_domain)}",
            self._annotated("annotated", in_domain, 10),
        )
        yield "dev.jsonl", "in-domain, held out", self._annotated("dev", in_domain, 100)
        yield "test.jsonl", "in-domain, held out", self._annotated("test", in_domain, 200)
        yield (
            "other_intents.jsonl",
            "annotated examples of the other intents",
            self._annotated("other_intents", self._others, 50),
        )
        yield (
            "pool.jsonl.gz",
            f"not annotated, {_POOL.in_domain:.0%} in-domain; field 'truth' is for checking only",
            self._pool(),
        )
        yield "indomain.de.jsonl", "German in-domain text", self._german()
        yield (
            "nbest.jsonl",
            "1 to 10 German hypotheses for each English utterance, and a reference",
            self._nbest("nbest", self._size.lists),
        )
        yield "nbest.dev.jsonl", "more of these, to find weights", self._nbest("nbest.dev", 100)
        yield (
            "bitext.jsonl",
            f"English and German, {_BITEXT.in_domain:.0%} in-domain",
            self._bitext(),
        )
        yield "broken.jsonl", "good lines and bad ones, for --on-error", self._broken()
        yield (
            "manifest.jsonl",
            "German transcripts of two recognisers, text and pred_text",
            self._manifest(),
        )
        yield "Makefile", "the recipe", _makefile()

    def _annotated(self, name: str, intents: list[str], each: int) -> Iterator[bytes]:
        draw = PortableRandom(self._seed, name)
        wanted = draw.shuffled([intent for intent in intents for _ in range(each)])
        return record_lines(name, (self._annotation(intent, draw) for intent in wanted))

    def _annotation(self, intent: str, draw: PortableRandom) -> Record:
        utterance = self._utterance(intent, draw)
        self._taken.add(utterance.text)
        return {
            "text": utterance.text,
            "intent": intent,
            "domain": self._assistant.domains[intent],
            "slots": [slot._asdict() for slot in utterance.slots],
        }

    def _pool(self) -> Iterator[bytes]:
        draw = PortableRandom(self._seed, "pool")
        truths = self._truths(self._size.pool, _POOL, draw)
        texts = ((truth, self._utterance(truth, draw).text) for truth in truths)
        return record_lines("pool", ({"text": text, "truth": truth} for truth, text in texts))

    def _german(self) -> Iterator[bytes]:
        draw = PortableRandom(self._seed, "indomain.de")
        wanted = draw.shuffled([intent for intent in IN_DOMAIN for _ in range(100)])
        texts = ((intent, self._taken_pair(intent, draw)[1]) for intent in wanted)
        return record_lines(
            "indomain.de", ({"text": text, "intent": intent} for intent, text in texts)
        )

    def _nbest(self, name: str, lists: int) -> Iterator[bytes]:
        draw = PortableRandom(self._seed, name)
        channel = self._channel()
        return record_lines(name, (self._list(channel, draw) for _ in range(lists)))

    def _channel(self) -> Channel:
        return Channel(sorted({*self._assistant.german_words(), *self._general.german_words()}))

    def _manifest(self) -> Iterator[bytes]:
        draw, channel = PortableRandom(self._seed, "manifest"), self._channel()
        for number in range(self._size.lists):
            _, german = self._pair(draw.one(list(IN_DOMAIN)), draw)
            yield encoded_record(pseudo_labelled(german, number, channel, draw))

    def _list(self, channel: Channel, draw: PortableRandom) -> Record:
        english, german = self._taken_pair(draw.one(list(IN_DOMAIN)), draw)
        hypotheses = channel.candidates(german, draw)
        return {"src": english, "nbest": [each._asdict() for each in hypotheses], "ref": german}

    def _bitext(self) -> Iterator[bytes]:
        draw = PortableRandom(self._seed, "bitext")
        truths = self._truths(self._size.pairs, _BITEXT, draw)
        pairs = (self._general_pair(truth, draw) for truth in truths)
        return record_lines("bitext", pairs)

    def _general_pair(self, truth: str, draw: PortableRandom) -> Record:
        """A pair of a general corpus; some written sentences were left untranslated."""
        english, german = self._pair(truth, draw)
        if truth == _WRITTEN and draw.share() < _UNTRANSLATED:
            german, truth = english, "untranslated"
        return {"src": english, "tgt": german, "truth": truth}

    def _broken(self) -> Iterator[bytes]:
        draw = PortableRandom(self._seed, "broken")
        good = (
            encoded_record({"id": f"broken-{number}", "text": self._utterance(intent, draw).text})
            for number, intent in enumerate(IN_DOMAIN * len(BAD_LINES))
        )
        for bad in BAD_LINES:
            yield next(good)
            yield bad
            yield next(good)

    def _truths(self, total: int, shares: _Shares, draw: PortableRandom) -> list[str]:
        """The intent or register of each record of a general corpus."""
        in_domain, others, chat = (round(total * share) for share in shares)
        truths = [IN_DOMAIN[i % len(IN_DOMAIN)] for i in range(in_domain)]
        truths += [self._others[i % len(self._others)] for i in range(others)]
        truths += [_CHAT] * chat
        truths += [_WRITTEN] * (total - len(truths))
        return draw.shuffled(truths)

    def _utterance(self, truth: str, draw: PortableRandom) -> SampleUtterance:
        """An utterance of an intent, or a sentence of a register, that is not taken."""
        while True:
            made = self._grammar(truth).utterance(truth, draw)
            made = made._replace(text=_spelled(made.text, truth))
            if made.text not in self._taken:
                return made

    def _pair(self, truth: str, draw: PortableRandom) -> tuple[str, str]:
        """English and German, neither of them taken."""
        while True:
            pair = self._grammar(truth).pair(truth, draw)
            english, german = (_spelled(each.text, truth) for each in pair)
            if self._taken.isdisjoint((english, german)):
                return english, german

    def _taken_pair(self, truth: str, draw: PortableRandom) -> tuple[str, str]:
        pair = self._pair(truth, draw)
        self._taken.update(pair)
        return pair

    def _grammar(self, truth: str) -> Grammar:
        return self._general if truth in self._general.intents else self._assistant


def _spelled(text: str, truth: str) -> str:
    """Written sentences begin with a capital; transcribed speech stays as it is."""
    return text[0].upper() + text[1:] if truth == _WRITTEN else text


def _makefile() -> list[bytes]:
    return files(__package__).joinpath("Makefile.txt").read_bytes().splitlines()
