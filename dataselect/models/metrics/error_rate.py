"""Word and character error rate: edits that turn references into hypotheses."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from dataselect.models.metrics.base import TextMetric
from dataselect.versions import signature

EDITS = ("substitutions", "deletions", "insertions")


class AlignedWord(NamedTuple):
    """A word of a reference and what stands for it; None where one of them lacks it."""

    reference: str | None
    hypothesis: str | None


@dataclass(frozen=True)
class ErrorRate(TextMetric):
    """Levenshtein edits per 100 units of the references.

    Where several sets of edits are shortest, the split into substitutions, deletions and
    insertions is that of rapidfuzz, as in jiwer; their sum is the same for all.
    """

    higher_is_better: ClassVar[bool] = False

    @abstractmethod
    def _units(self, text: str) -> Sequence[str] | array[int]:
        """What is edited."""

    def _prepare(self, reference: str) -> Sequence[str] | array[int]:
        return self._units(reference)

    def _row(self, hypothesis: str, reference: Sequence[str] | array[int]) -> Sequence[float]:
        edits = Levenshtein.editops(reference, self._units(hypothesis)).as_list()
        kinds = [kind for kind, _, _ in edits]
        counted = [kinds.count(kind) for kind in ("replace", "delete", "insert")]
        return [*counted, len(reference)]

    def rates(self, hypotheses: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
        """(n,) edits of each segment over the units of its reference, or over 1 if it has none.

        Of texts that are normalised already. Needs no alignment, and is therefore faster than
        `statistics`.
        """
        given, true = map(self._units, hypotheses), list(map(self._units, references))
        edits = np.fromiter(map(Levenshtein.distance, true, given), np.float64, len(true))
        return edits / np.maximum(np.fromiter(map(len, true), np.float64, len(true)), 1)

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Edits per 100 units; where the references have none, an edit counts 100, as in jiwer."""
        edits = sums[..., : len(EDITS)].sum(axis=-1)
        rate: NDArray[np.float64] = 100 * edits / np.maximum(sums[..., -1], 1)
        return rate

    @property
    def signature(self) -> str:
        """Name, normalisation and version."""
        return signature(self.name, {"norm": self.normalization})


@dataclass(frozen=True)
class Wer(ErrorRate):
    """Word error rate; words stand between white space."""

    name: ClassVar[str] = "wer"
    title: ClassVar[str] = "WER"
    columns: ClassVar[tuple[str, ...]] = (*EDITS, "reference_words")

    def aligned(self, hypothesis: str, reference: str) -> list[AlignedWord]:
        """The words of both as they are compared, by the alignment that edits are counted of.

        >>> [tuple(word) for word in Wer().aligned("play jess now", "play some jazz")]
        [('play', 'play'), ('some', 'jess'), ('jazz', 'now')]
        """
        given, true = map(str.split, map(self.normalization, (hypothesis, reference)))
        return [
            AlignedWord(*pair)
            for step in Levenshtein.opcodes(true, given)
            for pair in zip_longest(
                true[step.src_start : step.src_end], given[step.dest_start : step.dest_end]
            )
        ]

    def _units(self, text: str) -> array[int]:
        """Hashes of the words, as rapidfuzz takes them of strings: 8 bytes a word."""
        return array("Q", array("q", map(hash, text.split())).tobytes())


@dataclass(frozen=True)
class Cer(ErrorRate):
    """Character error rate; spaces inside a text count, those around it do not, as in jiwer."""

    name: ClassVar[str] = "cer"
    title: ClassVar[str] = "CER"
    columns: ClassVar[tuple[str, ...]] = (*EDITS, "reference_characters")

    def _units(self, text: str) -> Sequence[str]:
        return text.strip()
