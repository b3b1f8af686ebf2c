"""From run reports and scored records to all numbers and texts of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from dataselect.analysis.report import comparison_section, lineage, stage_files, stage_sections
from dataselect.analysis.report.figures import captions
from dataselect.analysis.report.record_statistics import Sizes, read_piles
from dataselect.analysis.run_reports import is_comparison, lineages, stage_of
from dataselect.execution import run_report

if TYPE_CHECKING:
    from dataselect.analysis.report.comparison_section import Chance
    from dataselect.analysis.report.figures.style import Plot
    from dataselect.analysis.report.lineage import Way
    from dataselect.analysis.report.record_statistics import Piles
    from dataselect.analysis.report.stage_files import Source
    from dataselect.analysis.report.stage_sections import StageSection
    from dataselect.analysis.run_reports import Stage
    from dataselect.data.input_files import Block
    from dataselect.execution.run_report import CompareReport, ScoringReport


@dataclass(frozen=True)
class Wishes:
    """What a reader may ask for; `in_domain` and `label_field` are found where they are not given.

    `seed` is that of draws and of the map.
    """

    title: str = "What was selected"
    in_domain: Sequence[str] = ()
    label_field: str | None = None
    sizes: Sizes = field(default_factory=Sizes)
    seed: int = 0


@dataclass(frozen=True)
class Review:
    """All that the page tells: `plots` are by the anchor of what they are of, then by kind."""

    title: str
    lineages: list[Way]
    comparisons: Sequence[Chance]
    parts: list[StageSection]
    plots: dict[str, dict[str, Plot]]

    @property
    def warnings(self) -> list[str]:
        """What is missing or does not fit together, a line each."""
        return [f"{part.source.title}: {note}" for part in self.parts for note in part.notes]


def routes(
    stages: Sequence[Stage], scored: Sequence[str], by: str | None, text_field: str
) -> list[list[Source]]:
    """Where the records of each way through the stages are.

    Files of `scored` records are what the one stage wrote to standard output, if there is just
    one, else a way of their own. Raises OptionError where nothing tells their score.
    """
    own = {id(stage): stage_files.of_stage(stage) for stage in stages}
    piped = [stage for stage in stages if stage.kept is None]
    if scored and len(piped) == 1:
        own[id(piped[0])] = stage_files.with_scored(own[id(piped[0])], scored)
        scored = ()
    found = [[own[id(stage)] for stage in way] for way in lineages(stages)]
    return [*found, [stage_files.of_scored(scored, by, text_field)]] if scored else found


def told_apart(paths: Sequence[str]) -> tuple[list[Stage], list[Chance]]:
    """The stages among some reports, and the comparisons. Raises InputError for any other."""
    stages: list[Stage] = []
    compared: list[Chance] = []
    for path in paths:
        report = run_report.read(path)
        if is_comparison(report):
            compared.append(
                comparison_section.tell(len(compared) + 1, path, cast("CompareReport", report))
            )
        else:
            stages.append(stage_of(path, cast("ScoringReport", report)))
    return stages, compared


def review(
    found: Sequence[Sequence[Source]],
    compared: Sequence[Chance],
    wishes: Wishes,
    when_read: Callable[[Block, int], None],
) -> Review:
    """Read everything, and draw the figures; `when_read` is told of each block.

    Raises InputError for a bad record.
    """
    from dataselect.analysis.report.figures.style import drawing

    with drawing():
        told, piles = _read({id(each): each for way in found for each in way}, wishes, when_read)
        all_ways = [
            lineage.tell(
                number,
                [told[id(each)] for each in way],
                [piles[id(each)] for each in way],
                _in_domain(way, wishes),
                wishes.seed,
            )
            for number, way in enumerate(found, start=1)
        ]
        own = list(told.values())
        figures = {way.anchor: captions.of_way(way) for way in all_ways}
        figures |= {part.anchor: captions.of_part(part) for part in own}
        figures |= {each.anchor: captions.of_chance(each) for each in compared}
    return Review(wishes.title, all_ways, compared, own, figures)


def _read(
    found: dict[int, Source], wishes: Wishes, when_read: Callable[[Block, int], None]
) -> tuple[dict[int, StageSection], dict[int, Piles]]:
    """Every stage by the key of its source."""
    import numpy as np

    told, piles = {}, {}
    for number, (key, source) in enumerate(found.items(), start=1):
        label = wishes.label_field or stage_files.label_field(source.files)
        rng = np.random.default_rng([wishes.seed, number])
        piles[key] = read_piles(source, label, wishes.sizes, rng, when_read)
        told[key] = stage_sections.tell(number, source, piles[key])
    return told, piles


def _in_domain(way: Sequence[Source], wishes: Wishes) -> list[str]:
    """In-domain texts of a way, of the files that are given or else those its reports name."""
    import numpy as np

    stages = [source.stage for source in way if source.stage is not None]
    files = list(wishes.in_domain) or stage_files.in_domain_files(stages)
    fields = [name for stage in stages for name in (stage.options["text_field"], stage.text_field)]
    rng = np.random.default_rng(wishes.seed)
    return stage_files.in_domain_texts(
        files, fields or [way[0].text_field], lineage.POINTS[lineage.IN_DOMAIN], rng
    )
