"""Why a text is relevant: the n-grams that speak for it and against it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataselect.analysis.run_reports import Stage


@dataclass(frozen=True)
class NgramShare:
    """An n-gram's share of the log-odds, and the weight that was learnt, 0 for an unknown one."""

    ngram: str
    share: float
    weight: float


@dataclass(frozen=True)
class RelevanceSum:
    """The sum that gives a text its relevance.

    `log_odds` are the sum of all shares and the `offset`, and `relevance` 1 / (1 + exp(-log_odds)),
    which stays off 0 and 1. A share is the weight of an n-gram for each time that it occurs,
    through `divisor`, times `slope`. `set_name`: which in-domain set it is for, of several.
    """

    model: str
    set_name: str
    relevance: float
    log_odds: float
    offset: float
    slope: float
    divisor: float
    shares: list[NgramShare]

    @property
    def unknown(self) -> int:
        """How many n-grams training never saw."""
        return sum(share.weight == 0 for share in self.shares)


def relevance_sum(path: str, text: str) -> RelevanceSum:
    """The sum of a text by the model in a file. Raises InputError if it is not one."""
    from dataselect.operations.relevance.model import Relevance

    model = Relevance.load(path)
    values, winners = model.relevance([text])
    which = int(winners[0])
    found = model.evidence(text, which)
    return RelevanceSum(
        path,
        model.names_[which],
        float(values[0]),
        math.fsum([*found.shares.values(), found.offset]),
        found.offset,
        found.slope,
        found.divisor,
        [NgramShare(ngram, share, found.weights[ngram]) for ngram, share in found.shares.items()],
    )


@dataclass(frozen=True)
class ReportedWeights:
    """Those n-grams of a text that a run report lists, with their weights, by in-domain set."""

    report: str
    weights: dict[str, dict[str, float]] = field(default_factory=dict)


def reported_weights(stage: Stage, text: str) -> ReportedWeights:
    """The weights of a text's n-grams in the report of a relevance run."""
    from dataselect.models.ngrams import Ngrams

    options = stage.options
    ngrams = Ngrams(options["ngrams"], options["analyzer"], options["lowercase"])
    own = {ngram for _, ngram in ngrams.strings(text)}
    return ReportedWeights(
        stage.path,
        {
            name: {
                ngram: weight
                for side in ("ngrams_for", "ngrams_against")
                for ngram, weight in figures.get(side, [])  # type: ignore[attr-defined]  # a list
                if ngram in own
            }
            for name, figures in stage.learnt.get("sets", {}).items()
        },
    )
