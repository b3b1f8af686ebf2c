"""What a method takes picks to be worth: the one place that knows all methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dataselect.console import Report, unreported
from dataselect.errors import InputError
from dataselect.models.encoders.joined import pool_encoder
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.encoders.precomputed import Precomputed
from dataselect.models.paraphrase_detector.detector import SavedDetector
from dataselect.operations.diversity.objectives import memory_estimate
from dataselect.operations.diversity.objectives.methods import (
    ByDetector,
    ByDistance,
    ByFacility,
    ByNgrams,
    Items,
    ObjectiveSpec,
)
from dataselect.operations.diversity.quantized_vectors import coarse_vectors

if TYPE_CHECKING:
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.diversity.objectives.objective import Objective

Method = Literal["paraphrase", "features", "facility", "kcenter"]
FITTED_ON = 20_000
"""Texts that the default encoder is fitted to."""
_FEWEST_FOR_WORD_VECTORS = 1_000
# Records, unless facility is asked for: 1,000 of 16,000 take 12 s of processor, of 50,000 they take
# 67 s; by features 2 s.
_MOST_BY_FACILITY = 20_000


def default_method(records: int, *, has_detector: bool, has_vectors: bool) -> Method:
    """The method for so many records where none is asked for.

    `has_vectors`: whether an encoder, or vectors, are given.
    """
    if has_detector:
        return "paraphrase"
    return "facility" if records <= _MOST_BY_FACILITY or has_vectors else "features"


@dataclass(frozen=True)
class ObjectiveFactory:
    """Makes objectives by a method, beside `labelled` texts.

    `detector`: the folder of that of the method paraphrase. `encoders`: of the pool and of what is
    labelled, for methods that compare vectors; by default one that is fitted. `most_memory`: bytes.
    """

    method: Method
    labelled: Sequence[str]
    detector: str | None = None
    device: str | None = None
    encoders: tuple[Encoder, Encoder] | None = None
    seed: int = 0
    most_memory: int = field(default_factory=memory_estimate.available)

    def objective(
        self, items: Items, report: Report = unreported
    ) -> tuple[Objective, dict[str, Any]]:
        """What picks among distinct texts are worth, and what reports say of it.

        Raises any DataselectError.
        """
        encoder = self.encoder(items.texts)
        figures = self.describe(encoder)
        characters = sum(map(len, items.texts))
        memory_estimate.require(
            self.memory(characters, len(items.texts), encoder), self.most_memory
        )
        if encoder is not None:
            own = items.positions.tolist() if encoder.reads_positions else items.texts
            vectors = coarse_vectors(encoder, own, report("encoding", len(own)))
            items = replace(items, vectors=vectors)
        spec = self.spec(encoder, report)
        if isinstance(spec, ByDetector):
            figures["detector"] = spec.detector.describe()
        return spec.objective(items, report=report), figures

    def encoder(self, texts: Sequence[str]) -> Encoder | None:
        """What makes vectors, where the method compares some; fitted to distinct texts."""
        if self.method not in ("facility", "kcenter"):
            return None
        if self.encoders is not None:
            return self.encoders[0]
        rng = np.random.default_rng(self.seed)
        everything = [*texts, *self.labelled]
        drawn = np.sort(rng.permutation(len(everything))[:FITTED_ON])
        learnt_from = [everything[place] for place in drawn.tolist()]
        if len(learnt_from) < _FEWEST_FOR_WORD_VECTORS:
            return Lexical.fit(learnt_from, rng=rng)
        return pool_encoder(learnt_from, rng)

    def spec(self, encoder: Encoder | None, report: Report = unreported) -> ObjectiveSpec:
        """The objective in any part of the pool, whose vectors are of an `encoder`."""
        if self.method == "paraphrase":
            return ByDetector(self.labelled, self._saved_detector)
        if encoder is None:
            return ByNgrams(self.labelled)
        others = encoder if self.encoders is None else self.encoders[1]
        own = range(len(self.labelled)) if others.reads_positions else self.labelled
        vectors = coarse_vectors(others, own, report("encoding what is labelled", len(own)))
        by_vectors = ByFacility if self.method == "facility" else ByDistance
        return by_vectors(self.labelled, vectors)

    def memory(
        self, characters: int, records: int, encoder: Encoder | None, copies: int = 1
    ) -> int:
        """Bytes to pick from texts of so many characters, with `copies` of their vectors."""
        if self.method == "paraphrase":
            return memory_estimate.of_detector(records, self._saved_detector.dimension)
        if encoder is None:
            return memory_estimate.of_features(characters, records)
        of = memory_estimate.of_vectors
        if self.method == "facility":
            of = memory_estimate.of_facility
        return of(records, copies * encoder.dimension)

    @cached_property
    def _saved_detector(self) -> SavedDetector:
        assert self.detector is not None
        return SavedDetector(self.detector, device=self.device)

    def describe(self, encoder: Encoder | None) -> dict[str, Any]:
        """Method and encoder, for reports."""
        found = {"method": self.method, "labelled": len(self.labelled)}
        return found if encoder is None else {**found, "encoder": encoder.describe()}


def precomputed(
    path: str, records: int, labelled_path: str | None, labelled: int
) -> tuple[Encoder, Encoder]:
    """The vectors of files. Raises InputError if they do not fit the records or each other."""
    own = Precomputed(path)
    own.check_count(records)
    if labelled_path is None:
        return own, own
    others = Precomputed(labelled_path)
    others.check_count(labelled)
    if own.dimension != others.dimension:
        raise InputError(
            f"{others.path}: vectors of {others.dimension} dimensions for those of "
            f"{own.dimension} in {own.path}; make both with one model"
        )
    return own, others
