"""Diversity of a pool larger than memory: picks in partitions, and then among all these picks.

GreeDi (Mirzasoleiman et al. 2013, "Distributed Submodular Maximization"), where each machine picks
as many as are wanted in the end. Here a partition has texts that are near to each other, and picks
in proportion to its size, OVERSAMPLE times as many, so that what is merged fits one machine.
"""

from __future__ import annotations

import math
import os
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from dataselect.models.encoders.base import Encoder, coarse, unit
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.near_duplicates import canonical
from dataselect.operations.diversity.decisions import COPY, COPY_OF_LABELLED, Decisions, decide
from dataselect.operations.diversity.greedy import Limits, Picks, greedy
from dataselect.operations.diversity.objectives.memory_estimate import GIB
from dataselect.operations.diversity.objectives.methods import Items, ObjectiveSpec
from dataselect.operations.diversity.quantized_vectors import References, coarse_vectors

# Of the exact value of 2,000 picks among 91,000 texts, 64 partitions keep 97.5, 98.8, 99.3 and
# 99.6 % by features, for 1, 2, 4 and 8.
OVERSAMPLE = 4
SPARE = 8  # candidates beyond that, of a partition of any size
_LARGEST = 2.0  # times the mean size: a larger partition is divided
_MARGIN = 2.5  # the largest of 500 partitions of 91,000 texts had 2.3 times the mean, by chance
_FITTED_ON = 20_000  # texts, for the default encoder
_TASK = 4 * GIB


@dataclass(frozen=True, eq=False)
class Partitioning:
    """Tells which partition a text belongs to, whatever the other texts are.

    It is that of the nearest centroid. Where many texts share one, a hash spreads them over several
    partitions: those of centroid i are `bounds[i]` to `bounds[i + 1]`. `centroids` (c, d): made by
    `coarse`, so that rounding does not decide which is nearest.
    """

    encoder: Encoder
    centroids: NDArray[np.float16]
    bounds: NDArray[np.intp]

    @classmethod
    def fit(
        cls,
        sample: Sequence[str],
        count: int,
        rng: np.random.Generator,
        encoder: Encoder | None = None,
    ) -> Partitioning:
        """Divide a pool into `count` partitions, or some more, by k-means on a sample of it.

        The sample should have 20,000 texts or 64 a partition, whichever is more. `encoder`: of
        texts; by default one that is fitted on the sample. Raises InputError if that has no word.
        """
        texts = [canonical(text) for text in sample]
        encoder = encoder or _fitted(texts, rng)
        vectors = coarse_vectors(encoder, texts, lambda _: None)
        centroids = _centroids(vectors, min(count, len(texts)), rng)
        nearest = References(centroids).nearest(vectors).places
        shares = np.bincount(nearest, minlength=len(centroids)) / len(texts)
        parts = np.ceil(shares * count / _LARGEST).clip(1).astype(np.intp)
        return cls(encoder, centroids, np.append(0, np.cumsum(parts)))

    @property
    def count(self) -> int:
        return int(self.bounds[-1])

    def assign(self, texts: Sequence[str]) -> NDArray[np.intp]:
        """(n,) the partition of each text, from 0; copies have the same one."""
        plain = [canonical(text) for text in texts]
        vectors = coarse_vectors(self.encoder, plain, lambda _: None)
        nearest = References(self.centroids).nearest(vectors).places
        hashes = np.array([zlib.crc32(text.encode()) for text in plain], np.intp)
        partitions: NDArray[np.intp] = self.bounds[nearest] + hashes % np.diff(self.bounds)[nearest]
        return partitions


def needed(memory: float, most: float = _TASK) -> int:
    """How many partitions a pool has to have, for none to take more than `most` bytes.

    `memory`: bytes that it would take to pick from all of it at once, as in `memory`.
    """
    return max(1, math.ceil(_MARGIN * memory / most))


