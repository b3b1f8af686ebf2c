"""Groups that nobody named: clusters of texts whose loss is far above that of the others.

After the underperforming groups of cleanlab's Datalab, which cluster the records and compare the
worst cluster with all. Here every subtree of a dendrogram is a candidate, of whatever size, and
because of many candidates one is worst by chance, the loss of each is compared with what the worst
of them has when losses are dealt out at random.
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
_MOST_RECORDS = 4_000  # that are clustered: 64 MB of distances
_PERMUTATIONS = 999
_CHANCE = 0.05  # that losses dealt out at random have a cluster as bad
_ROUNDING = 1e-9  # of sums in another order


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


class Subtrees(NamedTuple):
    """The subtrees of a dendrogram.

    `order` (n,): records in the order of its leaves; `starts` and `ends` (k,): where the leaves of
    each subtree begin and end in that order.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]


def weak_clusters(
    pairs: Sequence[HypothesisPair], measures: Sequence[MetricResult], *, seed: int
) -> list[WeakCluster]:
    """The clusters of texts whose loss, by the first measure, is more than chance; worst first.

    Of texts that were recognised or translated, the reference is clustered. Of clusters that share
    records the worst is told.
    """
    import numpy as np

    from dataselect.operations.discover.group_names import group_names

    rng = np.random.default_rng(seed)
    measured = by_group(measures)[:1]
    if not measured:
        return []
    [measure] = measured
    losses = -measure.metric.gain(measure.statistics)
    losses -= losses.min()
    chosen = rng.permutation(len(pairs))[:_MOST_RECORDS]
    chosen.sort()
    fields = [pairs[place].system.fields for place in chosen.tolist()]
    texts = [each.get(REFERENCE, each[HYPOTHESIS]) for each in fields]
    trees = _subtrees(texts, rng)
    if trees is None:
        return []
    own = losses[chosen][trees.order]
    deviations, p_values = subtree_losses(trees, own, rng)
    found: list[tuple[int, int, float]] = []
    for place in np.argsort(-deviations, kind="stable").tolist():
        start, end = int(trees.starts[place]), int(trees.ends[place])
        apart = all(end <= first or last <= start for first, last, _ in found)
        if apart and p_values[place] <= _CHANCE:
            found.append((start, end, float(p_values[place])))
    ordered = [texts[place] for place in trees.order.tolist()]
    groups = [ordered[start:end] for start, end, _ in found]
    inside = {place for start, end, _ in found for place in range(start, end)}
    rest = [text for place, text in enumerate(ordered) if place not in inside]
    return [
        WeakCluster(
            measure.metric.name,
            end - start,
            float(own[start:end].mean()),
            float(np.concatenate((own[:start], own[end:])).mean()),
            chance,
            name,
        )
        for (start, end, chance), name in zip(found, group_names(groups, rest), strict=True)
    ]


def subtree_losses(
    trees: Subtrees, losses: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(k,) standard errors that the mean loss of each subtree is above that of all, and p-values.

    `losses` (n,) in the order of the leaves. The p-value is the share of permutations of the losses
    in which the worst subtree deviates as much, the observation counted as one of them.
    """
    import numpy as np

    spread = losses.std()
    if not spread or not len(trees.starts):
        return np.zeros(len(trees.starts)), np.ones(len(trees.starts))
    scale = spread * (trees.ends - trees.starts) ** 0.5

    def deviations(own: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.append(0.0, np.cumsum(own - losses.mean()))
        found: NDArray[np.float64] = (sums[trees.ends] - sums[trees.starts]) / scale
        return found

    observed = deviations(losses)
    worst = np.array([deviations(rng.permutation(losses)).max() for _ in range(_PERMUTATIONS)])
    above = _PERMUTATIONS - np.searchsorted(np.sort(worst), observed - _ROUNDING)
    return observed, (above + 1) / (_PERMUTATIONS + 1)


def _subtrees(texts: Sequence[str], rng: np.random.Generator) -> Subtrees | None:
    """The subtrees of texts by Ward's method on lexical vectors: of 5 records to half of them.

    None where there are too few texts, or no words.
    """
    from dataselect.errors import InputError
    from dataselect.models.encoders.lexical import Lexical

    if len(texts) < 2 * SMALLEST:
        return None
    try:
        return subtrees_of(Lexical.fit(texts, rng=rng).encode(texts, unit=True))
    except InputError:
        return None


def subtrees_of(vectors: NDArray[np.float32]) -> Subtrees:
    """The subtrees of (n, d) vectors that have from 5 to n / 2 leaves."""
    import numpy as np
    from scipy.cluster.hierarchy import leaves_list, linkage

    merges = linkage(vectors, "ward")
    order = leaves_list(merges).astype(np.intp)
    count = len(order)
    starts = np.empty(2 * count - 1, np.intp)
    starts[order] = np.arange(count)
    ends = starts + 1
    for node, (one, other) in enumerate(merges[:, :2].astype(np.intp).tolist(), start=count):
        starts[node] = min(starts[one], starts[other])
        ends[node] = max(ends[one], ends[other])
    sizes = ends - starts
    kept = (sizes >= SMALLEST) & (sizes <= count // 2)
    return Subtrees(order, starts[kept], ends[kept])
