"""`dataselect report`: run reports and scored records as one HTML page."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.ending import note, warn
from dataselect.command_line.option import argument, option
from dataselect.command_line.options import SpeakerOptions
from dataselect.console import Progress
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.analysis.report.figures.style import PlotFormat
    from dataselect.analysis.report.page import Page, PageSettings
    from dataselect.data.files.line_blocks import Block

_NOUN, _DATA, _PAGE = "report", "What is shown", "The page"


@dataclass(frozen=True)
class PageContentOptions:
    """What the page is about."""

    reports: list[str] | None = argument(
        "[REPORTS]...",
        "What runs that score or select, compare, audit and evaluate wrote by --report, in any "
        "order; stages that read what others wrote are found by that.",
    )
    scored: list[str] | None = option(
        "FILE",
        _DATA,
        "Scored JSONL that no report names, again for several: what was written to "
        "standard output, or records without a report. The field 'dropped' marks what was "
        "dropped.",
    )
    by: str | None = option(
        "FIELD",
        _DATA,
        "Where --scored records have their score [default: the last field of the first "
        "record that a command adds].",
    )
    in_domain: list[str] | None = option(
        "FILE",
        _DATA,
        "In-domain text for the map; again for several [default: what the reports name].",
    )
    in_domain_field: str | None = option(
        "FIELD",
        _DATA,
        "Where --in-domain has its text [default: as the reports say, else as --text-field].",
    )
    text_field: str = option(
        "FIELD", _DATA, "Where --scored records have their text [default: text].", "text"
    )
    label_field: str | None = option(
        "FIELD",
        _DATA,
        "Count records by this label [default: truth, intent or relevance_for, "
        "whichever there is].",
    )

    def check(self) -> None:
        """Raise OptionError where nothing is shown, or an option has no use. Copies pipes."""
        from dataselect.data.files.raw_files import STDIN, rereadable, spelled_out

        if not self.reports and not self.scored:
            raise OptionError("name run reports, or records with --scored")
        if self.by is not None and not self.scored:
            raise OptionError("--by is for --scored records; reports name their field")
        read = [*(self.reports or ()), *(self.scored or ()), *(self.in_domain or ())]
        if STDIN in map(spelled_out, read):
            raise OptionError("all files are read more than once; name files, not standard input")
        for path in read:
            rereadable(path)


@dataclass(frozen=True)
class PageOptions:
    """What the page looks like, and where it goes."""

    output: str = option(
        "FILE", _PAGE, "Write the page here instead of to standard output.", "-", short="-o"
    )
    plots: str | None = option(
        "DIR", _PAGE, "Write the figures as files, too; a folder that holds other files is refused."
    )
    plots_format: Literal["svg", "png"] = option("", _PAGE, "The kind of these files.", "svg")
    title: str = option("TEXT", _PAGE, "The heading of the page.", "What was selected")
    samples: int = option(
        "N",
        _PAGE,
        "Records shown of each kind: best, at the cut, at random [default: 8].",
        8,
        min=1,
    )
    sample_size: int = option(
        "N",
        _PAGE,
        "Texts drawn of what was kept, and of what was dropped, for n-grams and the map "
        "[default: 20000]. Scores, lengths and labels are those of all records.",
        20_000,
        min=1,
    )
    no_text: bool = option(
        "",
        _PAGE,
        "Show no text, n-gram or value, as for readers elsewhere: counts, scores, lengths, labels, "
        "and names of files and options.",
        False,
    )
    seed: int = option("N", _PAGE, "Seed of draws and of the map [default: 0].", 0, min=0)
    quiet: bool = option("", _PAGE, "No progress bar, summary or warnings.", False, short="-q")

    def check(self) -> None:
        """Raise OptionError where a person would see the page's source."""
        from dataselect.data.files.sinks import STDOUT

        if self.output == STDOUT and sys.stdout is not None and sys.stdout.isatty():
            raise OptionError("the page is HTML, and would go to the terminal; name a file with -o")

    def settings(self, shown: PageContentOptions, speaking: SpeakerOptions) -> PageSettings:
        from dataselect.analysis.report.page import PageSettings
        from dataselect.analysis.report.record_statistics import Sizes

        return PageSettings(
            self.title,
            shown.in_domain or (),
            shown.in_domain_field,
            shown.label_field,
            Sizes(self.samples, self.sample_size),
            self.seed,
            speaking.column(),
            speaking.min_speakers,
            no_text=self.no_text,
        )


USUAL = (
    "scored by in_domain min_speakers text_field label_field plots title samples no_text seed "
    "output"
)
EXAMPLES = r"""
dataselect report -o page.html run.json
dataselect report --scored relevant.jsonl --in-domain annotated.jsonl --plots figures \
    -o records.html
"""


def command(shown: PageContentOptions, speaking: SpeakerOptions, page: PageOptions) -> None:
    """Show runs and scored records as one HTML page with plots.

    How many records each stage kept, their scores and the cut, what was dropped and why, lengths,
    labels and words before and after, samples, and a map of in-domain, kept and dropped texts.
    One file that needs no network; samples are searched and sorted in it. --min-speakers is for
    n-grams; samples are texts of single speakers. Needs pip install jinja2 matplotlib.
    """
    from dataselect.analysis.report.figures.style import check_installed
    from dataselect.analysis.report.page import build_page, read_reports, sources_of
    from dataselect.analysis.report.rendering import render
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Run, Settings
    from dataselect.models.system_errors import writing_to

    shown.check()
    page.check()
    look = page.settings(shown, speaking)
    check_installed()
    settings = Settings(output=page.output, quiet=page.quiet, seed=page.seed)
    reports = list(dict.fromkeys(Inputs(shown.reports).paths)) if shown.reports else []
    scored = list(dict.fromkeys(RecordFiles(shown.scored).paths)) if shown.scored else []
    read = read_reports(reports)
    sources = sources_of(read.stages, scored, shown.by, shown.text_field)
    records = list(
        dict.fromkeys(path for lineage in sources for each in lineage for path in each.files)
    )
    others = [RecordFiles(paths) for paths in (records, shown.in_domain) if paths]
    with Run(
        Inputs(reports) if reports else RecordFiles(scored), settings, also_read=others
    ) as run:
        folder = None if page.plots is None else run.open_folder(page.plots, _holds_plots)
        with Progress(_NOUN, None, quiet=page.quiet) as progress:
            built = build_page(sources, read, look, _Meter(progress))
        run.write(render(built))
        if folder is not None:
            with writing_to(page.plots or folder):
                _save(built, folder, page.plots_format)
    warn(built.warnings, settings)
    shown_runs = len(built.sections) + len(built.comparisons) + len(built.audits)
    shown_runs += len(built.evaluations)
    note(f"runs on the page: {shown_runs}", quiet=page.quiet)


class _Meter:
    """Adds up for a progress bar how much has been read of all files."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._bytes, self._records = progress, 0, 0

    def __call__(self, block: Block, records: int) -> None:
        self._bytes += len(block.data)
        self._records += records
        self._progress.update(self._bytes, self._records)


def _holds_plots(path: str) -> bool:
    """Whether a folder has figures only, which may be replaced."""
    return all(name.endswith((".svg", ".png")) for name in os.listdir(path))


def _save(page: Page, folder: str, kind: PlotFormat) -> None:
    """Write each figure to a file of its name."""
    from dataselect.analysis.report.figures.style import saved

    for plots in page.plots.values():
        for plot in plots.values():
            with open(os.path.join(folder, f"{plot.name}.{kind}"), "wb") as file:
                file.write(saved(plot.figure, kind))
