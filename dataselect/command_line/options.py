"""The groups of options that commands share.

What runs is imported where it is used, here as in each command: help needs none of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dataselect.command_line.option import RECORDS, RUN, SCORING, argument, option
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.data.fields import Column
    from dataselect.data.formats import Format, Layout
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings


SPEAKERS = "Speakers"
"""The section of `SpeakerOptions`."""


@dataclass(frozen=True)
class InputOptions:
    """What is read."""

    files: list[str] | None = argument(
        "[FILES]...",
        "JSONL, text, CSV, TSV and others (see dataselect help formats), plain or .gz .zst .bz2 "
        ".xz, or quoted patterns; - or nothing is standard input.",
    )
    source: str | None = option(
        "FORMAT",
        RECORDS,
        "The format of FILES [default: told by suffix and first bytes; through a pipe jsonl].",
        name="--from",
    )
    columns: str | None = option(
        "NAME,...",
        RECORDS,
        "csv, tsv: the columns, by position, - for one to pass over [default: line 1 names them].",
    )
    no_header: bool = option("", RECORDS, "csv, tsv: line 1 is a record, too.", False)
    delimiter: str | None = option(
        "CHARACTER", RECORDS, "csv: what stands between cells [default: line 1 tells]."
    )
    list_size: int | None = option("N", RECORDS, "nemo-nbest: how many lines a list has.", min=1)

    def layout(self) -> Layout:
        """What files do not say themselves. Raises OptionError."""
        from dataselect.data.formats import Layout

        names = None if self.columns is None else tuple(self.columns.split(","))
        return Layout(names, not self.no_header, self.delimiter, list_size=self.list_size)

    def open(
        self,
        *,
        digest: bool = False,
        text_field: str = "text",
        written: Format | None = None,
        blank_lines: bool = False,
    ) -> RecordFiles:
        """The inputs, checked. `written`: see `RecordFiles`. Raises InputError, OptionError."""
        from dataselect.data.formats.record_files import RecordFiles

        return RecordFiles(
            self.files or [],
            digest=digest,
            source=self.source,
            layout=replace(self.layout(), blank_lines=blank_lines),
            text_field=text_field,
            written=written,
        )


@dataclass(frozen=True)
class OutputOptions:
    """What is written, and what happens to bad records."""

    output: str = option(
        "FILE",
        RUN,
        "Write here instead of standard output; appears whole at the end, compressed by suffix.",
        "-",
        short="-o",
    )
    report: str | None = option(
        "FILE", RUN, "Write a JSON report here: options, digests, counts, quantiles, the cut."
    )
    text_field: str = option(
        "FIELD",
        RECORDS,
        "Where the text is, dots reach inwards, such as supervisions.0.text [default: text].",
        "text",
    )
    on_error: str = option(
        "fail|skip|FILE",
        RECORDS,
        "Stop at a bad record, skip it, or collect it in FILE with the reason [default: fail].",
        "fail",
    )
    min_records: int = option("N", RUN, "Exit with 3 and write nothing if fewer are kept.", 0)
    allow_empty: bool = option("", RUN, "Accept that nothing is kept.", False)
    quiet: bool = option("", RUN, "No progress bar, summary or warnings.", False, short="-q")

    given: dict[str, Any] = field(default_factory=dict, compare=False)

    def build(self) -> Settings:
        """The settings of a run."""
        from dataselect.execution.run import Settings

        return Settings(**vars(self))


TARGET = option(
    "FORMAT",
    RUN,
    "The format of the output [default: told by its suffix; jsonl].",
    name="--to",
)
"""The option `--to`, of commands that write records."""


@dataclass(frozen=True)
class RunOptions(OutputOptions):
    """What is written, and how records that are scored or selected get there."""

    target: str | None = TARGET
    sort: bool = option(
        "",
        RUN,
        "Write best first instead of in input order; by check the most doubtful first.",
        False,
    )
    rejects: str | None = option(
        "FILE", RUN, "Write what was dropped here, with the reason in 'dropped'."
    )
    jobs: int | None = option(
        "N",
        RUN,
        "Worker processes; the output is the same for any N [default: 1; with "
        "--engine ray as many as the cluster has processors].",
        short="-j",
        min=1,
    )
    seed: int = option("N", RUN, "Seed of everything random [default: 0].", 0, min=0)

    def build(self) -> Settings:
        """The settings of a run."""
        from dataselect.execution.run import Settings

        return Settings(**{**vars(self), "jobs": self.jobs or 1})


@dataclass(frozen=True)
class ModelOptions:
    """A fitted model: to score with, or to keep."""

    model: str | None = option("FILE", SCORING, "Score with a saved model instead of fitting one.")
    save_model: str | None = option("FILE", SCORING, "Write the fitted model here.")
    fit_only: bool = option("", SCORING, "Fit and save, score nothing.", False)

    def check(self, settings: Settings, fitting: list[str]) -> None:
        """Raise OptionError for options that contradict each other; `fitting`: those of a fit."""
        from dataselect.data.files.compression import refuse_compressed
        from dataselect.data.files.sinks import STDOUT

        if self.model is not None and fitting:
            raise OptionError(f"{fitting[0]} is for fitting, and --model is fitted already")
        if self.model is not None and (self.save_model or self.fit_only):
            raise OptionError(
                "--save-model and --fit-only are for fitting, and --model is fitted already"
            )
        if self.save_model is not None:
            refuse_compressed(self.save_model, "a model")
        if self.fit_only and self.save_model is None:
            raise OptionError("--fit-only without --save-model FILE would lose the model")
        if self.fit_only and (settings.output != STDOUT or settings.rejects):
            raise OptionError("--fit-only scores nothing; leave --output and --rejects out")

    def reads(self) -> list[Inputs]:
        """The model, if there is one."""
        from dataselect.data.input_files import Inputs

        return [] if self.model is None else [Inputs([self.model])]


@dataclass(frozen=True)
class AnnotationOptions:
    """Where an annotation is."""

    intent_field: str = option("FIELD", RECORDS, "Where the intent is [default: intent].", "intent")
    slots_field: str = option(
        "FIELD",
        RECORDS,
        "Where the slots are: objects with slot, start and end, in characters [default: slots].",
        "slots",
    )


@dataclass(frozen=True)
class SpeakerOptions:
    """How many speakers have to have said what is kept or shown."""

    min_speakers: int | None = option(
        "K",
        SPEAKERS,
        "Keep and show only what K different speakers said [default: all; no field is read].",
        min=1,
    )
    speaker_field: str | None = option("FIELD", RECORDS, "Where the speaker is [default: speaker].")

    def column(self) -> Column | None:
        """Where the speakers are, None where nobody asks for them. Raises OptionError."""
        from dataselect.data.fields import Column

        if self.asks:
            return Column.speaker(self.speaker_field or "speaker")
        if self.speaker_field is not None:
            raise OptionError("--speaker-field is for --min-speakers, which is not given")
        return None

    @property
    def asks(self) -> bool:
        """Whether speakers matter."""
        return self.min_speakers is not None
