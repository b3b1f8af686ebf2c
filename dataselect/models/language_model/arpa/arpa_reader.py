"""ARPA files to back-off models, with every check."""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.models.language_model.arpa.arpa_file import REMEDY, ArpaFile, Part
from dataselect.models.language_model.arpa.ngram_lines import NgramLines, ngram_lines, pattern
from dataselect.models.language_model.backoff import BackoffModel, NgramOrder, find_sorted
from dataselect.models.language_model.hash_table import WordTable
from dataselect.models.language_model.vocabulary import (
    BEGIN,
    END,
    MARKERS,
    UNKNOWN,
    Vocabulary,
    composed_words,
)
from dataselect.models.ngrams.tokens import WORD_BYTES

_CAPITAL_UNKNOWN = b"<UNK>"  # what some toolkits write for <unk>, and KenLM reads so
_NEVER = -100.0  # KenLM's log-probability of an unknown word where a file has no <unk>
_LARGEST = 1e9  # beyond it, back-offs and log-probabilities are infinite


def read(path: str) -> BackoffModel:
    """Read an ARPA file, plain or compressed by suffix; the n-grams of an order in any order.

    Raises InputError, with the line, for whatever is not as it should be: counts, headings,
    numbers, words that are no unigrams, n-grams whose history is not there. What the file promises
    allocates nothing. Log-probabilities round to single precision as their digits do.
    """
    file, counts = _opened(path)
    builder = _Builder(file, len(counts))
    for order, count in enumerate(counts, start=1):
        file.expect(f"\\{order}-grams:")
        builder.add(order, count)
    file.expect("\\end\\")
    for part in file.parts():
        file.refuse(part.line, f"text after \\end\\; {REMEDY}")
    return builder.model()


def read_order(path: str) -> int:
    """The order that an ARPA file promises, by its first lines alone. Raises InputError."""
    _, counts = _opened(path)
    return len(counts)


def _opened(path: str) -> tuple[ArpaFile, list[int]]:
    """A file that stands at its unigrams, and how many n-grams of each order it promises."""
    file = ArpaFile(path)
    file.skip_header()
    file.expect("\\data\\")
    return file, file.counts()


class _Section(NamedTuple):
    """The n-grams of one order as they stand in the file: (m,), `words` (m, order)."""

    lines: NDArray[np.int64]
    words: NDArray[np.int32]
    log_probs: NDArray[np.float64]
    backoffs: NDArray[np.float64]


