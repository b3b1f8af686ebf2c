"""Diversity in partitions: what is lost against picking from the whole pool at once."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from time import process_time
from typing import TYPE_CHECKING, NamedTuple

import orjson
from plan import Plan
from pool import corpus
from tables import NOTHING, Row, Section

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.operations.diversity.greedy import Picks
    from dataselect.operations.diversity.objectives.methods import Items, ObjectiveSpec

_CORPORA = {
    "CLINC150": ("clinc150/train", "clinc150/val", "clinc150/oos"),
    "SNIPS among dialogues": ("snips_atis_slots/snips_train", "general_text/sgd_user"),
}
_MADE = 20_000  # records, without corpora
_LABELLED, _SAMPLE = 50, 20_000
_SIZES = (500, 2_000)
_COUNTS = (4, 16, 64)
_LEAST = 20  # texts a partition, on average
_METHODS = ("features", "facility", "kcenter")
_SEED = 0
_HEADS = [
    *("pool", "method", "picks", "partitions", "largest ÷ mean", "candidates"),
    *("value ÷ exact", "last novelty", "distinct 2-grams"),
    *("seconds, all partitions", "the longest", "merge"),
]


def partitions(plan: Plan) -> Section:
    """The value of picks in partitions, by method, number of picks and number of partitions."""
    rows = [
        Row([name, method, *cells])
        for name, texts in _pools(plan)
        for case in [_Case.of(texts)]
        for method in _METHODS
        for cells in case.rows(method)
    ]
    notes = [
        (
            f"{_LABELLED} texts of each pool are labelled, and copies left out. Vectors are those "
            "of the default encoder."
        ),
        (
            "Value: what picks add to the objective over the whole pool; of kcenter the largest "
            "distance of a text to the nearest pick, where lower is better."
        ),
        (
            "Seconds of processor, vectors made before. Those of exact picks are of the larger "
            "number, which the smaller one is the beginning of."
        ),
    ]
    return Section("Diversity in partitions", _HEADS, rows, notes)


def _pools(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """Names and texts."""
    data = plan.data
    if data is None:
        with open(plan.pool(_MADE).path(), "rb") as lines:
            yield "made", [orjson.loads(line)["text"] for line in lines]
        return
    for name, files in _CORPORA.items():
        paths = (os.path.join(data, f"{file}.jsonl.gz") for file in files)
        texts = [record["text"] for path in paths for record in corpus(path)]
        yield name, texts[: plan.size(len(texts))]


class _Partitioned(NamedTuple):
    """What was picked in partitions, and seconds: of each partition, and of the merge."""

    picks: Picks
    candidates: int
    within: list[float]
    merging: float


@dataclass(frozen=True, eq=False)
class _Case:
    """A pool without copies, and methods to pick from it."""

    items: Items
    methods: dict[str, ObjectiveSpec]

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Case:
        import numpy as np

        from dataselect.models.encoders.lexical import Lexical
        from dataselect.models.near_duplicates import first_places
        from dataselect.operations.diversity.objectives.methods import (
            ByDistance,
            ByFacility,
            ByNgrams,
            Items,
        )
        from dataselect.operations.diversity.quantized_vectors import coarse_vectors

        shuffled = random.Random(_SEED).sample(texts, len(texts))
        distinct = [shuffled[place] for place in np.unique(first_places(shuffled)).tolist()]
        labelled, pool = distinct[:_LABELLED], distinct[_LABELLED:]
        encoder = Lexical.fit(distinct[:_SAMPLE])
        vectors, known = (
            coarse_vectors(encoder, each, lambda _: None) for each in (pool, labelled)
        )
        methods = (ByNgrams(labelled), ByFacility(labelled, known), ByDistance(labelled, known))
        items = Items(np.arange(len(pool)), pool, vectors=vectors)
        return cls(items, dict(zip(_METHODS, methods, strict=True)))

    def rows(self, method: str) -> Iterator[list[str]]:
        """Cells after the first two: of exact picks, of random ones, and of partitions."""
        import numpy as np

        total = len(self.items.texts)
        everything = np.zeros(total, np.intp)
        sizes = [size for size in _SIZES if size <= total] or [total // 4]
        exact = self._partitioned(method, everything, max(sizes))
        chance = np.random.default_rng(_SEED).permutation(total)
        for size in sizes:
            best = exact.picks.items[:size]
            value = self._value(method, best)
            seconds = [f"{exact.within[0]:.1f}", NOTHING, NOTHING]
            last = 1 - exact.picks.nearest.similarities[size - 1]
            figures = ["1.000", f"{last:.2f}", self._distinct(best)]
            yield [f"{size:,}", "exact", NOTHING, NOTHING, *figures, *seconds]
            share = self._value(method, chance[:size]) / value
            figures = [f"{share:.3f}", NOTHING, self._distinct(chance[:size])]
            yield [f"{size:,}", "random picks", NOTHING, NOTHING, *figures, *[NOTHING] * 3]
            for name, partitions in self._partitions.items():
                found = self._partitioned(method, partitions, size)
                yield [f"{size:,}", name, *self._cells(method, partitions, found, value)]

    def _cells(
        self, method: str, partitions: NDArray[np.intp], found: _Partitioned, value: float
    ) -> list[str]:
        import numpy as np

        sizes = np.bincount(partitions)
        return [
            f"{sizes.max() / sizes.mean():.2f}",
            f"{found.candidates:,}",
            f"{self._value(method, found.picks.items) / value:.3f}",
            f"{1 - found.picks.nearest.similarities[-1]:.2f}",
            self._distinct(found.picks.items),
            f"{sum(found.within):.1f}",
            f"{max(found.within):.1f}",
            f"{found.merging:.1f}",
        ]

    @cached_property
    def _partitions(self) -> dict[str, NDArray[np.intp]]:
        """The partition of each text, by what these are called."""
        import numpy as np

        from dataselect.operations.diversity.partitions.partitioning import Partitioning

        found: dict[str, NDArray[np.intp]] = {}
        for count in (each for each in _COUNTS if each * _LEAST <= len(self.items.texts)):
            rng = np.random.default_rng(_SEED)
            partitioning = Partitioning.fit(self.items.texts[:_SAMPLE], count, rng)
            found[f"{partitioning.count}"] = partitioning.assign(self.items.texts)
            found[f"{count}, random"] = rng.integers(count, size=len(self.items.texts))
        return found

    def _partitioned(self, method: str, partitions: NDArray[np.intp], size: int) -> _Partitioned:
        import numpy as np

        from dataselect.operations.diversity.greedy import Limits
        from dataselect.operations.diversity.partitions.partitioning import (
            Totals,
            merge,
            pick_within,
        )

        limits, totals = Limits(size=size), Totals(len(partitions))
        candidates, masses, seconds = [], [], []
        for number in np.unique(partitions):
            items = self.items.take(np.flatnonzero(partitions == number))
            start = process_time()
            found = pick_within(items, self.methods[method], limits, totals)
            seconds.append(process_time() - start)
            candidates.append(found.candidates)
            masses += [] if found.masses is None else [found.masses]
        start = process_time()
        total = np.sum(masses, axis=0) if masses else None
        picks = merge(candidates, self.methods[method], limits, total)
        count = sum(len(each.items.texts) for each in candidates)
        return _Partitioned(picks, count, seconds, process_time() - start)

    def _value(self, method: str, picked: NDArray[np.intp]) -> float:
        """What picks are worth to the whole pool."""
        import numpy as np

        from dataselect.operations.diversity.objectives.ngram_coverage import NgramCoverage

        if method == "features":
            objective = NgramCoverage(self.items.texts, self.methods[method].labelled)
            gained = 0.0
            for item in picked.tolist():
                gained += float(objective.gains(np.array([item]))[0])
                objective.add(item)
            return gained
        before, after = self._nearest(picked[:0]), self._nearest(picked)
        return float((after - before).sum() if method == "facility" else 1 - after.min())

    def _nearest(self, picked: NDArray[np.intp]) -> NDArray[np.float64]:
        """(n,) cosines of texts with words to what is nearest, labelled or picked."""
        import numpy as np

        from dataselect.operations.diversity.objectives.methods import ByVectors
        from dataselect.operations.diversity.quantized_vectors import References

        method, vectors = self.methods["kcenter"], self.items.vectors
        assert isinstance(method, ByVectors)
        assert vectors is not None
        references = References(np.concatenate((method.labelled_vectors, vectors[picked])))
        return references.nearest(vectors[vectors.any(axis=1)]).similarities

    def _distinct(self, picked: NDArray[np.intp]) -> str:
        words = (self.items.texts[place].lower().split() for place in picked.tolist())
        return f"{len({pair for each in words for pair in pairwise(each)}):,}"
