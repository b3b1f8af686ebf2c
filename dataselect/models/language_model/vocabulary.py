"""Text as the words of a language model: how it is split, and the number of each word."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from dataselect.models.normalization import all_composed, composed

UNKNOWN, BEGIN, END = 0, 1, 2
MARKERS = (b"<unk>", b"<s>", b"</s>")
"""What an ARPA file calls an unknown word, the begin and the end of a sentence, by number."""

# Text may hold these strings, and KenLM would take each for the marker; it knows <UNK> as well.
_ESCAPED = {
    marker: marker.replace(b"<", b"&lt;").replace(b">", b"&gt;") for marker in (*MARKERS, b"<UNK>")
}
_MARKER = re.compile(rb"(?<!\S)(?:%b)(?!\S)" % b"|".join(_ESCAPED))
_BETWEEN_SENTENCES = b" </s> <s> "
_AFTER_SENTENCE = " </s> "
_BYTES_AT_ONCE = 1 << 22


def split(text: str) -> list[bytes]:
    """The words of a composed text, as KenLM splits: at ASCII white space and NUL, nowhere else.

    A word that reads like a marker is written so that it is not one.

    >>> split("say <s> twice")
    [b'say', b'&lt;s&gt;', b'twice']
    """
    return sentence(text).split()


def sentence(text: str) -> bytes:
    """A text as KenLM may have it: composed, without NUL and markers that are only text."""
    return _escaped(composed(text))


def _escaped(text: str) -> bytes:
    encoded = text.encode().replace(b"\0", b" ")
    return _MARKER.sub(lambda marker: _ESCAPED[marker[0]], encoded) if b"<" in encoded else encoded


def sentences(texts: Sequence[str]) -> list[bytes]:
    """Each text as KenLM may have it."""
    return composed_sentences(all_composed(texts))


def composed_sentences(texts: Sequence[str]) -> list[bytes]:
    """As `sentences`, of texts that are composed already."""
    everything = "".join(texts)
    if "<" in everything or "\0" in everything:
        return [_escaped(text) for text in texts]
    return [text.encode() for text in texts]


def ended_sentences(texts: Sequence[str]) -> bytes:
    """Composed texts in a row, as `composed_sentences` has them, each followed by `</s>`."""
    joined = _AFTER_SENTENCE.join([*texts, ""])
    if joined.count("<") == len(texts) and "\0" not in joined:
        return joined.encode()
    return _AFTER_SENTENCE.encode().join([*map(sentence, texts), b""])


def composed_words(words: Sequence[bytes]) -> list[bytes]:
    """Words of another program as texts have them: composed, each still different from all others.

    A word keeps its spelling where another one has the composed spelling, and where it is no UTF-8
    or no single word once it is composed.

    >>> [word.decode() for word in composed_words(["e\u0301te\u0301".encode()])]
    ['été']
    """
    found, taken = list(words), set(words)
    for place, word in enumerate(words):
        if word.isascii():
            continue
        with contextlib.suppress(UnicodeDecodeError):
            parts = split(word.decode())
            if len(parts) == 1 and parts[0] not in taken:
                found[place] = parts[0]
                taken.add(parts[0])
    return found


class Vocabulary:
    """Words and their numbers; the markers come first.

    >>> vocabulary = Vocabulary()
    >>> vocabulary.encode(["play jazz", "play"], grow=True).tolist()
    [1, 3, 4, 2, 1, 3, 2]
    >>> vocabulary.encode(["play rock"]).tolist()
    [1, 3, 0, 2]
    """

    def __init__(self, words: Iterable[bytes] = ()) -> None:
        """`words` are numbered from 3 on, each once."""
        self._numbers = _Numbers()
        self._numbers.grows = True
        for word in (*MARKERS, *words):
            self._numbers[word]

    def __len__(self) -> int:
        """How many, with the three markers."""
        return len(self._numbers)

    @property
    def words(self) -> list[bytes]:
        return list(self._numbers)

    def number(self, word: bytes) -> int:
        """The number of a word, UNKNOWN where it has none."""
        return self._numbers.get(word, UNKNOWN)

    def encode(self, texts: Sequence[str], *, grow: bool = False) -> NDArray[np.int32]:
        """(t,) numbers of the words of all texts in a row, each between BEGIN and END.

        A new word gets the next number if the vocabulary is to `grow`, and is UNKNOWN otherwise.
        """
        if not texts:
            return np.empty(0, np.int32)
        inner = _BETWEEN_SENTENCES.join(sentences(texts))
        self._numbers.grows = grow
        if len(inner) <= _BYTES_AT_ONCE:
            return self._encoded([MARKERS[BEGIN], *inner.split(), MARKERS[END]])
        parts = chain([[MARKERS[BEGIN]]], _words(inner), [[MARKERS[END]]])
        return np.concatenate([*map(self._encoded, parts)])

    def _encoded(self, words: Sequence[bytes]) -> NDArray[np.int32]:
        return np.fromiter(map(self._numbers.__getitem__, words), np.int32, len(words))


def _words(text: bytes) -> Iterator[list[bytes]]:
    """Yield the words of a long text, some at a time: a list of all takes eight times the text."""
    begin = 0
    while begin < len(text):
        end = text.find(b" ", begin + _BYTES_AT_ONCE)
        end = len(text) if end < 0 else end
        yield text[begin:end].split()
        begin = end


class _Numbers(dict[bytes, int]):
    grows: bool

    def __missing__(self, word: bytes) -> int:
        if not self.grows:
            return UNKNOWN
        self[word] = number = len(self)
        return number
