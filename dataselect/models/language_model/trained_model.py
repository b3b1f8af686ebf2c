"""A Kneser-Ney model that is trained in this process."""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Iterable, Sequence
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from dataselect.console import Report, unreported
from dataselect.models.language_model import arpa
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.language_model.trainers import train
from dataselect.models.ngrams.speakers import speakers_of
from dataselect.models.normalization import Normalization
from dataselect.models.text_sequences import as_texts

if TYPE_CHECKING:
    from dataselect.models.language_model.kneser_ney import Estimate
    from dataselect.models.text_sequences import Texts


class KneserNey(LanguageModel):
    """An n-gram model with interpolated modified Kneser-Ney smoothing, as KenLM's lmplz has it.

    `prune`: for each order, n-grams seen so often or less are dropped. Words that are not in
    `vocab`, if that is given, or seen less than `min_count` times count as unknown. N-grams, words
    too, enter only if `min_speakers` different ones of the `speakers` of the texts said them, and
    count `max_per_speaker` times at most for each. After `fit`: `estimate_`. Its ARPA file is
    temporary: `save` it where another process is to load it.

    >>> lm = KneserNey(order=2).fit(["play some jazz", "play the blues", "put on some rock"])
    >>> lm.score(["play some rock", "rock"]).round(2).tolist()
    [-1.68, -1.57]
    """

    estimate_: Estimate

    def __init__(
        self,
        *,
        order: int = 3,
        prune: Sequence[int] = (),
        vocab: Iterable[str | bytes] | None = None,
        min_count: int = 1,
        min_speakers: int | None = None,
        max_per_speaker: int | None = None,
        lowercase: bool = False,
        remove_punctuation: bool = False,
    ) -> None:
        self.order, self.prune, self.min_count = order, prune, min_count
        self.min_speakers, self.max_per_speaker = min_speakers, max_per_speaker
        self.vocab = None if vocab is None else list(vocab)
        self.normalization = Normalization(lowercase, "remove" if remove_punctuation else "keep")

    def fit(
        self,
        texts: Texts,
        report: Report = unreported,
        *,
        speakers: Sequence[str] | None = None,
    ) -> KneserNey:
        """Train on texts, each a sentence. Returns self. Raises OptionError, InputError.

        `speakers`: who said each text; only with `min_speakers` or `max_per_speaker`.
        """
        for cached in ("_scorer", "_is_binary", "digest"):
            self.__dict__.pop(cached, None)
        self.estimate_ = train(
            self.normalization.each(as_texts(texts)),
            order=self.order,
            prune=self.prune,
            words=None if self.vocab is None else [os.fsencode(word) for word in self.vocab],
            min_count=self.min_count,
            speakers=speakers_of(speakers, self.min_speakers, self.max_per_speaker),
            report=report,
        )
        folder = mkdtemp(prefix="dataselect-")
        self._remove = weakref.finalize(self, _remove, folder, os.getpid())
        try:
            self.path = os.path.join(folder, "model.arpa")
            arpa.save(self.estimate_.model, self.path)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Remove the temporary file; the model scores no more."""
        self._remove()

    def save(self, path: str) -> None:
        """Write the model as an ARPA file, compressed by suffix. Raises OutputError."""
        arpa.save(self.estimate_.model, path)

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError, which says before `fit` that it is missing."""
        why = "not fitted yet; call fit" if name in ("path", "estimate_") else "no such attribute"
        raise AttributeError(f"KneserNey.{name}: {why}")


def training_figures(models: Sequence[KneserNey]) -> dict[str, Any]:
    """For the run report: what was trained, and what a person should know of it."""
    estimates = [model.estimate_ for model in models]
    said = [warning for estimate in estimates for warning in estimate.warnings()]
    return {
        "trained": [estimate.describe() for estimate in estimates],
        "warnings": list(dict.fromkeys(said)),
    }


def _remove(folder: str, process: int) -> None:
    """Remove a model's folder, in the process that made it: others inherit the object."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
