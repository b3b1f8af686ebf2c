"""Language models trained on the spot, in temporary files for KenLM to read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from dataselect.models.language_model import arpa
from dataselect.models.language_model.kneser_ney import Estimate, estimate
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.language_model.vocabulary import Vocabulary
from dataselect.models.normalization import Normalization


class SmallModels:
    """Trains models of one order over one vocabulary; their files go with it.

    >>> with SmallModels(order=2) as models:
    ...     jazz = models.train(["play some jazz", "play the blues"], grow=True)
    ...     jazz.score(["play some rock"]).oov.tolist()
    [1]
    """

    def __init__(
        self,
        order: int = 3,
        vocabulary: Vocabulary | None = None,
        normalization: Normalization | None = None,
    ) -> None:
        """`normalization` is done to texts, in training and in scoring."""
        self.order, self.normalization = order, normalization or Normalization()
        self.vocabulary = Vocabulary() if vocabulary is None else vocabulary
        self._estimates: list[Estimate] = []

    def __enter__(self) -> SmallModels:
        self._folder = TemporaryDirectory(prefix="dataselect-")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def train(self, texts: Sequence[str], *, grow: bool = False) -> LanguageModel:
        """Train on texts; words that are new join the vocabulary if it is to `grow`.

        Otherwise they are counted as one word, the unknown one.
        """
        tokens = self.vocabulary.encode(self.normalization.each(texts), grow=grow)
        estimated = estimate(tokens, self.vocabulary, order=self.order)
        self._estimates.append(estimated)
        path = os.path.join(self._folder.name, f"{len(self._estimates)}.arpa")
        arpa.save(estimated.model, path)
        return LanguageModel(path, self.normalization)

    def figures(self) -> dict[str, Any]:
        """For the run report: what was trained, and what a person should know of it."""
        said = [warning for estimated in self._estimates for warning in estimated.warnings()]
        return {
            "trained": [estimated.describe() for estimated in self._estimates],
            "warnings": list(dict.fromkeys(said)),
        }
