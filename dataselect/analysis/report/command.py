"""`dataselect report`: run reports and scored records as one HTML page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from dataselect.command_line.ending import note, warn
from dataselect.command_line.options import option
from dataselect.console import Progress
from dataselect.data.input_files import STDIN, Inputs, rereadable, spelled_out
from dataselect.data.output_files import STDOUT
from dataselect.errors import OptionError
from dataselect.execution.run import Run, Settings
from dataselect.models.system_errors import writing_to

if TYPE_CHECKING:
    from dataselect.analysis.report.figures.style import PlotFormat
    from dataselect.analysis.report.page import Page, PageSettings
    from dataselect.data.line_blocks import Block

_NOUN, _DATA, _PAGE = "report", "What is shown", "The page"


@dataclass(frozen=True)
class PageContentOptions:
    """What the page is about."""

    reports: Annotated[
        list[str] | None,
        Argument(
            metavar="[REPORTS]...",
            help="What runs that score or select, and compare, wrote by --report, in any order; "
            "stages that read what others wrote are found by that.",
            show_default=False,
        ),
    ] = None
    scored: Annotated[
        list[str] | None,
        option(
            metavar="FILE",
            help_="Scored JSONL that no report names, again for several: what was written to "
            "standard output, or records without a report. The field 'dropped' marks what was "
            "dropped.",
            section=_DATA,
        ),
    ] = None
    by: Annotated[
        str | None,
        option(
            metavar="FIELD",
            help_="Where --scored records have their score [default: the last field of the first "
            "record that a command adds].",
            section=_DATA,
        ),
    ] = None
    in_domain: Annotated[
        list[str] | None,
        option(
            metavar="FILE",
            help_="In-domain text for the map; again for several [default: what the reports name].",
            section=_DATA,
        ),
    ] = None
    text_field: Annotated[
        str,
        option(
            metavar="FIELD",
            help_="Where --scored records have their text [default: text].",
            section=_DATA,
        ),
    ] = "text"
    label_field: Annotated[
        str | None,
        option(
            metavar="FIELD",
            help_="Count records by this label [default: truth, intent or relevance_for, "
            "whichever there is].",
            section=_DATA,
        ),
    ] = None

    def check(self) -> None:
        """Raise OptionError where nothing is shown, or an option has no use. Copies pipes."""
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

    output: Annotated[
        str,
        option(
            "--output",
            "-o",
            metavar="FILE",
            help_="Write the page here instead of to standard output.",
            section=_PAGE,
        ),
    ] = STDOUT
    plots: Annotated[
        str | None,
        option(
            metavar="DIR",
            help_="Write the figures as files, too; a folder that holds other files is refused.",
            section=_PAGE,
        ),
    ] = None
    plots_format: Annotated[
        Literal["svg", "png"],
        Option("--plots-format", help="The kind of these files.", rich_help_panel=_PAGE),
    ] = "svg"
    title: Annotated[
        str, option(metavar="TEXT", help_="The heading of the page.", section=_PAGE)
    ] = "What was selected"
    samples: Annotated[
        int,
        option(
            min=1,
            metavar="N",
            help_="Records shown of each kind: best, at the cut, at random [default: 8].",
            section=_PAGE,
        ),
    ] = 8
    sample_size: Annotated[
        int,
        option(
            min=1,
            metavar="N",
            help_="Texts drawn of what was kept, and of what was dropped, for n-grams and the map "
            "[default: 20000]. Scores, lengths and labels are those of all records.",
            section=_PAGE,
        ),
    ] = 20_000
    seed: Annotated[
        int, option(metavar="N", help_="Seed of draws and of the map [default: 0].", section=_PAGE)
    ] = 0
    quiet: Annotated[
        bool,
        option("--quiet", "-q", help_="No progress bar, summary or warnings.", section=_PAGE),
    ] = False

    def settings(self, shown: PageContentOptions) -> PageSettings:
        """The settings of the page."""
        from dataselect.analysis.report.page import PageSettings
        from dataselect.analysis.report.record_statistics import Sizes

        return PageSettings(
            self.title,
            shown.in_domain or (),
            shown.label_field,
            Sizes(self.samples, self.sample_size),
            self.seed,
        )


USUAL = "scored by in_domain text_field label_field plots title samples seed output"
EXAMPLES = r"""
dataselect report -o page.html run.json
dataselect report --scored relevant.jsonl --in-domain annotated.jsonl --plots figures \
    -o records.html
"""


def command(shown: PageContentOptions, page: PageOptions) -> None:
    """Show runs and scored records as one HTML page with plots.

    How many records each stage kept, their scores and the cut, what was dropped and why, lengths,
    labels and words before and after, samples, and a map of in-domain, kept and dropped texts.
    One file that needs no network and no script. Needs pip install jinja2 matplotlib.
    """
    from dataselect.analysis.report.figures.style import check_installed
    from dataselect.analysis.report.page import build_page, read_reports, sources_of
    from dataselect.analysis.report.rendering import render

    shown.check()
    check_installed()
    settings = Settings(output=page.output, quiet=page.quiet, seed=page.seed)
    reports = list(dict.fromkeys(Inputs(shown.reports).paths)) if shown.reports else []
    scored = list(dict.fromkeys(Inputs(shown.scored).paths)) if shown.scored else []
    stages, compared = read_reports(reports)
    sources = sources_of(stages, scored, shown.by, shown.text_field)
    records = list(
        dict.fromkeys(path for lineage in sources for each in lineage for path in each.files)
    )
    others = [Inputs(paths) for paths in (records, shown.in_domain) if paths]
    with Run(Inputs(reports or scored), settings, also_read=others) as run:
        folder = None if page.plots is None else run.open_folder(page.plots, _holds_plots)
        with Progress(_NOUN, None, quiet=page.quiet) as progress:
            built = build_page(sources, compared, page.settings(shown), _Meter(progress))
        run.write(render(built))
        if folder is not None:
            with writing_to(page.plots or folder):
                _save(built, folder, page.plots_format)
    warn(built.warnings, settings)
    note(f"runs on the page: {len(built.sections)}", quiet=page.quiet)


class _Meter:
    """Adds up for a progress bar how much has been read of all files."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._bytes, self._records = progress, 0, 0

    def __call__(self, block: Block, records: int) -> None:
        """Add a block."""
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
