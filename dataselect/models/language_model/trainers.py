"""What trains language models on a stream of text: our own estimation, or KenLM's program."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray

from dataselect.data.input_files import Inputs, display
from dataselect.errors import InputError, OptionError
from dataselect.models.language_model import arpa
from dataselect.models.language_model.kneser_ney import Estimate, check_order, estimate, pruning
from dataselect.models.language_model.lmplz import PROGRAM, Lmplz
from dataselect.models.language_model.vocabulary import (
    BEGIN,
    END,
    MARKERS,
    UNKNOWN,
    Vocabulary,
    composed_words,
)

MOST_WORDS = 20_000_000
"""Words of text that are estimated in memory unless asked for."""


def train(
    texts: Iterable[str],
    *,
    order: int = 3,
    prune: Sequence[int] = (),
    words: Iterable[bytes] | None = None,
    min_count: int = 1,
) -> Estimate:
    """Estimate a model of some texts. Raises OptionError, and InputError where there is no text.

    Other words than `words`, or than those seen `min_count` times, are counted as one word, the
    unknown one.

    >>> model = train(["play some jazz", "play the blues"], order=2).model
    >>> model.score(model.vocabulary.encode(["play rock"])).lengths.tolist()
    [0, 2, 1, 1]
    """
    estimator = InMemoryTrainer(order, prune, words=words, min_count=min_count)
    estimator.add(list(texts))
    return estimator.estimate()


def read_words(inputs: Inputs) -> list[bytes]:
    """The words of some files, white space between them; markers are in every vocabulary anyway.

    Raises InputError.
    """
    words = dict.fromkeys(
        word
        for block in inputs.blocks()
        for word in block.data.replace(b"\0", b" ").split()
        if word not in MARKERS
    )
    found = composed_words(list(words))
    if not found:
        where = ", ".join(map(display, inputs.paths))
        raise InputError(f"{where}: no words; write some, with white space between them")
    return found


class InMemoryTrainer:
    """Our own estimation, in memory: see `kneser_ney.estimate`."""

    def __init__(
        self,
        order: int,
        prune: Sequence[int] = (),
        *,
        words: Iterable[bytes] | None = None,
        min_count: int = 1,
    ) -> None:
        self._order, self._prune = check_order(order), pruning(prune, order)
        self._grows, self._min_count = words is None, min_count
        self._vocabulary = Vocabulary(words or ())
        self._batches: list[NDArray[np.int32]] = []
        self.words = 0
        self._made: Estimate | None = None

    def add(self, texts: Sequence[str]) -> None:
        """Take some texts, a sentence each."""
        batch = self._vocabulary.encode(texts, grow=self._grows)
        self._batches.append(batch)
        self.words += len(batch) - 2 * len(texts)

    def take_sentences(self) -> Iterator[list[list[bytes]]]:
        """Yield the text again as words, batch by batch, and forget it."""
        spelled = self._vocabulary.words
        while self._batches:
            numbers = self._batches.pop(0)
            words = [spelled[number] for number in numbers.tolist()]
            begins, ends = np.flatnonzero(numbers == BEGIN), np.flatnonzero(numbers == END)
            yield [words[begin + 1 : end] for begin, end in zip(begins, ends, strict=True)]

    def estimate(self) -> Estimate:
        """The model; the text is forgotten. Raises InputError if there is none."""
        tokens = np.concatenate([np.empty(0, np.int32), *self._batches])
        vocabulary = self._vocabulary
        self._batches.clear()
        if self._min_count > 1:
            tokens, vocabulary = _without_rare(tokens, vocabulary, self._min_count)
        return estimate(tokens, vocabulary, order=self._order, prune=self._prune)

    def arpa(self) -> Iterator[bytes]:
        """Yield the model, once, after the last text."""
        self._made = self.estimate()
        yield from arpa.write(self._made.model)

    def describe(self) -> dict[str, Any]:
        """Figures of the model for the run report, after `arpa`."""
        assert self._made is not None
        return self._made.describe()

    def warnings(self) -> list[str]:
        """What a person should know of the model, after `arpa`."""
        assert self._made is not None
        return self._made.warnings()


def _without_rare(
    tokens: NDArray[np.int32], vocabulary: Vocabulary, least: int
) -> tuple[NDArray[np.int32], Vocabulary]:
    """Tokens and vocabulary with words seen fewer than `least` times made unknown."""
    common = np.bincount(tokens, minlength=len(vocabulary)) >= least
    common[: len(MARKERS)] = True
    numbers = np.where(common, np.cumsum(common) - 1, UNKNOWN).astype(np.int32)
    words = [word for word, keeps in zip(vocabulary.words, common, strict=True) if keeps]
    return numbers[tokens], Vocabulary(words[len(MARKERS) :])


@dataclass(frozen=True)
class TrainingOptions:
    """How a model is trained; `memory` is what `lmplz` may use, as `sort -S` has it.

    Raises OptionError for what contradicts itself, InputError where `lmplz` is asked for and not
    there.
    """

    order: int = 3
    prune: Sequence[int] = ()
    words: Sequence[bytes] | None = None
    min_count: int = 1
    estimator: Literal["auto", "builtin", "lmplz"] = "auto"
    memory: str = "50%"

    def __post_init__(self) -> None:
        pruning(self.prune, check_order(self.order))
        if self.words is not None and self.min_count > 1:
            raise OptionError("--vocab and --min-count both choose the words; give one of them")
        if self.estimator == "lmplz":
            if self._chooses_words:
                raise OptionError(f"--vocab and --min-count are not for {PROGRAM}; leave them out")
            _find_lmplz()

    @property
    def _chooses_words(self) -> bool:
        return self.words is not None or self.min_count > 1

    @contextmanager
    def trained(self, batches: Iterable[Sequence[str]]) -> Iterator[InMemoryTrainer | Lmplz]:
        """What has taken all texts and gives the model. Raises DataselectError."""
        with ExitStack() as stack:
            estimator: InMemoryTrainer | Lmplz
            if self.estimator == "lmplz":
                estimator = stack.enter_context(closing(self._lmplz()))
            else:
                estimator = InMemoryTrainer(
                    self.order, self.prune, words=self.words, min_count=self.min_count
                )
            for batch in batches:
                estimator.add(batch)
                if self._is_too_much(estimator):
                    estimator = stack.enter_context(closing(self._handed_over(estimator)))
            yield estimator

    def _lmplz(self, why: str = "") -> Lmplz:
        thresholds = pruning(self.prune, self.order)
        return Lmplz(_find_lmplz(why), self.order, thresholds, self.memory)

    def _is_too_much(self, estimator: InMemoryTrainer | Lmplz) -> TypeGuard[InMemoryTrainer]:
        return (
            self.estimator == "auto"
            and isinstance(estimator, InMemoryTrainer)
            and estimator.words > MOST_WORDS
        )

    def _handed_over(self, builtin: InMemoryTrainer) -> Lmplz:
        why = f"more than {MOST_WORDS:,} words, and "
        if self._chooses_words:
            raise InputError(
                f"{why}{PROGRAM} knows no --vocab or --min-count; train on less text, or try "
                "--estimator builtin"
            )
        lmplz = self._lmplz(why)
        for sentences in builtin.take_sentences():
            lmplz.add_sentences(sentences)
        return lmplz


def _find_lmplz(why: str = "") -> str:
    found = shutil.which(PROGRAM)
    if found is None:
        raise InputError(
            f"{why}{PROGRAM} is not on the PATH; install it from KenLM, or try --estimator builtin"
        )
    return found
