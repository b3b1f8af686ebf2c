"""ARPA files to back-off models, with every check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from dataselect.data.input_files import Inputs, display
from dataselect.data.line_blocks import Block
from dataselect.errors import InputError
from dataselect.models.language_model.backoff import BackoffModel, NgramOrder, find_sorted
from dataselect.models.language_model.vocabulary import (
    BEGIN,
    END,
    MARKERS,
    UNKNOWN,
    Vocabulary,
    composed_words,
)

_DATA = re.compile(rb"^\s*\\data\\\s*$", re.MULTILINE)
_HEADING = re.compile(rb"^(\\.*\n)", re.MULTILINE)
# IRSTLM writes `ngram  1=        61`.
_COUNT = re.compile(rb"[ \t]*ngram[ \t]+(\d{1,18})[ \t]*=[ \t]*(\d{1,18})\s*")
_NUMBER = rb"([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|-inf)"
BINARY = b"mmap lm "
"""How KenLM's own format begins."""

_CAPITAL_UNKNOWN = b"<UNK>"  # what some toolkits write for <unk>, and KenLM reads so
_NEVER = -100.0  # KenLM's log-probability of an unknown word where a file has no <unk>
_LARGEST = 1e9  # beyond it, back-offs and log-probabilities are infinite
_LONGEST = 32  # n-grams; models in use have 3 to 7
_HEADER_BYTES = 1 << 16  # of text before \data\, which toolkits write for people
_REMEDY = "make the file anew"
_NO_DATA = "no \\data\\ where an ARPA file has it; name a language model"


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
        file.refuse(part.line, f"text after \\end\\; {_REMEDY}")
    return builder.model()


def read_order(path: str) -> int:
    """The order that an ARPA file promises, by its first lines alone. Raises InputError."""
    _, counts = _opened(path)
    return len(counts)


def begins(data: bytes) -> bool:
    r"""Whether some lines begin an ARPA file: \data\ after no more than text for people."""
    for heading in _DATA.finditer(data[: _HEADER_BYTES + len(BINARY)]):
        return _is_text(data[: heading.start()])
    return False


def _opened(path: str) -> tuple[_File, list[int]]:
    """A file that stands at its unigrams, and how many n-grams of each order it promises."""
    file = _File(path)
    file.skip_header()
    file.expect("\\data\\")
    return file, file.counts()


class _Part(NamedTuple):
    """A heading, or lines without blank ones around them; `line` is the number of the first."""

    line: int
    text: bytes


def _split(blocks: Iterator[Block]) -> Iterator[_Part]:
    for block in blocks:
        line = block.first_line
        for text in _HEADING.split(block.data):
            inner = text.lstrip()
            if inner:
                blank = text.count(b"\n", 0, len(text) - len(inner))
                yield _Part(line + blank, inner.rstrip() + b"\n")
            line += text.count(b"\n")


class _File:
    """An ARPA file, read once from top to bottom."""

    def __init__(self, path: str) -> None:
        self._source = display(path)
        self._rest = _split(Inputs([path]).blocks())
        self._next: _Part | None = None
        self._line = 1
        self._advance()

    def _advance(self) -> None:
        if self._next is not None:
            self._line = self._next.line + self._next.text.count(b"\n") - 1
        self._next = next(self._rest, None)
        if self._next is not None:
            self._line = self._next.line

    def refuse(self, line: int | None, what: str) -> NoReturn:
        """Raise InputError; None for the line where reading stands."""
        raise InputError(f"{self._source}:{line or self._line}: {what}")

    def parts(self) -> Iterator[_Part]:
        """What stands before the next heading."""
        while self._next is not None and not self._next.text.startswith(b"\\"):
            yield self._next
            self._advance()

    def skip_header(self) -> None:
        r"""Pass over text before \data\; refuse what is no beginning of an ARPA file."""
        begin, size = self._line, 0
        for line, text in self.parts():
            size += len(text)
            if text.startswith(BINARY):
                self.refuse(
                    line, "a KenLM binary; name the ARPA file that it was made from, or unpack it"
                )
            if text.startswith(b"iARPA"):
                self.refuse(
                    line, "IRSTLM's own iARPA; make it ARPA: compile-lm FILE --text=yes OUT"
                )
            if size > _HEADER_BYTES or not _is_text(text):
                self.refuse(begin, _NO_DATA)
        if size and self._next is None:
            self.refuse(begin, _NO_DATA)

    def expect(self, heading: str) -> None:
        """Pass over a heading that must be next."""
        if self._next is None:
            self.refuse(None, f"the file ends before {heading}; {_REMEDY}")
        found = self._next.text.rstrip().decode(errors="replace")
        if found != heading:
            self.refuse(None, f"{found} where {heading} is due; {_REMEDY}")
        self._advance()

    def counts(self) -> list[int]:
        """How many n-grams of each order the file promises."""
        counts: list[int] = []
        for part in self.parts():
            for line, text in enumerate(part.text.splitlines(), start=part.line):
                found = _COUNT.fullmatch(text)
                if found is None or int(found[1]) != len(counts) + 1:
                    self.refuse(line, f"not a count 'ngram {len(counts) + 1}=N'; {_REMEDY}")
                counts.append(int(found[2]))
                if len(counts) > _LONGEST:
                    self.refuse(line, f"n-grams of order {len(counts)}; the longest are {_LONGEST}")
        if not counts:
            self.refuse(None, f"no counts after \\data\\; {_REMEDY}")
        return counts


