"""Rescoring of n-best lists in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from dataselect.errors import InputError
from dataselect.models.normalization import Normalization
from dataselect.operations.rescore.log_linear import LogLinear, winners

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.operations.rescore.log_linear import Featured
    from dataselect.operations.rescore.scorer import RescoreScorer
    from dataselect.selection.ranking import Direction


Hypotheses = Sequence[Mapping[str, Any]]
"""A list as Python code holds it: hypotheses as records of files have them."""


class Rescore:
    """The best hypothesis of each n-best list, by its own score and a language model.

    `lm`: a `KneserNey` or `LanguageModel`. `weights`: without, the list's own order counts most. A
    list is hypotheses with `text` and `score`, as records of files have them.

    >>> lm = KneserNey(order=2).fit(["play some jazz", "play the blues"])
    >>> nbest = [{"text": "lay some jazz", "score": -1.0}, {"text": "play some jazz", "score": -1}]
    >>> Rescore(lm).pick([nbest]).tolist()
    [1]
    """

    direction: ClassVar[Direction] = "low"

    def __init__(self, lm: LanguageModel, weights: LogLinear | None = None) -> None:
        self.lm, self.weights = lm, weights or LogLinear.by_default(Normalization())

    def pick(self, lists: Sequence[Hypotheses]) -> NDArray[np.intp]:
        """(n,) the position of the winner in each list; of equal ones the first."""
        found, won = self._won(lists)
        return (found.candidates.ranks[won] - 1).astype(np.intp)

    def score(self, lists: Sequence[Hypotheses]) -> NDArray[np.float64]:
        """(n,) the perplexity of each list's winner, low for good texts."""
        found, won = self._won(lists)
        return found.scored.perplexities[won]

    def _won(self, lists: Sequence[Hypotheses]) -> tuple[Featured, NDArray[np.intp]]:
        field = self.weights.nbest_field("nbest")
        checked: list[Any] = []
        for position, own in enumerate(lists):
            try:
                checked.append(field.column.check(own))
            except ValueError as error:
                raise InputError(f"lists[{position}] {error}") from None
        found = self.weights.features(checked, field, self.lm)
        return found, winners(self.weights.totals(found.features), found.candidates.sizes)

    def record_scorer(
        self, *, text_field: str = "text", nbest_field: str = "nbest", keep_nbest: bool = False
    ) -> RescoreScorer:
        """What scores records of files: see `select_file`. The winner becomes the text."""
        from dataselect.operations.rescore.scorer import RescoreScorer

        return RescoreScorer(
            self.lm,
            self.weights,
            nbest_path=nbest_field,
            text_field=text_field,
            keep_nbest=keep_nbest,
        )
