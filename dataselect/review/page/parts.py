"""A stage on the page, as numbers and texts: computed here, drawn and written elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.review.page import histogram
from dataselect.runs import Counts

if TYPE_CHECKING:
    from dataselect.engines.log_odds import Contrast
    from dataselect.review.page.draws import Row
    from dataselect.review.page.histogram import Histogram
    from dataselect.review.page.piles import Piles
    from dataselect.review.page.sources import Source

_EVERYTHING = "everything"
_NGRAMS = 12
_CHANCE = 2.0  # a z-score that chance alone seldom reaches
_QUANTILES = {
    "0": "lowest",
    "0.01": "1 %",
    "0.05": "5 %",
    "0.25": "25 %",
    "0.5": "median",
    "0.75": "75 %",
    "0.95": "95 %",
    "0.99": "99 %",
    "1": "highest",
}


class Samples(NamedTuple):
    """Some records of one kind, and what they are."""

    title: str
    kind: str
    rows: list[Row]


@dataclass(frozen=True)
class Part:
    """A stage: what it did to scores and words, and some of its records.

    `quantiles` are rows of a name and the scores of what was kept, dropped and both.
    `ngrams` are those of the kept, then of the dropped texts; `compared` how many texts of each.
    """

    number: int
    source: Source
    counts: Counts
    scores: Histogram | None
    quantiles: list[tuple[str, list[float | None]]]
    reasons: list[tuple[str, int]]
    ngrams: tuple[list[Contrast], list[Contrast]]
    compared: tuple[int, int]
    samples: list[Samples]
    notes: list[str]

    @property
    def anchor(self) -> str:
        """What links to it are called."""
        return f"stage-{self.number}"

    @property
    def rule(self) -> str:
        """What was to be kept, empty where no selection option was given."""
        stage = self.source.stage
        return "" if stage is None or stage.cut.rule == _EVERYTHING else stage.cut.rule

    @property
    def cut(self) -> float | None:
        """The score that tells kept from dropped, if one does."""
        return None if self.scores is None else self.scores.cut

    @property
    def facts(self) -> dict[str, Any]:
        """The run report, empty where there is none."""
        return {} if self.source.stage is None else self.source.stage.facts

    @property
    def own(self) -> dict[str, Any]:
        """What the report says of the scorer."""
        found: dict[str, Any] = self.facts.get(self.source.title) or {}
        return found


def tell(number: int, source: Source, piles: Piles) -> Part:
    """Everything of a stage that its piles tell."""
    stage = source.stage
    counts = Counts(
        piles.kept.records + piles.dropped.records, piles.kept.records, piles.dropped.records
    )
    cut = _cut(source, piles)
    texts = piles.kept.texts.items, piles.dropped.texts.items
    return Part(
        number=number,
        source=source,
        counts=counts if stage is None else stage.counts,
        scores=histogram.of_scores(
            piles.kept.scores,
            piles.dropped.scores,
            piles.scores,
            cut,
            source.direction,
        ),
        quantiles=_quantiles(source, piles),
        reasons=piles.dropped.reasons.most_common(),
        ngrams=_ngrams(*texts),
        compared=(len(texts[0]), len(texts[1])),
        samples=_samples(piles, has_cut=cut is not None),
        notes=[*source.notes, *_miscounts(source, piles)],
    )


def _cut(source: Source, piles: Piles) -> float | None:
    """The worst score that was kept, where another was dropped by a selection option."""
    if not piles.dropped.records:
        return None
    if source.stage is not None:
        return None if source.stage.cut.rule == _EVERYTHING else source.stage.cut.score
    worst = "0" if source.direction == "high" else "1"
    return piles.kept.scores.quantiles().get(worst)


def _quantiles(source: Source, piles: Piles) -> list[tuple[str, list[float | None]]]:
    columns = [each.scores.quantiles() for each in (piles.kept, piles.dropped)]
    told = {} if source.stage is None else source.stage.facts.get("quantiles") or {}
    columns.append(told or piles.scores.quantiles())
    if not any(columns):
        return []
    return [
        (name, [column.get(quantile) for column in columns])
        for quantile, name in _QUANTILES.items()
    ]


def _miscounts(source: Source, piles: Piles) -> list[str]:
    """That files do not hold what their report says, where that is so."""
    if source.stage is None:
        return []
    found = []
    counts = source.stage.counts
    for files, held, expected, what in (
        (source.kept, piles.kept.records, counts.kept, "kept"),
        (source.dropped, piles.dropped.records, counts.dropped, "dropped"),
    ):
        if files and held != expected:
            found.append(
                f"{files[0]} holds {held:,} records, and the run {what} {expected:,}: "
                "it was written anew since"
            )
    return found


def _ngrams(kept: Sequence[str], dropped: Sequence[str]) -> tuple[list[Contrast], list[Contrast]]:
    from dataselect.engines.log_odds import contrasts

    found = contrasts(kept, dropped)
    more = [each for each in found[:_NGRAMS] if each.z_score > _CHANCE]
    less = [each for each in found[::-1][:_NGRAMS] if each.z_score < -_CHANCE]
    return more, less


def _samples(piles: Piles, *, has_cut: bool) -> list[Samples]:
    kept, dropped = piles.kept, piles.dropped
    inside, outside = (
        ("Kept, just inside the cut", "Dropped, just outside the cut")
        if has_cut
        else ("Worst of what was kept", "Best of what was dropped")
    )
    found = [
        Samples("Best of what was kept", "kept", kept.best.rows),
        Samples(inside, "kept", kept.worst.rows),
        Samples(outside, "dropped", dropped.best.rows),
        Samples("Dropped, drawn at random", "dropped", dropped.drawn.items),
    ]
    return [each for each in found if each.rows]
