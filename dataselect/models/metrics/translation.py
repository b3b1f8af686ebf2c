"""BLEU, chrF and TER: sacrebleu's statistics of each segment, and their values for many sums."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from dataselect.models.metrics.base import TextMetric
from dataselect.models.normalization import Normalization

Tokenize = Literal["13a", "intl", "char", "zh", "none"]
"""Tokenisers of sacrebleu that need no download and no further package."""


@dataclass(frozen=True)
class SacrebleuMetric(TextMetric):
    """A metric of sacrebleu (Post 2018), which has no public way to the statistics of segments."""

    @abstractmethod
    def _new_scorer(self) -> Any:
        """A metric object of sacrebleu, which takes 80 ms to import."""

    @cached_property
    def _scorer(self) -> Any:
        scorer = self._new_scorer()
        scorer.num_refs = 1  # its signature asks, and is otherwise told by `corpus_score`
        return scorer

    def _prepare(self, reference: str) -> Any:
        return self._scorer._cache_references([[reference]])[0]  # noqa: SLF001  # nothing public

    def _row(self, hypothesis: str, reference: Any) -> Sequence[float]:
        tokenized = self._scorer._preprocess_segment(hypothesis)  # noqa: SLF001  # nothing public
        row: Sequence[float] = self._scorer._compute_segment_statistics(tokenized, reference)  # noqa: SLF001  # nothing public
        return row

    @property
    def signature(self) -> str:
        """That of sacrebleu, and what was done to the texts before, if anything."""
        own = f"{self.title}|{self._scorer.get_signature()}"
        done = self.normalization
        return own if done == Normalization() else f"{own}|input:{done}"


_ORDERS = range(1, 5)


@dataclass(frozen=True)
class Bleu(SacrebleuMetric):
    """BLEU (Papineni et al. 2002) of up to 4-grams, with the exponential smoothing of mteval."""

    tokenize: Tokenize = "13a"

    name: ClassVar[str] = "bleu"
    title: ClassVar[str] = "BLEU"
    higher_is_better: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = (
        "hypothesis_words",
        "reference_words",
        *(f"matching_{order}grams" for order in _ORDERS),
        *(f"hypothesis_{order}grams" for order in _ORDERS),
    )

    def _new_scorer(self) -> Any:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(tokenize=self.tokenize, force=True)  # no warning about tokenised text

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Brevity penalty times the geometric mean of the n-gram precisions.

        An order without a match counts 1/2 match if it is the first, 1/4 if the second, and so on;
        0 where nothing matches at all, or no hypothesis is as long as an order.
        """
        length, reference_length = sums[..., 0], sums[..., 1]
        matches, ngrams = sums[..., 2:6], sums[..., 6:]
        unmatched = matches == 0
        smoothed = np.where(unmatched, 0.5 ** np.cumsum(unmatched, axis=-1), matches)
        precision = np.exp(np.log(smoothed / np.maximum(ngrams, 1)).mean(axis=-1))
        brevity = np.exp(np.minimum(1 - reference_length / np.maximum(length, 1), 0))
        defined = (ngrams > 0).all(axis=-1) & (matches > 0).any(axis=-1)
        return np.where(defined, 100 * brevity * precision, 0.0)


_CHARACTER_ORDERS = 6


@dataclass(frozen=True)
class Chrf(SacrebleuMetric):
    """chrF2 (Popović 2015, 2016): the F-score, recall twice as important, of character n-grams."""

    name: ClassVar[str] = "chrf"
    title: ClassVar[str] = "chrF2"
    higher_is_better: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = tuple(
        f"{which}_{order}grams"
        for order in range(1, _CHARACTER_ORDERS + 1)
        for which in ("hypothesis", "reference", "matching")
    )

    def _new_scorer(self) -> Any:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF()

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """F2 of precision and recall, each averaged over the orders that both sides have."""
        by_order = sums.reshape(*sums.shape[:-1], _CHARACTER_ORDERS, 3)
        hypothesis, reference, matches = np.moveaxis(by_order, -1, 0)
        orders = np.maximum(((hypothesis > 0) & (reference > 0)).sum(axis=-1), 1)
        precision = (matches / np.maximum(hypothesis, 1)).sum(axis=-1) / orders
        recall = (matches / np.maximum(reference, 1)).sum(axis=-1) / orders
        weighted = 4 * precision + recall
        score: NDArray[np.float64] = 5 * precision * recall / np.where(weighted > 0, weighted, 1)
        return 100 * score


@dataclass(frozen=True)
class Ter(SacrebleuMetric):
    """Translation edit rate (Snover et al. 2006): edits and shifts per 100 reference words."""

    name: ClassVar[str] = "ter"
    title: ClassVar[str] = "TER"
    higher_is_better: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ("edits", "reference_words")

    def _new_scorer(self) -> Any:
        from sacrebleu.metrics.ter import TER

        return TER()

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Edits per 100 words; where the references have none, 100 if there is any edit."""
        edits, words = sums[..., 0], sums[..., 1]
        return np.where(words > 0, 100 * edits / np.maximum(words, 1), 100.0 * (edits > 0))
