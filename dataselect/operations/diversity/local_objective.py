"""How `dataselect diversity` tells what picks are worth: by n-grams, vectors or a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataselect.errors import InputError
from dataselect.operations.diversity.diversity_input import DiversityInput, LabelledRecords
from dataselect.operations.diversity.options import MethodOptions, VectorOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.console import Steps
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.diversity.greedy import Objective

FITTED_ON = 20_000
"""Texts that the default encoder is fitted to."""


@dataclass(frozen=True)
class ObjectiveFactory:
    """The method of a run, and what it needs: a detector, an encoder, vectors of files.

    `most_memory`: bytes. `figures`, for reports, are complete once there is an objective.
    """

    options: MethodOptions
    encoding: VectorOptions
    labelled: LabelledRecords
    most_memory: int
    seed: int
    figures: dict[str, Any] = field(default_factory=dict)

    def objective(self, pool: DiversityInput, rows: NDArray[np.intp], report: Steps) -> Objective:
        """What picks among some texts of the pool are worth. Raises any DataselectError."""
        texts = [pool.texts[row] for row in rows.tolist()]
        self.figures.update(method=self.options.chosen, labelled=len(self.labelled.texts))
        match self.options.chosen:
            case "features":
                return self._by_ngrams(texts)
            case "paraphrase":
                return self._by_detector(texts)
            case _:
                return self._by_vectors(pool, rows, texts, report)

    def _by_ngrams(self, texts: Sequence[str]) -> Objective:
        from dataselect.operations.diversity import memory_estimate
        from dataselect.operations.diversity.objectives.ngram_coverage import NgramCoverage

        memory_estimate.require(
            memory_estimate.of_features(sum(map(len, texts)), len(texts)), self.most_memory
        )
        return NgramCoverage(texts, self.labelled.texts)

    def _by_detector(self, texts: Sequence[str]) -> Objective:
        from dataselect.models.paraphrase_detector.detector import Detector
        from dataselect.operations.diversity.objectives.paraphrase_coverage import (
            ParaphraseCoverage,
        )

        assert self.options.detector is not None
        detector = Detector.load(self.options.detector, device=self.encoding.device)
        self.figures["detector"] = detector.describe()
        return ParaphraseCoverage(detector, texts, self.labelled.texts)

    def _by_vectors(
        self, pool: DiversityInput, rows: NDArray[np.intp], texts: Sequence[str], report: Steps
    ) -> Objective:
        from dataselect.operations.diversity import memory_estimate
        from dataselect.operations.diversity.objectives.facility_location import facility
        from dataselect.operations.diversity.objectives.k_center import KCenter
        from dataselect.operations.diversity.quantized_vectors import coarse_vectors

        own, others = self._encoders(pool, texts)
        self.figures["encoder"] = own.describe()
        is_facility = self.options.chosen == "facility"
        needed = memory_estimate.of_facility if is_facility else memory_estimate.of_vectors
        memory_estimate.require(needed(len(texts), own.dimension), self.most_memory)
        labelled = self.labelled.texts
        positions = pool.positions[rows].tolist(), range(len(labelled))
        items = positions if own.reads_positions else (texts, labelled)
        vectors = (
            coarse_vectors(own, items[0], report("encoding", len(texts))),
            coarse_vectors(others, items[1], report("encoding what is labelled", len(labelled))),
        )
        if is_facility:
            return facility(*vectors, report("finding neighbours", len(texts)))
        return KCenter(*vectors)

    def _encoders(self, pool: DiversityInput, texts: Sequence[str]) -> tuple[Encoder, Encoder]:
        """Of the pool, and of what is labelled."""
        if self.encoding.vectors is not None:
            return self._precomputed(pool, self.encoding.vectors)
        encoder = (
            fitted(texts, self.labelled.texts, self.seed)
            if self.encoding.encoder is None
            else self.encoding.neural(self.encoding.encoder)
        )
        return encoder, encoder

    def _precomputed(self, pool: DiversityInput, path: str) -> tuple[Encoder, Encoder]:
        """The vectors of files. Raises InputError if they do not fit the records or each other."""
        from dataselect.models.encoders.precomputed import Precomputed

        own = Precomputed(path)
        own.check_count(pool.records)
        if self.encoding.labelled_vectors is None:
            return own, own
        others = Precomputed(self.encoding.labelled_vectors)
        others.check_count(len(self.labelled.texts))
        if own.dimension != others.dimension:
            raise InputError(
                f"{others.path}: vectors of {others.dimension} dimensions for those of "
                f"{own.dimension} in {own.path}; make both with one model"
            )
        return own, others


def fitted(texts: Sequence[str], labelled: Sequence[str], seed: int) -> Encoder:
    """The default encoder, fitted to a sample of distinct texts of a pool and of labelled ones."""
    import numpy as np

    from dataselect.models.encoders.lexical import Lexical

    rng = np.random.default_rng(seed)
    everything = [*texts, *labelled]
    drawn = np.sort(rng.permutation(len(everything))[:FITTED_ON])
    return Lexical.fit([everything[place] for place in drawn.tolist()], rng=rng)