class _Section(NamedTuple):
    """The n-grams of one order as they stand in the file: (m,), `words` (m, order)."""

    lines: NDArray[np.int64]
    words: NDArray[np.int32]
    log_probs: NDArray[np.float64]
    backoffs: NDArray[np.float64]


class _Builder:
    """Makes a model of the sections of a file, in their order."""

    def __init__(self, file: _File, order: int) -> None:
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
        pattern = _pattern(order)
        parsed = [self._parsed(part, pattern, order) for part in self._file.parts()]
        found = _joined([_nothing(order), *parsed])
        if len(found.lines) != count:
            what = f"{len(found.lines)} {order}-grams, but \\data\\ says {count}"
            self._file.refuse(None, f"{what}; {_REMEDY}")
        if order == 1:
            found = self._with_markers(found)
        self._refuse_if(found.log_probs > 0, found, "a log-probability above 0")
        endless = np.abs(found.backoffs) > _LARGEST
        self._refuse_if(endless, found, "a back-off that is not finite")
        if order == self._order:
            self._refuse_if(found.backoffs != 0, found, "a back-off on the highest order")
        self._append(found)

    def _parsed(self, part: _Part, pattern: re.Pattern[bytes], order: int) -> _Section:
        found = pattern.findall(part.text)
        if len(found) != part.text.count(b"\n"):
            lines = part.text.split(b"\n")
            bad = next(i for i, line in enumerate(lines) if not pattern.fullmatch(line + b"\n"))
            what = f"not a log-probability, a {order}-gram and perhaps a back-off"
            self._file.refuse(part.line + bad, f"{what}; {_REMEDY}")
        log_probs, ngrams, backoffs = zip(*found, strict=True)
        words = b" ".join(ngrams).replace(b"\t", b" ").split(b" ")
        if b"" in words:
            words = [word for word in words if word]
        section = _Section(
            part.line + np.arange(len(found)),
            self._numbered(words, grow=order == 1).reshape(-1, order),
            _parsed_numbers(log_probs),
            _parsed_numbers(backoffs),
        )
        lowest = section.words.min(axis=1)
        self._refuse_if(lowest < 0, section, "a word that is not among the 1-grams")
        return section

    def _numbered(self, words: list[bytes], *, grow: bool) -> NDArray[np.int32]:
        numbers = self._numbers
        if grow:
            for word in words:
                if numbers[word] < 0:
                    numbers[word] = len(numbers)
        return np.fromiter(map(numbers.__getitem__, words), np.int32, len(words))

    def _with_markers(self, unigrams: _Section) -> _Section:
        """Unigrams with an unknown word, which a file may lack."""
        for marker in (BEGIN, END):
            if marker not in unigrams.words:
                self._file.refuse(None, f"no {MARKERS[marker].decode()} above; {_REMEDY}")
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
            self._file.refuse(int(found.lines[np.argmax(bad)]), f"{what}; {_REMEDY}")

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


def _pattern(order: int) -> re.Pattern[bytes]:
    word = rb"[^ \t\r\n\0]+"
    words = rb"(" + (word + rb"[ \t]+") * (order - 1) + word + rb")"
    return re.compile(
        rb"^[ \t]*" + _NUMBER + rb"[ \t]+" + words + rb"(?:[ \t]+" + _NUMBER + rb")?[ \t]*\r?\n",
        re.MULTILINE,
    )


def _is_text(text: bytes) -> bool:
    r"""Whether some bytes may stand before \data\: text in UTF-8 without control characters."""
    if _CONTROL.search(text):
        return False
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")

_LOW_BITS, _HALF = (1 << 29) - 1, 1 << 28  # of a double's fraction, what single precision rounds


def _parsed_numbers(texts: Sequence[bytes]) -> NDArray[np.float64]:
    """(m,) doubles, 0 for no text, that round to the single-precision number nearest to the text.

    A double halfway between two of these may have been rounded itself; it moves by its last bit to
    the side where the text is.
    """
    values = np.array([float(text or b"0") for text in texts], np.float64)
    for place in np.flatnonzero((values.view(np.int64) & _LOW_BITS) == _HALF).tolist():
        exact, found = Decimal(texts[place].decode()), float(values[place])
        if exact != Decimal(found):
            values[place] = np.nextafter(found, np.inf if exact > Decimal(found) else -np.inf)
    return values


def _joined(sections: list[_Section]) -> _Section:
    return _Section(*[np.concatenate(column) for column in zip(*sections, strict=True)])


def _nothing(order: int) -> _Section:
    return _Section(np.zeros(0, np.int64), np.zeros((0, order), np.int32), np.zeros(0), np.zeros(0))
