"""Texts scored by KenLM, from an ARPA file or a KenLM binary."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import kenlm
import numpy as np
from numpy.typing import NDArray

from dataselect.engines.lm import arpa
from dataselect.engines.lm.known_words import KnownWords
from dataselect.engines.lm.spelling import Spelling
from dataselect.engines.lm.vocabulary import Vocabulary, sentence, sentences
from dataselect.engines.normalization import Normalization
from dataselect.errors import InputError
from dataselect.inputs import Inputs, file_digest, open_raw, rereadable

DECIMALS = 6
"""To which scores are rounded where they are written: KenLM adds up in single precision."""


class TextScores(NamedTuple):
    """`log_probs` (n,) base 10 of each text with its sentence end; `words` and `oov` (n,) counts.

    `words` leaves the sentence end out; `oov` are those that the model does not know.
    """

    log_probs: NDArray[np.float64]
    words: NDArray[np.int64]
    oov: NDArray[np.int64]

    @property
    def perplexities(self) -> NDArray[np.float64]:
        """(n,) perplexity a word, the sentence end counted as a word, as records have it."""
        return np.round(perplexity(self.log_probs, self.words + 1), DECIMALS)


def perplexity(
    log_probs: NDArray[np.float64] | float, events: NDArray[np.int64] | int
) -> NDArray[np.float64]:
    """Perplexity of `events` words and sentence ends of that total log10 probability.

    It is 1e300 at most: a double, and rounded to decimals still one.
    """
    with np.errstate(over="ignore"):
        found = 10 ** (-np.asarray(log_probs, np.float64) / events)
    return np.minimum(found, 1e300)


class LanguageModel:
    """An n-gram model in a file, opened when it first scores; only its path travels to workers.

    A binary file is mapped into memory, so that processes share it.

    >>> LanguageModel("in_domain.arpa").score(["play some jazz"]).oov  # doctest: +SKIP
    array([0])
    """

    travels_with: ClassVar[str] = "path"

    def __init__(self, path: str, normalization: Normalization | None = None) -> None:
        """`normalization` is done to every text first.

        The first text raises InputError if the file is not a model of KenLM's.
        """
        self.path = rereadable(path)
        self.normalization = normalization or Normalization()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "normalization": self.normalization}

    @cached_property
    def _model(self) -> Any:
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            raise InputError(
                f"{self.path}: not a file that can be read twice; save the model to one"
            )
        config = kenlm.Config()
        config.load_method = kenlm.LoadMethod.LAZY
        config.show_progress = False
        config.arpa_complain = kenlm.ARPALoadComplain.NONE
        try:
            with _silence():
                return kenlm.Model(self.path, config)
        except (OSError, MemoryError) as error:
            raise _explained(self.path, str(error)) from None

    @cached_property
    def _known(self) -> KnownWords:
        return KnownWords(self._model.__contains__)

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(self._model.__contains__)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return file_digest(self.path)

    def vocabulary(self) -> Vocabulary:
        """The words of an ARPA file. Raises InputError for KenLM's binary, which lists none."""
        if is_binary(self.path):
            raise InputError(
                f"{self.path}: a binary model does not tell its words; name the ARPA file"
            )
        return arpa.read(self.path).vocabulary

    @property
    def order(self) -> int:
        """Length of the longest n-gram."""
        order: int = self._model.order
        return order

    def score(self, texts: Sequence[str]) -> TextScores:
        """Score whole texts as sentences; a literal `<s>` in a text is a word like any other."""
        encoded = self._spelling(sentences(self.normalization.each(texts)))
        words, known = self._known.count(encoded)
        return TextScores(
            np.fromiter(map(self._model.score, encoded), np.float64, len(encoded)),
            words,
            words - known,
        )

    def known_log_probs(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n,) log10 probability of the known words and the sentence end of each text."""
        return np.array(
            [
                sum(log_prob for log_prob, _, oov in self.word_scores(text) if not oov)
                for text in texts
            ],
            np.float64,
        )

    def word_scores(self, text: str) -> list[tuple[float, int, bool]]:
        """For each word and the end: log10 probability, length of the n-gram hit, if unknown."""
        [encoded] = self._spelling([sentence(self.normalization(text))])
        return list(self._model.full_scores(encoded))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep KenLM from standard error, where it writes of an ARPA file without <unk> regardless."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def is_language_model(path: str) -> bool:
    """Whether a file begins as an ARPA file or a KenLM binary does. Raises InputError."""
    if is_binary(path):
        return True
    first = next(iter(Inputs([path]).blocks()), None)
    return first is not None and first.data.lstrip().startswith(b"\\data\\")


def is_binary(path: str) -> bool:
    """Whether a file is in KenLM's own format. Raises InputError if it cannot be read.

    A pipe is copied for that, see `rereadable`.
    """
    with open_raw(rereadable(path)) as file:
        return file.read(len(arpa.BINARY)) == arpa.BINARY


def _explained(path: str, complaint: str) -> InputError:
    """What is wrong with a model file: its line in an ARPA file, else what KenLM said."""
    try:
        if not is_binary(path) and arpa.read(path).order == 1:
            return InputError(f"{path}: KenLM reads models of order 2 and up; train a longer one")
    except InputError as found:
        return found
    # KenLM: Cannot read model '...' (file.cc:1 in ... threw SomeException. What is wrong)
    what = complaint.partition("threw ")[2].partition(". ")[2].rstrip(")") or complaint
    return InputError(f"{path}: KenLM cannot read it ({what}); train it anew")
