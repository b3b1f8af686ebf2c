"""Training language models on a stream of text, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.data.files.raw_files import display
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError, OptionError
from dataselect.models.language_model.kneser_ney import Estimate, check_order, estimate, pruning
from dataselect.models.language_model.ngram_counts import speakers_of_tokens
from dataselect.models.language_model.vocabulary import (
    BEGIN,
    MARKERS,
    UNKNOWN,
    Vocabulary,
    composed_words,
)
from dataselect.models.ngrams.speakers import SpeakerFigures, Speakers, count_by_speaker


def train(
    texts: Iterable[str],
    *,
    order: int = 3,
    prune: Sequence[int] = (),
    words: Iterable[bytes] | None = None,
    min_count: int = 1,
    speakers: Speakers | None = None,
    report: Report = unreported,
) -> Estimate:
    """Estimate a model of some texts, as `train_batches` does.

    >>> model = train(["play some jazz", "play the blues"], order=2).model
    >>> model.score(model.vocabulary.encode(["play rock"])).lengths.tolist()
    [0, 2, 1, 1]
    """
    return train_batches(
        [list(texts)],
        order=order,
        prune=prune,
        words=words,
        min_count=min_count,
        speakers=speakers,
        report=report,
    )


def train_batches(
    batches: Iterable[Sequence[str]],
    *,
    order: int = 3,
    prune: Sequence[int] = (),
    words: Iterable[bytes] | None = None,
    min_count: int = 1,
    speakers: Speakers | None = None,
    report: Report = unreported,
) -> Estimate:
    """Estimate a model of texts, a sentence each, by `kneser_ney.estimate`.

    Other words than `words`, or than those seen `min_count` times, are counted as one word, the
    unknown one, and so are those that too few of the `speakers` said, who are known once all
    batches have passed. Raises OptionError for what contradicts itself, before a text is read, and
    InputError where there is no text.
    """
    pruning(prune, check_order(order))
    if words is not None and min_count > 1:
        raise OptionError("--vocab and --min-count both choose the words; give one of them")
    vocabulary, grows = Vocabulary(words or ()), words is None
    encoded = [vocabulary.encode(batch, grow=grows) for batch in batches]
    tokens = np.concatenate([np.empty(0, np.int32), *encoded])
    del encoded
    if speakers is not None:
        speakers.check(int(np.count_nonzero(tokens == BEGIN)))
    common = _common(tokens, len(vocabulary), min_count, speakers)
    unknown = len(np.unique(tokens[~common[tokens]]))
    if not common.all():
        tokens = np.where(common, np.arange(len(common)), UNKNOWN).astype(np.int32)[tokens]
        if grows:
            tokens, vocabulary = _with_words(tokens, vocabulary, common)
    made = estimate(tokens, vocabulary, order=order, prune=prune, speakers=speakers, report=report)
    if speakers is None:
        return made
    figures = SpeakerFigures(len(speakers), speakers.least, speakers.most, unknown)
    return replace(made, said=figures)


def _common(
    tokens: NDArray[np.int32], size: int, least: int, speakers: Speakers | None
) -> NDArray[np.bool_]:
    """(size,) which words were seen `least` times and said by enough speakers; markers always."""
    if speakers is not None:
        found = count_by_speaker(
            tokens.astype(np.int64), speakers_of_tokens(tokens, speakers), size, speakers.most
        )
        common = (found.occurrences >= least) & (found.speakers >= speakers.least)
    elif least > 1:
        common = np.bincount(tokens, minlength=size) >= least
    else:
        return np.broadcast_to(True, size)
    common[: len(MARKERS)] = True
    return common


def _with_words(
    tokens: NDArray[np.int32], vocabulary: Vocabulary, kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], Vocabulary]:
    """Tokens, all of kept words, by the numbers that these have in a vocabulary of them alone."""
    numbers = (np.cumsum(kept) - 1).astype(np.int32)
    words = [word for word, keeps in zip(vocabulary.words, kept.tolist(), strict=True) if keeps]
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