class _Builder:
    """Makes a model of the sections of a file, in their order."""

    def __init__(self, file: ArpaFile, order: int) -> None:
        self._file, self._order = file, order
        self._numbers = _Numbers({marker: number for number, marker in enumerate(MARKERS)})
        self._levels: list[NgramOrder] = []
        self._keys: list[NDArray[np.int64]] = []

    def model(self) -> BackoffModel:
        """The model, after the last section."""
        words = list(self._numbers)[len(MARKERS) :]
        return BackoffModel(Vocabulary(composed_words(words)), tuple(self._levels))

    def add(self, order: int, count: int) -> None:
        """Read a section that should hold `count` n-grams."""
        line = pattern(order)
        parsed = [self._parsed(part, line, order) for part in self._file.parts()]
        found = _joined([_nothing(order), *parsed])
        if len(found.lines) != count:
            what = f"{len(found.lines)} {order}-grams, but \\data\\ says {count}"
            self._file.refuse(None, f"{what}; {REMEDY}")
        if order == 1:
            found = self._with_markers(found)
        self._refuse_if(found.log_probs > 0, found, "a log-probability above 0")
        endless = np.abs(found.backoffs) > _LARGEST
        self._refuse_if(endless, found, "a back-off that is not finite")
        if order == self._order:
            self._refuse_if(found.backoffs != 0, found, "a back-off on the highest order")
        self._append(found)

    def _parsed(self, part: Part, pattern: re.Pattern[bytes], order: int) -> _Section:
        found = ngram_lines(part.text, order, pattern)
        if found is None:
            lines = part.text.split(b"\n")
            bad = next(i for i, line in enumerate(lines) if not pattern.fullmatch(line + b"\n"))
            what = f"not a log-probability, a {order}-gram and perhaps a back-off"
            self._file.refuse(part.line + bad, f"{what}; {REMEDY}")
        words = self._new_words(found) if order == 1 else self._listed_words(found)
        section = _Section(
            part.line + np.arange(len(found.log_probs)),
            words.reshape(-1, order),
            found.log_probs,
            found.backoffs,
        )
        lowest = section.words.min(axis=1)
        self._refuse_if(lowest < 0, section, "a word that is not among the 1-grams")
        return section

    def _new_words(self, unigrams: NgramLines) -> NDArray[np.int32]:
        numbers, words = self._numbers, unigrams.words()
        for word in words:
            if numbers[word] < 0:
                numbers[word] = len(numbers)
        return np.fromiter(map(numbers.__getitem__, words), np.int32, len(words))

    def _listed_words(self, lines: NgramLines) -> NDArray[np.int32]:
        data = np.frombuffer(lines.text + bytes(WORD_BYTES), np.uint8)
        numbers = self._words.find(data, lines.starts, lines.sizes)
        numbers[numbers == len(self._numbers)] = UNKNOWN
        return numbers

    @cached_property
    def _words(self) -> WordTable:
        """All words, after the unigrams."""
        return WordTable([*self._numbers, _CAPITAL_UNKNOWN], absent=-1)

    def _with_markers(self, unigrams: _Section) -> _Section:
        """Unigrams with an unknown word, which a file may lack."""
        for marker in (BEGIN, END):
            if marker not in unigrams.words:
                self._file.refuse(None, f"no {MARKERS[marker].decode()} above; {REMEDY}")
        if UNKNOWN in unigrams.words:
            return unigrams
        unknown = _Section(
            np.zeros(1, np.int64),
            np.full((1, 1), UNKNOWN, np.int32),
            np.array([_NEVER]),
            np.zeros(1),
        )
        return _joined([unigrams, unknown])

    def _refuse_if(self, bad: NDArray[np.bool_], found: _Section, what: str) -> None:
        if bad.any():
            self._file.refuse(int(found.lines[np.argmax(bad)]), f"{what}; {REMEDY}")

    def _append(self, found: _Section) -> None:
        """Sort a section into the next level."""
        histories = self._histories(found)
        keys = histories * len(self._numbers) + found.words[:, -1]
        ascending = np.argsort(keys, kind="stable")
        again = np.zeros(len(keys), np.bool_)
        again[ascending[1:]] = np.diff(keys[ascending]) == 0
        self._refuse_if(again, found, "an n-gram that was there before")
        self._keys.append(keys[ascending])
        self._levels.append(
            NgramOrder(
                histories[ascending],
                found.words[ascending, -1],
                np.where(found.log_probs < -_LARGEST, _NEVER, found.log_probs)[ascending],
                found.backoffs[ascending],
            )
        )

    def _histories(self, found: _Section) -> NDArray[np.int64]:
        """(m,) where the history of each n-gram stands in the level below."""
        places = np.zeros(len(found.lines), np.int64)
        for keys, words in zip(self._keys, found.words.T, strict=False):
            places = find_sorted(keys, places * len(self._numbers) + words)
            self._refuse_if(places < 0, found, "an n-gram whose history is not in the file")
        return places


class _Numbers(dict[bytes, int]):
    """Number of each word, -1 of one that the file has not listed."""

    def __missing__(self, word: bytes) -> int:
        return UNKNOWN if word == _CAPITAL_UNKNOWN else -1


def _joined(sections: list[_Section]) -> _Section:
    return _Section(*[np.concatenate(column) for column in zip(*sections, strict=True)])


def _nothing(order: int) -> _Section:
    return _Section(np.zeros(0, np.int64), np.zeros((0, order), np.int32), np.zeros(0), np.zeros(0))
