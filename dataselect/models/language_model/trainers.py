"""Training language models on a stream of text, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataselect.data.input_files import Inputs, display
from dataselect.errors import InputError, OptionError
from dataselect.models.language_model.kneser_ney import Estimate, check_order, estimate, pruning
from dataselect.models.language_model.vocabulary import (
    MARKERS,
    UNKNOWN,
    Vocabulary,
    composed_words,
)


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

    def add(self, texts: Sequence[str]) -> None:
        """Take some texts, a sentence each."""
        batch = self._vocabulary.encode(texts, grow=self._grows)
        self._batches.append(batch)

    def estimate(self) -> Estimate:
        """The model; the text is forgotten. Raises InputError if there is none."""
        tokens = np.concatenate([np.empty(0, np.int32), *self._batches])
        vocabulary = self._vocabulary
        self._batches.clear()
        if self._min_count > 1:
            tokens, vocabulary = _without_rare(tokens, vocabulary, self._min_count)
        return estimate(tokens, vocabulary, order=self._order, prune=self._prune)


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
    """How a model is trained. Raises OptionError for what contradicts itself."""

    order: int = 3
    prune: Sequence[int] = ()
    words: Sequence[bytes] | None = None
    min_count: int = 1

    def __post_init__(self) -> None:
        pruning(self.prune, check_order(self.order))
        if self.words is not None and self.min_count > 1:
            raise OptionError("--vocab and --min-count both choose the words; give one of them")

    def trained(self, batches: Iterable[Sequence[str]]) -> Estimate:
        """The model of all texts. Raises DataselectError."""
        trainer = InMemoryTrainer(
            self.order, self.prune, words=self.words, min_count=self.min_count
        )
        for batch in batches:
            trainer.add(batch)
        return trainer.estimate()
