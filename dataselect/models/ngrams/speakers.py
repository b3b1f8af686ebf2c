"""Who said an n-gram: different speakers, and counts in which one speaker weighs little."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.errors import InputError, OptionError
from dataselect.models.ngrams.ngrams import Ngrams, crossing


class SpeakerCounts(NamedTuple):
    """Of each n-gram, all (m,): its `occurrences`, and how many different `speakers` said it."""

    occurrences: NDArray[np.int64]
    speakers: NDArray[np.int64]


class SpeakerFigures(NamedTuple):
    """For reports: how many speakers there were, what was asked, and words that too few said."""

    different: int
    min_speakers: int
    max_per_speaker: int | None
    unknown_words: int


def count_by_speaker(
    ngrams: NDArray[np.int64], speakers: NDArray[np.int32], size: int, most: int | None = None
) -> SpeakerCounts:
    """Count occurrences (t,) of `size` numbered n-grams by who said them, (t,).

    A speaker who said an n-gram more than `most` times counts so often. Sorts pairs: 40 bytes an
    occurrence while it lasts.

    >>> count_by_speaker(np.array([0, 0, 0, 1]), np.array([7, 7, 8, 8]), 3, most=1)
    SpeakerCounts(occurrences=array([2, 1, 0]), speakers=array([2, 1, 0]))
    """
    if not len(ngrams):
        return SpeakerCounts(np.zeros(size, np.int64), np.zeros(size, np.int64))
    different = int(speakers.max()) + 1
    pairs = ngrams * different + speakers
    pairs.sort()
    begins = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1]))
    owners = pairs[begins] // different
    said = np.diff(begins, append=len(pairs))
    if most is not None:
        np.minimum(said, min(most, len(pairs)), out=said)
    occurrences = np.bincount(owners, said, size).astype(np.int64)
    return SpeakerCounts(occurrences, np.bincount(owners, minlength=size))


def unsaid_buckets(ngrams: Ngrams, texts: Sequence[str], speakers: Speakers) -> NDArray[np.intp]:
    """The buckets, ascending, with an n-gram that too few of the speakers of some texts said.

    N-grams are told apart by 64-bit hashes: one that shares its bucket takes the other along.
    """
    hashes, bounds = ngrams.tokens(texts)
    owners = np.repeat(speakers.of_texts, np.diff(bounds))
    found = [np.empty(0, np.intp)]
    for n, keys in enumerate(replace(ngrams, bits=64).buckets(hashes), start=1):
        within = np.ones(len(keys), bool)
        within[crossing(bounds, n, len(keys))] = False
        distinct, numbers = np.unique(keys[within], return_inverse=True)
        said = count_by_speaker(numbers, owners[: len(keys)][within], len(distinct)).speakers
        few = distinct[said < speakers.least].view(np.uint64)
        found.append((few >> np.uint64(64 - ngrams.bits)).view(np.int64))
    return np.unique(np.concatenate(found))


@dataclass
class Speakers:
    """The speakers of texts in a row, numbered in the order of first sight, and what they count.

    An n-gram is `said` by enough if `least` different speakers said it; of one of them, it counts
    `most` times at most. Its parts are then said by as many.
    """

    least: int = 1
    most: int | None = None
    _numbers: dict[str, int] = field(default_factory=dict)
    _of_texts: array[int] = field(default_factory=lambda: array("i"))

    def __post_init__(self) -> None:
        """Raise OptionError for a number below 1."""
        for name, number in ("--min-speakers", self.least), ("--max-per-speaker", self.most):
            if number is not None and number < 1:
                raise OptionError(f"{name} {number} is under 1; give 1 or more")

    def __len__(self) -> int:
        """How many different ones."""
        return len(self._numbers)

    def add(self, names: Iterable[str]) -> None:
        """The speakers of some more texts."""
        numbers = self._numbers
        self._of_texts.extend([numbers.setdefault(name, len(numbers)) for name in names])

    @property
    def of_texts(self) -> NDArray[np.int32]:
        """(n,) the number of each text's speaker."""
        return np.array(self._of_texts, np.int32)

    def check(self, texts: int) -> None:
        """Raise InputError where there are too few, or texts lack theirs."""
        if len(self._of_texts) != texts:
            raise InputError(f"{len(self._of_texts)} speakers of {texts} texts; give each its own")
        if len(self) < self.least:
            raise InputError(
                f"--min-speakers {self.least}: the texts have {len(self)} different speakers, so "
                "nothing was said by so many; ask for fewer, or give text of more people"
            )


def speakers_of(
    names: Iterable[str] | None, least: int | None, most: int | None = None
) -> Speakers | None:
    """The speakers of texts, where somebody asks for `least` or `most`.

    Raises OptionError where they are missing then, or given otherwise.
    """
    if (names is None) != (least is None and most is None):
        raise OptionError(
            "speakers are for --min-speakers and --max-per-speaker, which need them; give both or "
            "neither"
        )
    if names is None:
        return None
    found = Speakers(least or 1, most)
    found.add(names)
    return found


class UnsaidNgrams:
    """The n-grams of words, up to `order`, that too few of the speakers of some texts said.

    >>> speakers = Speakers(least=2)
    >>> speakers.add(["x", "y"])
    >>> unsaid = UnsaidNgrams(["play jazz", "play rock"], speakers)
    >>> "play" in unsaid, "jazz" in unsaid
    (False, True)
    """

    def __init__(self, texts: Sequence[str], speakers: Speakers, order: int = 2) -> None:
        self._ngrams = Ngrams(order, bits=64)
        self._buckets = set(unsaid_buckets(self._ngrams, texts, speakers).tolist())

    def __contains__(self, ngram: str) -> bool:
        """Whether it is one of them, by its words with a space between."""
        *_, (bucket, _) = self._ngrams.strings(ngram)
        return bucket in self._buckets
