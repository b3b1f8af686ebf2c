"""The options that commands share, in groups, and the decorator that spreads them out.

A command names a group as one parameter; `spread` turns it into one option a field for typer and
hands the command the filled group back. So an option is written down once.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

from typer import Argument, Option

from dataselect.data.compression import refuse_compressed
from dataselect.data.input_files import Inputs
from dataselect.data.line_blocks import (
    LEAST_LONGEST_LINE,
    LONGEST_LINE,
    limit_lines,
    parse_bytes,
    spelled_bytes,
)
from dataselect.data.output_files import STDOUT
from dataselect.errors import OptionError
from dataselect.execution.run import Settings
from dataselect.selection.budgets import parse_budget, parse_share
from dataselect.selection.rule import Selection

F = TypeVar("F", bound=Callable[..., None])

_SCORE, _SELECT, _RECORDS, _RUN = "Scoring", "Selection", "Records", "Files and runs"


def option(*names: str, section: str, help_: str, **more: Any) -> Any:
    """An option under a heading of the help; a default worth telling is told in `help_`."""
    return Option(*names, help=help_, rich_help_panel=section, show_default=False, **more)


@dataclass(frozen=True)
class InputOptions:
    """What is read."""

    files: Annotated[
        list[str] | None,
        Argument(
            metavar="[FILES]...",
            help="JSONL files, plain or .gz .zst .bz2 .xz, or quoted patterns; "
            "- or nothing is standard input.",
            show_default=False,
        ),
    ] = None

    def open(self, *, digest: bool = False) -> Inputs:
        """The inputs, checked."""
        return Inputs(self.files or [], digest=digest)


@dataclass(frozen=True)
class SelectionOptions:
    """Which records are kept."""

    threshold: Annotated[
        float | None,
        option(
            "--threshold", section=_SELECT, metavar="X", help_="Keep scores on the good side of X."
        ),
    ] = None
    top_k: Annotated[
        int | None, option("--top-k", section=_SELECT, metavar="N", help_="Keep the best N.")
    ] = None
    share: Annotated[
        str | None,
        option(
            "--share",
            section=_SELECT,
            metavar="P",
            help_="Keep the best share, 10% or 0.1, rounded down.",
        ),
    ] = None
    budget: Annotated[
        str | None,
        option(
            "--budget",
            section=_SELECT,
            metavar="N",
            help_="Keep the best that fit into N of --cost; 10h, 90min or 30s of a field in "
            "seconds.",
        ),
    ] = None
    cost: Annotated[
        str,
        option(
            "--cost",
            section=_SELECT,
            metavar="records|words|chars|FIELD",
            help_="What --budget counts: records, words, chars or a numeric field.",
        ),
    ] = "records"
    sample: Annotated[
        int | None,
        option(
            "--sample",
            section=_SELECT,
            metavar="N",
            help_="Draw N without replacement, in proportion to the score (see --seed).",
        ),
    ] = None
    auto: Annotated[
        str | None,
        option(
            "--auto",
            section=_SELECT,
            metavar="DEV",
            help_="Keep the best share whose text makes the n-gram model of lowest perplexity on "
            "this JSONL text; the curve is in --report.",
        ),
    ] = None
    per: Annotated[
        str | None,
        option(
            "--per",
            section=_SELECT,
            metavar="FIELD",
            help_="Apply the rule within each value of FIELD.",
        ),
    ] = None
    min_per: Annotated[
        int | None,
        option(
            "--min-per",
            section=_SELECT,
            metavar="N",
            help_="Keep the N best of each --per value, whatever the rule says.",
        ),
    ] = None
    max_per: Annotated[
        int | None,
        option(
            "--max-per", section=_SELECT, metavar="N", help_="Keep at most N of each --per value."
        ),
    ] = None

    def reads(self) -> list[Inputs]:
        """The files that selecting reads, beside the pool."""
        return [] if self.auto is None else [Inputs([self.auto])]

    def build(
        self, *, calibrate: float | None = None, buckets: tuple[float, ...] = ()
    ) -> Selection:
        """The selection, checked. Raises OptionError."""
        budget, unit = parse_budget(self.budget, self.cost)
        return Selection(
            threshold=self.threshold,
            calibrate=calibrate,
            top_k=self.top_k,
            share=None if self.share is None else parse_share(self.share),
            budget=budget,
            budget_unit=unit,
            cost=self.cost,
            sample=self.sample,
            auto=self.auto,
            per=self.per,
            min_per=self.min_per,
            max_per=self.max_per,
            buckets=buckets,
        )


Calibrate = Annotated[
    float | None,
    option(
        metavar="Q",
        help_="As a threshold: what a share Q of held-out in-domain records would pass.",
        section=_SELECT,
    ),
]
"""The type of the option `--calibrate`, of commands that fit a model."""


@dataclass(frozen=True)
class OutputOptions:
    """What is written, and what happens to bad records."""

    output: Annotated[
        str,
        option(
            "--output",
            "-o",
            section=_RUN,
            metavar="FILE",
            help_="Write here instead of standard output; appears whole at the end, compressed "
            "by suffix.",
        ),
    ] = "-"
    report: Annotated[
        str | None,
        option(
            "--report",
            section=_RUN,
            metavar="FILE",
            help_="Write a JSON report here: options, digests, counts, quantiles, the cut.",
        ),
    ] = None
    text_field: Annotated[
        str,
        option(
            "--text-field",
            section=_RECORDS,
            metavar="FIELD",
            help_="Where the text is, dots reach inwards [default: text].",
        ),
    ] = "text"
    on_error: Annotated[
        str,
        option(
            "--on-error",
            section=_RECORDS,
            metavar="fail|skip|FILE",
            help_="Stop at a bad record, skip it, or collect it in FILE with the reason "
            "[default: fail].",
        ),
    ] = "fail"
    min_records: Annotated[
        int,
        option(
            "--min-records",
            section=_RUN,
            metavar="N",
            help_="Exit with 3 and write nothing if fewer are kept.",
        ),
    ] = 0
    allow_empty: Annotated[
        bool, option("--allow-empty", section=_RUN, help_="Accept that nothing is kept.")
    ] = False
    quiet: Annotated[
        bool, option("--quiet", "-q", section=_RUN, help_="No progress bar, summary or warnings.")
    ] = False

    def build(self) -> Settings:
        """The settings of a run."""
        return Settings(**vars(self))


@dataclass(frozen=True)
class RunOptions(OutputOptions):
    """What is written, and how records that are scored or selected get there."""

    sort: Annotated[
        bool, option("--sort", section=_RUN, help_="Write best first instead of in input order.")
    ] = False
    rejects: Annotated[
        str | None,
        option(
            "--rejects",
            section=_RUN,
            metavar="FILE",
            help_="Write what was dropped here, with the reason in 'dropped'.",
        ),
    ] = None
    jobs: Annotated[
        int | None,
        option(
            "--jobs",
            "-j",
            min=1,
            metavar="N",
            section=_RUN,
            help_="Worker processes; the output is the same for any N [default: 1; with "
            "--engine ray as many as the cluster has processors].",
        ),
    ] = None
    seed: Annotated[
        int,
        option(
            "--seed", section=_RUN, metavar="N", help_="Seed of everything random [default: 0]."
        ),
    ] = 0

    def build(self) -> Settings:
        """The settings of a run."""
        return Settings(**{**vars(self), "jobs": self.jobs or 1})


@dataclass(frozen=True)
class ModelOptions:
    """A fitted model: to score with, or to keep."""

    model: Annotated[
        str | None,
        option(
            metavar="FILE",
            help_="Score with a saved model instead of fitting one.",
            section=_SCORE,
        ),
    ] = None
    save_model: Annotated[
        str | None, option(metavar="FILE", help_="Write the fitted model here.", section=_SCORE)
    ] = None
    fit_only: Annotated[
        bool, option("--fit-only", help_="Fit and save, score nothing.", section=_SCORE)
    ] = False

    def check(self, settings: Settings, fitting: list[str]) -> None:
        """Raise OptionError for options that contradict each other; `fitting`: those of a fit."""
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
        return [] if self.model is None else [Inputs([self.model])]


def given(group: Any) -> list[str]:
    """Names of the options of a group that were set."""
    plain = type(group)()
    return [
        f"--{name.replace('_', '-')}"
        for name, value in vars(group).items()
        if value != getattr(plain, name)
    ]


MaxLine = Annotated[
    str | None,
    option(
        metavar="SIZE",
        help_="The longest line to read, such as 1G: a longer one is a bad record, and is never "
        "held in memory [default: 64M].",
        section=_RUN,
    ),
]
"""The type of the option `--max-line`, of all commands."""

_MAX_LINE = "max_line"


def _longest(spelled: str | None) -> int:
    """How many bytes a line may have. Raises OptionError."""
    if spelled is None:
        return LONGEST_LINE
    try:
        found = parse_bytes(spelled)
    except ValueError:
        raise OptionError(f"--max-line {spelled} is no size; write such as 64M or 1G") from None
    if found < LEAST_LONGEST_LINE:
        least = spelled_bytes(LEAST_LONGEST_LINE)
        raise OptionError(f"--max-line {spelled}: lines of {least} are always read; give more")
    return found


def spread(command: F) -> F:
    """Replace each parameter that is a group of options by the group's fields.

    The command itself still gets whole groups. Two groups must not share a field name. What every
    command has is added: --max-line.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type] = {}
    for parameter in inspect.signature(command).parameters.values():
        hint = hints[parameter.name]
        if not is_dataclass(hint):
            parameters.append(parameter.replace(annotation=hint, kind=parameter.KEYWORD_ONLY))
            continue
        assert isinstance(hint, type)
        groups[parameter.name] = hint
        own = get_type_hints(hint, include_extras=True)
        parameters += [
            inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=own[each.name],
                default=inspect.Parameter.empty if each.default is MISSING else each.default,
            )
            for each in fields(hint)
        ]

    parameters.append(
        inspect.Parameter(
            _MAX_LINE, inspect.Parameter.KEYWORD_ONLY, annotation=MaxLine, default=None
        )
    )

    @wraps(command)
    def spread_out(**given: Any) -> None:
        limit_lines(_longest(given.pop(_MAX_LINE)))
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        command(**given)

    spread_out.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    spread_out.__annotations__ = {each.name: each.annotation for each in parameters}
    return spread_out  # type: ignore[return-value]  # the command, called by name only
