"""From run reports and scored records to all numbers and texts of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from dataselect.analysis.report import stage_files
from dataselect.analysis.report.figures.lineage_figures import of_lineage
from dataselect.analysis.report.figures.stage_figures import of_comparison, of_stage
from dataselect.analysis.report.lineage import IN_DOMAIN, POINTS, Lineage, lineage_of
from dataselect.analysis.report.record_statistics import Sizes, StageStatistics, read_statistics
from dataselect.analysis.report.sections.audit_section import AuditSection, audit_section
from dataselect.analysis.report.sections.comparison_section import (
    ComparisonSection,
    comparison_section,
)
from dataselect.analysis.report.sections.evaluation_section import (
    EvaluationSection,
    evaluation_section,
)
from dataselect.analysis.report.stage_sections import StageSection, stage_section
from dataselect.analysis.run_reports import lineages, stage_of
from dataselect.execution import run_report

if TYPE_CHECKING:
    from dataselect.analysis.report.figures.style import Plot
    from dataselect.analysis.report.stage_files import Source
    from dataselect.analysis.run_reports import Stage
    from dataselect.data.fields import Column
    from dataselect.data.files.line_blocks import Block
    from dataselect.execution.report_documents import (
        AuditReport,
        CompareReport,
        EvaluateReport,
        ScoringReport,
    )


@dataclass(frozen=True)
class PageSettings:
    """What the page shows; `in_domain` and `label_field` are found where they are not given.

    `seed` is that of draws and of the map. N-grams are shown that `min_speakers` said, of whom
    `speaker` tells; none, and no texts, with `no_text`.
    """

    title: str = "What was selected"
    in_domain: Sequence[str] = ()
    in_domain_field: str | None = None
    label_field: str | None = None
    sizes: Sizes = field(default_factory=Sizes)
    seed: int = 0
    speaker: Column | None = None
    min_speakers: int | None = None
    no_text: bool = False


@dataclass(frozen=True)
class Page:
    """The content of the page: `plots` are by the anchor of their section, then by kind."""

    title: str
    lineages: list[Lineage]
    comparisons: Sequence[ComparisonSection]
    audits: Sequence[AuditSection]
    evaluations: Sequence[EvaluationSection]
    sections: list[StageSection]
    plots: dict[str, dict[str, Plot]]

    @property
    def warnings(self) -> list[str]:
        """What is missing or does not fit together, a line each."""
        return [f"{each.source.title}: {note}" for each in self.sections for note in each.notes]


def sources_of(
    stages: Sequence[Stage], scored: Sequence[str], by: str | None, text_field: str
) -> list[list[Source]]:
    """Where the records of each lineage of stages are.

    Files of `scored` records are what the one stage wrote to standard output, if there is just
    one, else a lineage of their own. Raises OptionError where their score field is not known.
    """
    own = {id(stage): stage_files.of_stage(stage) for stage in stages}
    piped = [stage for stage in stages if stage.kept is None]
    if scored and len(piped) == 1:
        own[id(piped[0])] = stage_files.with_scored(own[id(piped[0])], scored)
        scored = ()
    found = [[own[id(stage)] for stage in each] for each in lineages(stages)]
    return [*found, [stage_files.of_scored(scored, by, text_field)]] if scored else found


class ReadReports(NamedTuple):
    """Run reports by what they are of."""

    stages: list[Stage]
    comparisons: list[ComparisonSection]
    audits: list[AuditSection]
    evaluations: list[EvaluationSection]

    def without_text(self) -> ReadReports:
        """The sections less texts and what quotes them."""
        return ReadReports(
            self.stages,
            [each.without_text() for each in self.comparisons],
            [each.without_text() for each in self.audits],
            [each.without_text() for each in self.evaluations],
        )


def read_reports(paths: Sequence[str]) -> ReadReports:
    """Read some run reports. Raises InputError for what is none that a page can show."""
    found = ReadReports([], [], [], [])
    for path in paths:
        report = run_report.read(path)
        if report["command"] == run_report.COMPARE:
            number = len(found.comparisons) + 1
            facts = cast("CompareReport", report)
            found.comparisons.append(comparison_section(number, path, facts))
        elif report["command"] == run_report.AUDIT:
            number = len(found.audits) + 1
            found.audits.append(audit_section(number, path, cast("AuditReport", report)))
        elif report["command"] == run_report.EVALUATE:
            number = len(found.evaluations) + 1
            evaluated = cast("EvaluateReport", report)
            found.evaluations.append(evaluation_section(number, path, evaluated))
        else:
            found.stages.append(stage_of(path, cast("ScoringReport", report)))
    return found


def build_page(
    sources: Sequence[Sequence[Source]],
    read: ReadReports,
    settings: PageSettings,
    on_block: Callable[[Block, int], None],
) -> Page:
    """Read all records, and draw the figures; `on_block` gets each block and its good records.

    Raises InputError for a bad record.
    """
    from dataselect.analysis.report.figures.style import drawing

    distinct = {id(each): each for lineage in sources for each in lineage}
    with drawing():
        sections, statistics = _read(distinct, settings, on_block)
        all_lineages = [
            lineage_of(
                number,
                [sections[id(each)] for each in lineage],
                [statistics[id(each)] for each in lineage],
                _in_domain(lineage, settings),
                settings.seed,
            )
            for number, lineage in enumerate(sources, start=1)
        ]
        plots = {each.anchor: of_lineage(each) for each in all_lineages}
        plots |= {each.anchor: of_stage(each) for each in sections.values()}
        if settings.no_text:
            read = read.without_text()
        plots |= {each.anchor: of_comparison(each) for each in read.comparisons}
    return Page(
        settings.title,
        all_lineages,
        read.comparisons,
        read.audits,
        read.evaluations,
        list(sections.values()),
        plots,
    )


def _read(
    sources: dict[int, Source], settings: PageSettings, on_block: Callable[[Block, int], None]
) -> tuple[dict[int, StageSection], dict[int, StageStatistics]]:
    """Every stage by the key of its source."""
    import numpy as np

    sections, statistics = {}, {}
    for number, (key, source) in enumerate(sources.items(), start=1):
        label = settings.label_field or stage_files.label_field(source.files)
        rng = np.random.default_rng([settings.seed, number])
        statistics[key] = read_statistics(
            source, label, settings.sizes, rng, on_block, settings.speaker
        )
        sections[key] = stage_section(number, source, statistics[key], settings.min_speakers)
        if settings.no_text:
            sections[key] = sections[key].without_text()
    return sections, statistics


def _in_domain(lineage: Sequence[Source], settings: PageSettings) -> list[str]:
    """In-domain texts of a lineage: of the files that are given, or else its reports name."""
    import numpy as np

    stages = [source.stage for source in lineage if source.stage is not None]
    files = list(settings.in_domain) or stage_files.in_domain_files(stages)
    fields = stage_files.in_domain_fields(stages) or [lineage[0].text_field]
    rng = np.random.default_rng(settings.seed)
    return stage_files.in_domain_texts(
        files, settings.in_domain_field, fields, POINTS[IN_DOMAIN], rng
    )
