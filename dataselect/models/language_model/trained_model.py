"""A Kneser-Ney model that is trained in this process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dataselect.models.language_model import arpa
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.language_model.trainers import train
from dataselect.models.normalization import Normalization
from dataselect.models.text_sequences import as_texts

if TYPE_CHECKING:
    from dataselect.models.language_model.kneser_ney import Estimate
    from dataselect.models.text_sequences import Texts


class KneserNey(LanguageModel):
    """An n-gram model with interpolated modified Kneser-Ney smoothing, as KenLM's lmplz has it.

    `prune`: for each order, n-grams seen so often or less are dropped. Words that are not in
    `words`, if that is given, or seen less than `min_count` times count as unknown. After `fit`:
    `estimate_`. Its ARPA file is temporary: `save` it where another process is to load it.

    >>> lm = KneserNey(order=2).fit(["play some jazz", "play the blues", "put on some rock"])
    >>> lm.score(["play some rock", "rock"]).round(2).tolist()
    [-1.71, -1.93]
    """

    estimate_: Estimate

    def __init__(
        self,
        *,
        order: int = 3,
        prune: Sequence[int] = (),
        words: Iterable[str] | None = None,
        min_count: int = 1,
        lowercase: bool = False,
        remove_punctuation: bool = False,
    ) -> None:
        self.order, self.prune, self.min_count = order, prune, min_count
        self.words = None if words is None else list(words)
        self.normalization = Normalization(lowercase, "remove" if remove_punctuation else "keep")

    def fit(self, texts: Texts) -> KneserNey:
        """Train on texts, each a sentence. Returns self. Raises OptionError, InputError."""
        self.__dict__.pop("_scorer", None)
        self.__dict__.pop("digest", None)
        self.estimate_ = train(
            self.normalization.each(as_texts(texts)),
            order=self.order,
            prune=self.prune,
            words=None if self.words is None else [word.encode() for word in self.words],
            min_count=self.min_count,
        )
        self._folder = TemporaryDirectory(prefix="dataselect-")
        self.path = os.path.join(self._folder.name, "model.arpa")
        arpa.save(self.estimate_.model, self.path)
        return self

    def save(self, path: str) -> None:
        """Write the model as an ARPA file, compressed by suffix. Raises OutputError."""
        arpa.save(self.estimate_.model, path)

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError, which says before `fit` that it is missing."""
        why = "not fitted yet; call fit" if name in ("path", "estimate_") else "no such attribute"
        raise AttributeError(f"KneserNey.{name}: {why}")
