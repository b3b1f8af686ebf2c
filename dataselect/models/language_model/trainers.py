"""Training language models on a stream of text, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.data.files.raw_files import display
from dataselect.data.input_files import Inputs
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
    report: Report = unreported,
) -> Estimate:
    """Estimate a model of some texts, as `train_batches` does.

    >>> model = train(["play some jazz", "play the blues"], order=2).model
    >>> model.score(model.vocabulary.encode(["play rock"])).lengths.tolist()
    [0, 2, 1, 1]
    """
    return train_batches(
        [list(texts)], order=order, prune=prune, words=words, min_count=min_count, report=report
    )


def train_batches(
    batches: Iterable[Sequence[str]],
    *,
    order: int = 3,
    prune: Sequence[int] = (),
    words: Iterable[bytes] | None = None,
    min_count: int = 1,
    report: Report = unreported,
) -> Estimate:
    """Estimate a model of texts, a sentence each, by `kneser_ney.estimate`.

    Other words than `words`, or than those seen `min_count` times, are counted as one word, the
    unknown one. Raises OptionError for what contradicts itself, before a text is read, and
    InputError where there is no text.
    """
    pruning(prune, check_order(order))
    if words is not None and min_count > 1:
        raise OptionError("--vocab and --min-count both choose the words; give one of them")
    vocabulary, grows = Vocabulary(words or ()), words is None
    encoded = [vocabulary.encode(batch, grow=grows) for batch in batches]
    tokens = np.concatenate([np.empty(0, np.int32), *encoded])
    del encoded
    if min_count > 1:
        tokens, vocabulary = _without_rare(tokens, vocabulary, min_count)
    return estimate(tokens, vocabulary, order=order, prune=prune, report=report)


def _without_rare(
    tokens: NDArray[np.int32], vocabulary: Vocabulary, least: int
) -> tuple[NDArray[np.int32], Vocabulary]:
    """Tokens and vocabulary with words seen fewer than `least` times made unknown."""
    common = np.bincount(tokens, minlength=len(vocabulary)) >= least
    common[: len(MARKERS)] = True
    numbers = np.where(common, np.cumsum(common) - 1, UNKNOWN).astype(np.int32)
    words = [word for word, keeps in zip(vocabulary.words, common, strict=True) if keeps]
    return numbers[tokens], Vocabulary(words[len(MARKERS) :])


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
