"""Winnowing: discard what an in-domain language model finds too improbable.

After Punjabi et al. (2019). With a second, general model texts are ranked by cross-entropy
difference instead (Moore & Lewis 2010).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.data.records import Column, Fields, numbers, text
from dataselect.errors import OptionError
from dataselect.execution.scorer import Scorer, Scores
from dataselect.models.cross_validation import folds
from dataselect.models.language_model.scoring import unspaced
from dataselect.models.language_model.scoring.language_model import (
    DECIMALS,
    LanguageModel,
    perplexity,
)
from dataselect.models.language_model.temporary_models import SmallModels
from dataselect.models.normalization import Normalization
from dataselect.selection.reasons import Reason

if TYPE_CHECKING:
    from dataselect.selection.rule import Direction

PERPLEXITY, DIFFERENCE, OOV = "perplexity", "cross_entropy_difference", "oov"


@dataclass(frozen=True)
class Band:
    """Perplexities that are let through, both ends included."""

    lowest: float | None = None
    highest: float | None = None

    def __post_init__(self) -> None:
        """Raise OptionError for a band that lets nothing through."""
        for option, value in ("--min", self.lowest), ("--max", self.highest):
            if value is not None and not value >= 1:
                raise OptionError(f"{option}-perplexity {value} is under 1, where none is")
        if None not in (self.lowest, self.highest) and self.lowest > self.highest:  # type: ignore[operator]  # neither is None here
            raise OptionError(
                f"--min-perplexity {self.lowest} is above --max-perplexity {self.highest}"
            )

    def outside(self, perplexities: NDArray[np.float64]) -> NDArray[np.uint8]:
        """(n,) the place in `reasons`, from 1, of why a perplexity is outside the band, or 0."""
        codes = np.zeros(len(perplexities), np.uint8)
        if self.highest is not None:
            codes[perplexities > self.highest] = 1
        if self.lowest is not None:
            codes[perplexities < self.lowest] = len(self.reasons)
        return codes

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The ends that the band has."""
        ends = ("max_perplexity", self.highest), ("min_perplexity", self.lowest)
        return tuple(
            Reason(name, f"--{name.replace('_', '-')}", value)
            for name, value in ends
            if value is not None
        )


class Winnow(Scorer):
    """Perplexity of a text to an in-domain model; with a background, cross-entropy difference.

    Perplexity is per word, the sentence end counted as one. The difference is the in-domain
    cross-entropy less that of the background, in bits a word. Both are low for good texts.
    """

    noun: ClassVar[str] = "winnow"
    may_add: ClassVar[tuple[str, ...]] = (DIFFERENCE, PERPLEXITY, OOV, "bucket")
    direction: Direction = "low"

    def __init__(
        self,
        model: LanguageModel,
        background: LanguageModel | None = None,
        *,
        band: Band | None = None,
        text_field: str = "text",
        figures: dict[str, Any] | None = None,
    ) -> None:
        """`figures` go into the run report; of them `warnings` are for people, too."""
        self.model, self.background = model, background
        self.band = band or Band()
        self.text_field = text_field
        self.figures = figures or {}

    @property
    def measure(self) -> str:
        """The field that records are ranked by."""
        return PERPLEXITY if self.background is None else DIFFERENCE

    @property
    def columns(self) -> Sequence[Column]:
        """The text."""
        return [text(self.text_field)]

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the background is
        """Perplexity and the number of unknown words; with a background the difference, first."""
        return (PERPLEXITY, OOV) if self.background is None else (DIFFERENCE, PERPLEXITY, OOV)

    @property
    def exclusions(self) -> tuple[Reason, ...]:  # type: ignore[override]  # as above
        """Being outside the band."""
        return self.band.reasons

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        """Score a batch of texts."""
        [texts] = columns
        log_probs, words, oov = self.model.score(texts)
        events = words + 1
        values = perplexities = np.round(perplexity(log_probs, events), DECIMALS)
        fields: Fields = {PERPLEXITY: numbers(perplexities), OOV: numbers(oov)}
        if self.background is not None:
            general = self.background.score(texts).log_probs
            bits = (general / events - log_probs / events) * math.log2(10)
            values = np.round(bits, DECIMALS)
            fields = {DIFFERENCE: numbers(values), **fields}
        outside = None if self.band == Band() else self.band.outside(perplexities)
        unread = np.flatnonzero(2 * oov >= events)  # texts of unknown words, and few others
        without_spaces = unspaced.count([texts[place] for place in unread.tolist()])
        remarks = ((unspaced.CAUSE, without_spaces),) if without_spaces else ()
        return Scores(values, fields, outside, remarks)

    def warnings(self) -> list[str]:
        """What was said when the models were trained."""
        return list(self.figures.get("warnings", []))

    def describe(self) -> dict[str, Any]:
        """Models by their digests, band, and what `figures` say."""
        return {
            "signature": {
                "lm": self.model.digest[:12],
                "order": self.model.order,
                "background": self.background and self.background.digest[:12],
                "norm": str(self.model.normalization),
            },
            "band": asdict(self.band),
            **self.figures,
        }


@dataclass(frozen=True)
class WinnowRecipe:
    """How a Winnow is made: its options, and its models as far as they are there.

    `lm`: the in-domain model, else one is trained. `background`: a model of text that is not
    in-domain, or texts to train one on, over the words of the in-domain model. `normalization` is
    for models trained here; one that is there has its own.
    """

    lm: LanguageModel | None = None
    background: LanguageModel | Sequence[str] | None = None
    order: int = 3
    band: Band = field(default_factory=Band)
    normalization: Normalization = field(default_factory=Normalization)
    text_field: str = "text"

    @contextmanager
    def fit(self, in_domain: Sequence[str] = ()) -> Iterator[Winnow]:
        """Train what has to be trained, for as long as the context lasts.

        >>> with Recipe(order=2).fit(["play some jazz", "play the blues"]) as winnow:
        ...     winnow.score([["play the jazz"]]).values.round(1).tolist()
        [4.8]
        """
        known = self.lm.vocabulary() if self.lm and self._background_texts else None
        with SmallModels(self.order, known, self.normalization) as models:
            model = self.lm or models.train(in_domain, grow=True)
            background = self.background
            if self._background_texts:
                background = models.train(self._background_texts)
            assert background is None or isinstance(background, LanguageModel)
            yield Winnow(
                model,
                background,
                band=self.band,
                text_field=self.text_field,
                figures=models.figures(),
            )

    @property
    def _background_texts(self) -> Sequence[str]:
        """What the background is trained on, if it is."""
        return (
            ()
            if self.background is None or isinstance(self.background, LanguageModel)
            else self.background
        )

    def held_out(self, in_domain: Sequence[str], rng: np.random.Generator) -> NDArray[np.float64]:
        """(n,) the score of each in-domain text by models that were trained without it."""
        texts = list(in_domain)
        fold = folds(texts, rng)
        scores = np.empty(len(texts))
        for own in range(int(fold.max()) + 1):
            held = np.flatnonzero(fold == own)
            rest = [text for text, other in zip(texts, fold, strict=True) if other != own]
            with self.fit(rest or texts) as winnow:
                scores[held] = winnow.score([[texts[place] for place in held]]).values
        return scores
