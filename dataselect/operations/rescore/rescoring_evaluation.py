"""What rescoring does to a metric, beside the lists' own order, chance and the best possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dataselect.console import aligned
from dataselect.data import records

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.models.metrics import Metric
    from dataselect.models.metrics.bootstrap import Interval, PairedBootstrap
    from dataselect.models.normalization import Normalization
    from dataselect.operations.rescore.nbest import NBest
    from dataselect.operations.rescore.scorer import RescoreScorer

FIRST, RESCORED, ORACLE, RANDOM = "first-best", "rescored", "oracle", "random"
_FIRST_OF_LISTS = (2, 4, 8)
"""Of how many first hypotheses the best is told, too: what shorter lists would allow."""


@dataclass(frozen=True)
class Systems:
    """One metric of several ways to pick from the same n lists, by name.

    `compared`: each against the first-best, the difference being its value less that.
    """

    metric: Metric
    lists: int
    seed: int
    intervals: dict[str, Interval]
    compared: dict[str, PairedBootstrap]

    def warnings(self) -> list[str]:
        """That rescoring did harm, if it did."""
        found = self.compared[RESCORED]
        is_better = (found.difference > 0) == self.metric.higher_is_better
        if is_better or found.difference == 0:
            return []
        worse = (
            f"rescored is worse than first-best: {self.metric.title} {found.system:.2f} against "
            f"{found.baseline:.2f} (p {found.p_value:.3f}); tune the weights with --tune, or "
            "lower --lm-weight"
        )
        return [worse]

    def as_json(self) -> dict[str, Any]:
        return {
            "metric": self.metric.name,
            "signature": self.metric.signature,
            "lists": self.lists,
            "systems": {
                name: {
                    **asdict(each),
                    **(
                        {"against_first_best": asdict(self.compared[name])} if name != FIRST else {}
                    ),
                }
                for name, each in self.intervals.items()
            },
        }


def evaluated(
    scorer: RescoreScorer, inputs: Inputs, metrics: Sequence[Metric], seed: int
) -> list[Systems]:
    """Try all ways to pick on all good records; the run that follows reports the bad ones.

    What is odd about the lists goes into the scorer's warnings.
    """
    if not metrics:
        return []
    lists: list[Any] = []
    references: list[str] = []
    for block in inputs.blocks():
        own_lists, own_references = records.read(block, scorer.columns).columns
        lists += own_lists
        references += own_references
    if lists:
        scorer.figures.setdefault("warnings", []).extend(
            unsaid_digits(lists, references, scorer.model.normalization)
        )
    return [systems(scorer, lists, references, each, seed) for each in metrics] if lists else []


def unsaid_digits(
    lists: Sequence[NBest], references: Sequence[str], normalization: Normalization
) -> list[str]:
    """A warning where references, normalised, hold digits that no hypothesis of their list has."""
    lacking = sum(
        any(map(str.isdigit, reference))
        and not any(any(map(str.isdigit, text)) for text in own.texts)
        for own, reference in zip(lists, normalization.each(references), strict=True)
    )
    if lacking < _MANY_LACKING * len(lists) or not lacking:
        return []
    words = (
        f"{lacking:,} of {len(lists):,} references hold digits that no hypothesis of their list "
        "has: no choice among them is right; spell numbers out, as --spell-numbers en does"
    )
    return [words]


_MANY_LACKING = 0.02  # of the lists


def systems(
    scorer: RescoreScorer,
    lists: Sequence[NBest],
    references: Sequence[str],
    metric: Metric,
    seed: int,
) -> Systems:
    """Try all ways to pick on n > 0 lists with references.

    All pick from the lists as they are given, copies and empty texts included. Random is one draw
    by `seed`.
    """
    import numpy as np

    from dataselect.models.metrics.bootstrap import interval, paired_bootstrap
    from dataselect.operations.rescore.lists import Lists, oracle
    from dataselect.operations.rescore.log_linear import winners
    from dataselect.operations.rescore.nbest import NBestLists

    found = scorer.model.features(lists, scorer.nbest, scorer.lm)
    won = winners(scorer.model.totals(found.features), found.candidates.sizes)
    texts, sizes = NBestLists.of(lists).texts, NBestLists.of(lists).sizes
    rows = metric.statistics(
        texts,
        np.repeat(np.array(references, object), sizes).tolist(),
    )
    given = Lists.of(np.zeros((len(rows), 0)), rows, sizes)
    statistics = {
        FIRST: given.chosen(np.zeros(len(lists), np.intp)),
        RESCORED: given.chosen(found.candidates.ranks[won] - 1),
        **{
            f"{ORACLE} of {first}": given.chosen(oracle(given.cut(first), metric))
            for first in _FIRST_OF_LISTS
            if first < sizes.max()
        },
        ORACLE: given.chosen(oracle(given, metric)),
        RANDOM: given.chosen(np.random.default_rng(seed).integers(sizes)),
    }
    return Systems(
        metric,
        len(lists),
        seed,
        {
            name: interval(metric, own, np.random.default_rng(seed))
            for name, own in statistics.items()
        },
        {
            name: paired_bootstrap(metric, statistics[FIRST], own, np.random.default_rng(seed))
            for name, own in statistics.items()
            if name != FIRST
        },
    )


def table(found: Systems) -> str:
    """What the figures are of, then a row a system."""
    rows = [[found.metric.title, "value", "95 % interval", "difference", "95 % interval", "p"]]
    for name, own in found.intervals.items():
        row = [name, f"{own.value:.2f}", f"[{own.low:.2f}, {own.high:.2f}]"]
        other = found.compared.get(name)
        rows.append(row + (["", "", ""] if other is None else _difference(other)))
    basis = f"{found.lists:,} lists, seed {found.seed}; {found.metric.signature}"
    return "\n".join([basis, *map(str.rstrip, aligned(rows))])


def _difference(found: PairedBootstrap) -> list[str]:
    return [
        f"{found.difference:+.2f}",
        f"[{found.low:+.2f}, {found.high:+.2f}]",
        f"{found.p_value:.4f}",
    ]
