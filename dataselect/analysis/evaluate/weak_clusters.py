"""Groups that nobody named: clusters of texts whose loss is far above that of the others.

After the underperforming groups of cleanlab's Datalab, which cluster the records and compare the
worst cluster with all. Of several clusters one is worst by chance, so the loss of each is compared
with what the worst of them has when losses are dealt out at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.analysis.evaluate.group_values import by_group
from dataselect.analysis.evaluate.hypothesis_pairs import HYPOTHESIS, REFERENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.analysis.evaluate.hypothesis_pairs import HypothesisPair
    from dataselect.analysis.evaluate.metric_values import MetricResult

SMALLEST = 5  # records of a cluster, as cleanlab has it
_RECORDS_EACH = 40  # for one cluster
_MOST_CLUSTERS = 25
_PERMUTATIONS = 999
_CHANCE = 0.05  # that losses dealt out at random have a cluster as bad


class WeakCluster(NamedTuple):
    """A cluster of `records`: its mean loss and that of the others, in the unit of `metric`.

    `typical`: n-grams that it has and the others have not; `p_value`: how often the worst of all
    clusters is as bad by chance.
    """

    metric: str
    records: int
    loss: float
    others: float
    p_value: float
    typical: str

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


class ClusterLosses(NamedTuple):
    """For each cluster: how many standard errors its mean loss is above that of all, and its p."""

    deviations: NDArray[np.float64]
    p_values: NDArray[np.float64]


def weak_clusters(
    pairs: Sequence[HypothesisPair], measures: Sequence[MetricResult], *, seed: int
) -> list[WeakCluster]:
    """The clusters of texts whose loss, by the first measure, is more than chance; worst first.

    Of texts that were recognised or translated, the reference is clustered.
    """
    import numpy as np

    from dataselect.operations.discover.group_names import group_names

    measured = by_group(measures)[:1]
    if not measured or len(pairs) < 2 * SMALLEST:
        return []
    [measure] = measured
    texts = [pair.system.fields.get(REFERENCE, pair.system.fields[HYPOTHESIS]) for pair in pairs]
    rng = np.random.default_rng(seed)
    clusters = _clusters(texts, rng)
    if clusters is None:
        return []
    losses = -measure.metric.gain(measure.statistics)
    losses -= losses.min()
    found = cluster_losses(clusters, losses, rng)
    weak = [place for place, chance in enumerate(found.p_values.tolist()) if chance <= _CHANCE]
    weak.sort(key=lambda place: -found.deviations[place])
    members = [clusters == place for place in weak]
    groups = [[texts[each] for each in np.flatnonzero(own).tolist()] for own in members]
    rest = [text for text, own in zip(texts, clusters.tolist(), strict=True) if own not in weak]
    names = group_names(groups, rest)
    return [
        WeakCluster(
            measure.metric.name,
            int(own.sum()),
            float(losses[own].mean()),
            float(losses[~own].mean()),
            float(found.p_values[place]),
            name,
        )
        for place, own, name in zip(weak, members, names, strict=True)
    ]


def cluster_losses(
    clusters: NDArray[np.intp], losses: NDArray[np.float64], rng: np.random.Generator
) -> ClusterLosses:
    """Compare the mean loss of each cluster with that of all, (n,) each.

    The p-value is the share of permutations of the losses whose worst cluster deviates as much, the
    observation counted as one of them. Clusters of fewer than five records have the p-value 1.
    """
    import numpy as np

    sizes = np.bincount(clusters).astype(np.float64)
    large = sizes >= SMALLEST
    spread = losses.std()
    if not spread or not large.any():
        return ClusterLosses(np.zeros(len(sizes)), np.ones(len(sizes)))

    def deviations(own: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(clusters, own - losses.mean(), len(sizes))
        return np.where(large, sums / np.maximum(sizes, 1) ** 0.5 / spread, -np.inf)

    observed = deviations(losses)
    worst = np.array([deviations(rng.permutation(losses)).max() for _ in range(_PERMUTATIONS)])
    as_bad = (worst[:, None] >= observed).sum(axis=0) + 1
    return ClusterLosses(np.where(large, observed, 0.0), as_bad / (_PERMUTATIONS + 1))


def _clusters(texts: Sequence[str], rng: np.random.Generator) -> NDArray[np.intp] | None:
    """(n,) the k-means cluster of each text by its lexical vector; None without words."""
    from sklearn.cluster import KMeans

    from dataselect.errors import InputError
    from dataselect.models.encoders.lexical import Lexical

    count = min(_MOST_CLUSTERS, max(2, len(texts) // _RECORDS_EACH))
    try:
        vectors = Lexical.fit(texts, rng=rng).encode(texts, unit=True)
    except InputError:
        return None
    means = KMeans(count, random_state=int(rng.integers(2**32)), n_init=3)
    found: NDArray[np.intp] = means.fit_predict(vectors)
    return found
