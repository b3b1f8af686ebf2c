"""Texts scored by an n-gram model in a file: ARPA, or KenLM's binary."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.data.files.raw_files import file_digest, open_raw, rereadable
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError
from dataselect.models.language_model import arpa
from dataselect.models.language_model.scoring.array_scorer import ArrayScorer, TokenPredictions
from dataselect.models.language_model.scoring.kenlm_process import KenlmProcess
from dataselect.models.language_model.vocabulary import Vocabulary
from dataselect.models.normalization import Normalization
from dataselect.models.text_sequences import as_texts

if TYPE_CHECKING:
    from dataselect.models.text_sequences import Texts

DECIMALS = 6
"""To which scores are rounded where they are written: they add up in single precision."""


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

    An ARPA file is held in arrays; KenLM's binary is read by the package `kenlm`, see
    `kenlm_process`, and mapped into memory, so that processes share it. Both give the same bytes.

    >>> LanguageModel("in_domain.arpa").score(["play some jazz"])  # doctest: +SKIP
    array([-3.25])
    """

    ships_file: ClassVar[str] = "path"

    def __init__(self, path: str, normalization: Normalization | None = None) -> None:
        """`normalization` is done to every text first.

        The first text raises InputError if the file is not a model.
        """
        self.path = rereadable(path)
        self.normalization = normalization or Normalization()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "normalization": self.normalization}

    @cached_property
    def _scorer(self) -> ArrayScorer | KenlmProcess:
        if self._is_binary:
            return KenlmProcess(self.path)
        return ArrayScorer(arpa.read(self.path))

    @cached_property
    def _is_binary(self) -> bool:
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            raise InputError(
                f"{self.path}: not a file that can be read twice; save the model to one"
            )
        return is_binary(self.path)

    @cached_property
    def digest(self) -> str:
        return file_digest(self.path)

    def vocabulary(self) -> Vocabulary:
        """The words of an ARPA file. Raises InputError for KenLM's binary, which lists none."""
        if self._is_binary:
            raise InputError(
                f"{self.path}: a binary model does not tell its words; name the ARPA file"
            )
        return arpa.read(self.path).vocabulary

    @cached_property
    def order(self) -> int:
        if "_scorer" in self.__dict__ or self._is_binary:
            return self._scorer.order
        return arpa.read_order(self.path)

    def score(self, texts: Texts) -> NDArray[np.float64]:
        """(n,) the log10 probability of each text with its sentence end."""
        return self.text_scores(as_texts(texts)).log_probs

    def text_scores(self, texts: Sequence[str]) -> TextScores:
        """Score whole texts as sentences; a literal `<s>` in a text is a word like any other."""
        return TextScores(*self._scorer.score(self.normalization.each(texts)))

    def predict(self, texts: Sequence[str]) -> TokenPredictions:
        """Score every word and sentence end of some texts."""
        return self._scorer.predict(self.normalization.each(texts))

    def word_scores(self, text: str) -> list[tuple[float, int, bool]]:
        """For each word and the end: log10 probability, length of the n-gram hit, if unknown."""
        found = self.predict([text])
        columns = (found.log_probs.tolist(), found.lengths.tolist(), (~found.known).tolist())
        return list(zip(*columns, strict=True))


def is_language_model(source: Inputs) -> bool:
    """Whether one file begins as an ARPA file or a KenLM binary does. Raises InputError.

    A pipe must be `rereadable`.
    """
    if len(source.paths) != 1:
        return False
    if is_binary(source.paths[0]):
        return True
    first = next(source.blocks(), None)
    return first is not None and (first.data.startswith(arpa.BINARY) or arpa.begins(first.data))


def is_binary(path: str) -> bool:
    """Whether a file is in KenLM's own format. Raises InputError if it cannot be read.

    A pipe is copied for that, see `rereadable`.
    """
    with open_raw(rereadable(path)) as file:
        return file.read(len(arpa.BINARY)) == arpa.BINARY