def _fitted(texts: Sequence[str], rng: np.random.Generator) -> Encoder:
    drawn = np.sort(rng.permutation(len(texts))[:_FITTED_ON])
    return Lexical.fit([texts[place] for place in drawn.tolist()], rng=rng)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let scikit-learn use one thread; told by a variable, it runs no program to count cores."""
    name = "OMP_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        with threadpool_limits(1):
            yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _centroids(
    vectors: NDArray[np.float16], count: int, rng: np.random.Generator
) -> NDArray[np.float16]:
    """(count, d) the directions of centroids."""
    from sklearn.cluster import MiniBatchKMeans

    clustering = MiniBatchKMeans(count, random_state=int(rng.integers(2**32)), n_init=3)
    with _one_thread():  # sums come out the same however many cores there are
        clustering.fit(vectors.astype(np.float32))
    return coarse(unit(clustering.cluster_centers_))


@dataclass(frozen=True, eq=False)
class Totals:
    """How many records the whole pool has, and (groups,) how many of each group."""

    records: int
    groups: NDArray[np.intp] | None = None


@dataclass(frozen=True, eq=False)
class PartitionCandidates:
    """What a partition puts forward.

    `picks`, positions in the order of picking, are final where there is no other partition.
    """

    items: Items
    picks: Picks


class Within(NamedTuple):
    """What became of a partition.

    `decisions`, on each of its texts: those picked are candidates only. `masses`: as of
    `ObjectiveSpec`; the merge takes the sum of those of all partitions.
    """

    candidates: PartitionCandidates
    decisions: Decisions
    masses: NDArray[np.float64] | None


def pick_within(
    items: Items,
    method: ObjectiveSpec,
    limits: Limits,
    totals: Totals,
    *,
    band: tuple[float, float] | None = None,
) -> Within:
    """Pick the candidates of one partition, as `decide` does; `limits` are those of the pool."""
    quotas = _quotas(items, limits, totals)
    decided = decide(
        items.texts,
        method.labelled,
        lambda rows: method.objective(items.take(rows)),
        _share(items, limits, totals, quotas),
        band=band,
        costs=items.costs,
        groups=items.groups,
    )
    picked = decided.picks.items
    if quotas is not None and items.groups is not None:
        picked = picked[_ranks(items.groups[picked]) < quotas[items.groups[picked]]]
    candidates = items.take(np.sort(picked))
    distinct = items.take(np.flatnonzero(~np.isin(decided.codes, (COPY, COPY_OF_LABELLED))))
    candidates = replace(candidates, weights=method.weights(distinct, candidates))
    picks = decided.picks._replace(items=items.positions[decided.picks.items])
    return Within(PartitionCandidates(candidates, picks), decided, method.masses(distinct))


def merge(
    found: Sequence[PartitionCandidates],
    method: ObjectiveSpec,
    limits: Limits,
    masses: NDArray[np.float64] | None = None,
) -> Picks:
    """Pick among the candidates of all partitions, in whatever order these are given.

    Items are positions in the input. A single partition has picked what is wanted.
    """
    if len(found) == 1:
        return found[0].picks
    items = Items.joined([each.items for each in found])
    picks = greedy(
        method.objective(items, masses),
        np.arange(len(items.texts)),
        limits,
        costs=items.costs,
        groups=items.groups,
    )
    return Picks(items.positions[picks.items], picks.nearest)


def _quotas(items: Items, limits: Limits, totals: Totals) -> NDArray[np.intp] | None:
    """(groups,) how many candidates of each group a partition puts forward.

    In turns, each group gets as many picks as any other while it has records. None without groups,
    and where the partition is the pool, so that its picks are final.
    """
    if items.groups is None or totals.groups is None or len(items.texts) == totals.records:
        return None
    sizes = totals.groups
    most = int(sizes.max()) if limits.max_per is None else limits.max_per
    if limits.size is not None:
        even = bisect_left(
            range(most), limits.size, key=lambda each: int(np.minimum(sizes, each).sum())
        )
        most = min(most, even)
    wanted = np.minimum(sizes, most)
    own = np.bincount(items.groups, minlength=len(sizes))
    share = np.ceil(OVERSAMPLE * wanted * own / sizes.clip(1))
    quotas: NDArray[np.intp] = np.minimum(wanted, share + SPARE // len(sizes)).astype(np.intp)
    return quotas


def _share(items: Items, limits: Limits, totals: Totals, quotas: NDArray[np.intp] | None) -> Limits:
    """What of the limits of a pool a partition may use.

    With quotas, that is all: a group may have no records elsewhere, and in turns it gets as many
    picks here as it would among the whole pool.
    """
    if quotas is not None:
        return replace(limits, max_per=int(quotas.max()))
    share = OVERSAMPLE * len(items.texts) / totals.records
    size, budget = limits.size, limits.budget
    if size is not None:
        size = min(size, math.ceil(share * size) + SPARE)
    if budget is not None:
        costs = np.ones(1) if items.costs is None else items.costs
        spare = max(SPARE * costs.mean(), costs[costs <= budget].max(initial=0))
        budget = min(budget, share * budget + float(spare))
    return replace(limits, size=size, budget=budget)


def _ranks(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """(n,) how many before each are of its group."""
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], groups[order])
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order)) - starts
    return ranks
