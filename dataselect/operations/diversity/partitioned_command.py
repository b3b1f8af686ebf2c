"""`dataselect diversity` of shards: how a pool is picked from that is larger than memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.execution.run import FAIL
from dataselect.models.near_duplicates import first_places
from dataselect.operations.diversity import memory_estimate
from dataselect.operations.diversity.local_objective import FITTED_ON, fitted
from dataselect.operations.diversity.objectives.methods import (
    ByDetector,
    ByDistance,
    ByFacility,
    ByNgrams,
    ObjectiveSpec,
)
from dataselect.operations.diversity.partition_tasks import Reading
from dataselect.operations.diversity.partitioned_selection import PartitionedSelection, known
from dataselect.operations.diversity.partitions import needed
from dataselect.operations.diversity.scorer import Diversity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.execution.distributed.shard_pool import ShardPool
    from dataselect.models.encoders.base import Encoder
    from dataselect.operations.diversity.diversity_input import Chosen

_SAMPLE_A_PARTITION = 64
_PARTITION_GIB = 4.0
_FEWEST_TEXTS = 20  # in a partition: less is not worth a task


@dataclass(frozen=True)
class ShardedPool:
    """A pool of shards to pick from."""

    pool: ShardPool
    chosen: Chosen

    def picked(self) -> Diversity:
        """Pick, and make a scorer of what was decided. Raises any DataselectError."""
        import numpy as np

        rng = np.random.default_rng(self.chosen.settings.seed)
        picking = PartitionedSelection(self.pool, self._reading, rng)
        picking.survey()
        picking.draw(FITTED_ON)
        encoder = self._encoder(picking.sample)
        partitions = self.chosen.picking.partitions or self._needed(picking, encoder)
        partitions = min(partitions, max(1, picking.total.good // _FEWEST_TEXTS))
        if partitions * _SAMPLE_A_PARTITION > FITTED_ON:
            picking.draw(partitions * _SAMPLE_A_PARTITION)
        limits = self.chosen.picking.limits(picking.total.good)
        picks = picking.pick(
            self._method(encoder),
            limits,
            partitions,
            encoder=encoder,
            band=self.chosen.methods.band,
        )
        of_picks = known(picks, len(self.chosen.labelled.texts))
        return Diversity(
            picking.codes,
            of_picks,
            self._names(picking, of_picks.nearest),
            self.chosen.picking.batch_size,
            limits.size,
            {
                "method": self.chosen.methods.chosen,
                "labelled": len(self.chosen.labelled.texts),
                **({} if encoder is None else {"encoder": encoder.describe()}),
                **picking.figures,
            },
            self.chosen.settings.text_field,
        )

    @property
    def _reading(self) -> Reading:
        picking, settings = self.chosen.picking, self.chosen.settings
        strict = settings.on_error == FAIL
        return Reading(settings.text_field, picking.cost, picking.per, strict)

    def _encoder(self, sample: Sequence[str]) -> Encoder | None:
        """What makes the vectors that the method compares, if it does."""
        if self.chosen.methods.chosen not in ("facility", "kcenter"):
            return None
        if self.chosen.encoding.encoder is not None:
            return self.chosen.encoding.neural(self.chosen.encoding.encoder)
        labelled = self.chosen.labelled.texts
        first = first_places([*labelled, *sample])[len(labelled) :].tolist()
        places = enumerate(first, start=len(labelled))
        distinct = [sample[place - len(labelled)] for place, same in places if place == same]
        return fitted(distinct, labelled, self.chosen.settings.seed)

    def _needed(self, picking: PartitionedSelection, encoder: Encoder | None) -> int:
        """How many partitions it takes to keep to the memory that each may use."""
        total = picking.total
        if encoder is None:
            estimate = memory_estimate.of_features(total.characters, total.good)
        else:  # picking within a partition holds its vectors twice
            of = (
                memory_estimate.of_facility
                if self.chosen.methods.chosen == "facility"
                else memory_estimate.of_vectors
            )
            estimate = of(total.good, 2 * encoder.dimension)
        return needed(
            estimate, (self.chosen.picking.max_memory or _PARTITION_GIB) * memory_estimate.GIB
        )

    def _method(self, encoder: Encoder | None) -> ObjectiveSpec:
        from dataselect.operations.diversity.quantized_vectors import coarse_vectors

        labelled = self.chosen.labelled.texts
        if self.chosen.methods.detector is not None:
            return ByDetector(labelled, self.chosen.methods.detector, self.chosen.encoding.device)
        if encoder is None:
            return ByNgrams(labelled)
        vectors = coarse_vectors(encoder, labelled, lambda _: None)
        by_vectors = ByFacility if self.chosen.methods.chosen == "facility" else ByDistance
        return by_vectors(labelled, vectors)

    def _names(self, picking: PartitionedSelection, nearest: NDArray[np.intp]) -> dict[int, bytes]:
        """What each number in `nearest` stands for is called; labelled texts come first."""
        import numpy as np

        used, own = np.unique(nearest[nearest >= 0]), len(self.chosen.labelled.texts)
        found = self.chosen.labelled.names(used[used < own].tolist())
        found += picking.names((used[used >= own] - own).tolist())
        return dict(zip(used.tolist(), found, strict=True))
