"""A stage on the page, as numbers and texts: computed here, drawn and written elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from dataselect.analysis.report.figures import binning
from dataselect.analysis.without_texts import hidden, without_quotations
from dataselect.execution.counting.counts import Counts
from dataselect.selection.ranking import gain
from dataselect.selection.reasons import describe, read_counts

if TYPE_CHECKING:
    from dataselect.analysis.report.extremes import Row
    from dataselect.analysis.report.figures.binning import Histogram
    from dataselect.analysis.report.record_statistics import StageStatistics
    from dataselect.analysis.report.stage_files import Source
    from dataselect.execution.report_documents import Learnt, ScoringReport, SweepDocument
    from dataselect.models.ngrams.keyness import KeynessScore
    from dataselect.models.ngrams.speakers import Speakers

_NGRAMS = 12
_RANKS = 5
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
class StageSection:
    """A stage: what it did to scores and words, and some of its records.

    `cut` is the worst score that was kept, None where the score does not decide.
    `quantiles` are rows of a name and the scores of what was kept, dropped and both.
    `ngrams` are those of the kept, then of the dropped texts; `compared` how many texts of each.
    `min_speakers`: how many said each of the `ngrams`, where that matters.
    `ranks`: how many kept texts had each rank in their n-best list, the first ones and all others.
    """

    number: int
    source: Source
    counts: Counts
    cut: float | None
    scores: Histogram | None
    quantiles: list[tuple[str, list[float | None]]]
    reasons: list[tuple[str, int]]
    ngrams: tuple[list[KeynessScore], list[KeynessScore]]
    compared: tuple[int, int]
    ranks: list[tuple[str, int]]
    samples: list[Samples]
    notes: list[str]
    min_speakers: int | None = None

    @property
    def anchor(self) -> str:
        return f"stage-{self.number}"

    @property
    def rule(self) -> str:
        """What was to be kept, empty where no selection option was given."""
        stage = self.source.stage
        return stage.cut.rule if stage is not None and stage.cut.selects else ""

    @property
    def facts(self) -> ScoringReport | dict[str, Any]:
        """The run report, empty where there is none."""
        return {} if self.source.stage is None else self.source.stage.facts

    @property
    def sweep(self) -> SweepDocument | None:
        return None if self.source.stage is None else self.source.stage.facts["auto"]

    @property
    def own(self) -> Learnt:
        """What the report says of the scorer, without n-grams that fewer may have said."""
        learnt: Learnt = {} if self.source.stage is None else self.source.stage.learnt
        if _learnt_of_few(self.source, self.min_speakers):
            return {**learnt, "sets": {}}
        return learnt

    def without_text(self) -> StageSection:
        """The section less samples, n-grams, and what reports say of them."""
        source = self.source
        if source.stage is not None:
            stage = replace(source.stage, facts=cast("ScoringReport", hidden(source.stage.facts)))
            source = replace(source, stage=stage)
        notes = list(map(without_quotations, self.notes))
        return replace(self, source=source, samples=[], ngrams=([], []), notes=notes)


def stage_section(
    number: int, source: Source, statistics: StageStatistics, min_speakers: int | None = None
) -> StageSection:
    """The section of a stage, from statistics of its records.

    `min_speakers`: how many have to have said an n-gram that is shown.
    """
    stage = source.stage
    counts = Counts(
        statistics.kept.records + statistics.dropped.records,
        statistics.kept.records,
        statistics.dropped.records,
    )
    from dataselect.models.ngrams.speakers import Speakers

    cut = _cut(source, statistics)
    texts = statistics.kept.texts.shuffled(), statistics.dropped.texts.shuffled()
    speakers = None
    if min_speakers is not None:
        own, others = statistics.kept.said.shuffled(), statistics.dropped.said.shuffled()
        texts = [text for text, _ in own], [text for text, _ in others]
        speakers = Speakers(min_speakers)
        speakers.add(who for _, who in (*own, *others))
    return StageSection(
        number=number,
        source=source,
        counts=counts if stage is None else stage.counts,
        cut=cut,
        scores=binning.of_scores(
            statistics.kept.scores,
            statistics.dropped.scores,
            statistics.scores,
            cut,
            source.direction,
        ),
        quantiles=_quantiles(source, statistics),
        reasons=_reasons(source, statistics),
        ngrams=_ngrams(*texts, speakers),
        compared=(len(texts[0]), len(texts[1])),
        ranks=_ranks(statistics.kept.ranks),
        samples=_samples(source, statistics, has_cut=cut is not None),
        notes=[
            *source.notes,
            *_unscored(source, statistics),
            *_miscounts(source, statistics),
            *(
                [f"its n-grams were learnt without --min-speakers {min_speakers}: not shown"]
                if _learnt_of_few(source, min_speakers)
                else []
            ),
        ],
        min_speakers=min_speakers,
    )


def _reasons(source: Source, statistics: StageStatistics) -> list[tuple[str, int]]:
    """Why records were dropped, and how many, the commonest first."""
    if source.stage is None:
        return statistics.dropped.reasons.most_common()
    counts = read_counts(source.stage.facts["dropped"])
    found = [(describe(reason), count) for reason, count in counts.items() if count]
    return sorted(found, key=lambda each: -each[1])


def _cut(source: Source, statistics: StageStatistics) -> float | None:
    """The worst score that was kept, None where the score does not decide."""
    if source.stage is not None:
        return source.cut if statistics.dropped.records else None
    kept, dropped = statistics.kept.scores.quantiles(), statistics.dropped.scores.quantiles()
    if not kept or not dropped:
        return None
    worst, best = ("0", "1") if source.direction == "high" else ("1", "0")
    limit, nearest = (gain(each, source.direction) for each in (kept[worst], dropped[best]))
    return kept[worst] if limit >= nearest else None


def _quantiles(source: Source, statistics: StageStatistics) -> list[tuple[str, list[float | None]]]:
    columns = [each.scores.quantiles() for each in (statistics.kept, statistics.dropped)]
    reported = {} if source.stage is None else source.stage.facts["quantiles"]
    columns.append(reported or statistics.scores.quantiles())
    if not any(columns):
        return []
    return [
        (name, [column.get(quantile) for column in columns])
        for quantile, name in _QUANTILES.items()
    ]


def _unscored(source: Source, statistics: StageStatistics) -> list[str]:
    """That no record has a score, where that is so."""
    if statistics.scores.total or not statistics.kept.records + statistics.dropped.records:
        return []
    other = "" if source.stage else "; name another field with --by"
    return [f"no record has a number in {source.field}{other}"]


def _miscounts(source: Source, statistics: StageStatistics) -> list[str]:
    """That files do not hold what their report says, where that is so."""
    if source.stage is None:
        return []
    found = []
    counts = source.stage.counts
    if source.mixed and counts.dropped and not statistics.dropped.records:
        found.append("what was dropped is not known; give what --rejects wrote as --scored, too")
    for files, held, expected, what in (
        (source.kept or source.mixed, statistics.kept.records, counts.kept, "kept"),
        (source.dropped, statistics.dropped.records, counts.dropped, "dropped"),
    ):
        if files and held != expected:
            found.append(
                f"{files[0]} holds {held:,} records, and the run {what} {expected:,}: "
                "it was written anew since"
            )
    return found


def _learnt_of_few(source: Source, min_speakers: int | None) -> bool:
    """Whether its report spells n-grams that fewer speakers than that may have said."""
    stage = source.stage
    if stage is None or min_speakers is None or not stage.learnt.get("sets"):
        return False
    return int(stage.options.get("min_speakers") or 1) < min_speakers


def _ngrams(
    kept: Sequence[str], dropped: Sequence[str], speakers: Speakers | None
) -> tuple[list[KeynessScore], list[KeynessScore]]:
    from dataselect.models.ngrams.keyness import contrasts
    from dataselect.models.ngrams.speakers import UnsaidNgrams

    found = contrasts(kept, dropped)
    more = (each for each in found if each.z_score > _CHANCE)
    less = (each for each in found[::-1] if each.z_score < -_CHANCE)
    if speakers is not None:
        said = UnsaidNgrams([*kept, *dropped], speakers)
        more = (each for each in more if each.ngram not in said)
        less = (each for each in less if each.ngram not in said)
    return list(islice(more, _NGRAMS)), list(islice(less, _NGRAMS))


def _ranks(counts: Counter[int]) -> list[tuple[str, int]]:
    highest = min(max(counts, default=0), _RANKS)
    first = [(str(rank), counts[rank]) for rank in range(1, highest + 1)]
    rest = counts.total() - sum(count for _, count in first)
    return first + ([(f"above {_RANKS}", rest)] if rest else [])


def _samples(source: Source, statistics: StageStatistics, *, has_cut: bool) -> list[Samples]:
    kept, dropped = statistics.kept, statistics.dropped
    if source.stage is not None and "rules" in source.stage.learnt and not dropped.records:
        found = [
            Samples("The most doubtful", "dropped", kept.worst.rows),
            Samples("Drawn at random", "kept", kept.drawn.shuffled()),
        ]
        return [each for each in found if each.rows]
    inside, outside = (
        ("Kept, just inside the cut", "Dropped, just outside the cut")
        if has_cut
        else ("Worst of what was kept", "Best of what was dropped")
    )
    found = [
        Samples("Best of what was kept", "kept", kept.best.rows),
        Samples(inside, "kept", kept.worst.rows),
        Samples(outside, "dropped", dropped.best.rows),
        Samples("Dropped, drawn at random", "dropped", dropped.drawn.shuffled()),
    ]
    return [each for each in found if each.rows]
