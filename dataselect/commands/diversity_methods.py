"""How `dataselect diversity` tells what picks are worth: by n-grams, vectors or a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataselect.commands.diversity_options import MethodOptions, VectorOptions
from dataselect.commands.diversity_sources import Labelled, Pool
from dataselect.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.engines.diversity.greedy import Objective
    from dataselect.engines.encoders.base import Encoder
    from dataselect.progress import Steps

FITTED_ON = 20_000
"""Texts that the default encoder is fitted to."""


@dataclass(frozen=True)
class Method:
    """The method of a run, and what it needs: a detector, an encoder, vectors of files.

    `most_memory`: bytes. `figures`, for reports, are complete once there is an objective.
    """

    options: MethodOptions
    encoding: VectorOptions
    labelled: Labelled
    most_memory: int
    seed: int
    figures: dict[str, Any] = field(default_factory=dict)

    def objective(self, pool: Pool, rows: NDArray[np.intp], report: Steps) -> Objective:
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
        from dataselect.engines.diversity import memory
        from dataselect.engines.diversity.features import Features

        memory.require(memory.of_features(sum(map(len, texts)), len(texts)), self.most_memory)
        return Features(texts, self.labelled.texts)

    def _by_detector(self, texts: Sequence[str]) -> Objective:
        from dataselect.engines.diversity.paraphrase import Paraphrase
        from dataselect.engines.paraphrase.detector import Detector

        assert self.options.detector is not None
        detector = Detector.load(self.options.detector, device=self.encoding.device)
        self.figures["detector"] = detector.describe()
        return Paraphrase(detector, texts, self.labelled.texts)

    def _by_vectors(
        self, pool: Pool, rows: NDArray[np.intp], texts: Sequence[str], report: Steps
    ) -> Objective:
        from dataselect.engines.diversity import memory
        from dataselect.engines.diversity.facility import facility
        from dataselect.engines.diversity.farthest import KCenter
        from dataselect.engines.diversity.vectors import coarse_vectors

        own, others = self._encoders(pool, texts)
        self.figures["encoder"] = own.describe()
        is_facility = self.options.chosen == "facility"
        needed = memory.of_facility if is_facility else memory.of_vectors
        memory.require(needed(len(texts), own.dimension), self.most_memory)
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

    def _encoders(self, pool: Pool, texts: Sequence[str]) -> tuple[Encoder, Encoder]:
        """Of the pool, and of what is labelled."""
        if self.encoding.vectors is not None:
            return self._precomputed(pool, self.encoding.vectors)
        encoder = (
            fitted(texts, self.labelled.texts, self.seed)
            if self.encoding.encoder is None
            else self.encoding.neural(self.encoding.encoder)
        )
        return encoder, encoder

    def _precomputed(self, pool: Pool, path: str) -> tuple[Encoder, Encoder]:
        """The vectors of files. Raises InputError if they do not fit the records or each other."""
        from dataselect.engines.encoders.precomputed import Precomputed

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

    from dataselect.engines.encoders.lexical import Lexical

    rng = np.random.default_rng(seed)
    everything = [*texts, *labelled]
    drawn = np.sort(rng.permutation(len(everything))[:FITTED_ON])
    return Lexical.fit([everything[place] for place in drawn.tolist()], rng=rng)
