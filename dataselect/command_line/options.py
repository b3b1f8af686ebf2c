"""The options that commands share, in groups, and the decorator that spreads them out.

A command names a group as one parameter; `spread` turns it into one option a field for typer and
hands the command the filled group back. So an option is written down once.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import wraps
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from typer import Argument, Option

from dataselect.data.compression import refuse_compressed
from dataselect.data.formats import Format, Layout
from dataselect.data.formats.record_files import RecordFiles
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

F = TypeVar("F", bound=Callable[..., None])

_SCORE, _SELECT, _RECORDS, _RUN = "Scoring", "Selection", "Records", "Files and runs"


def option(
    metavar: str,
    section: str,
    help_: str,
    default: Any = None,
    *,
    name: str | None = None,
    short: str | None = None,
    **limits: Any,
) -> Any:
    """An option, as a field of a group or a parameter of a command; see `spread`.

    It is called as the field is, unless `name` says otherwise. Without a `metavar`, help shows the
    choices and the default; elsewhere a default worth telling is in `help_`.
    """

    def declared(field_name: str, kind: Any) -> Any:
        own = name or f"--{field_name.rstrip('_').replace('_', '-')}"
        names = [own, *([short] if short else [])]
        if (kind is bool and default) or kind == bool | None:
            names = []  # typer's own: --own and --no-own
        told: dict[str, Any] = {"show_default": not metavar and default not in (None, False)}
        if metavar:
            told["metavar"] = metavar
        if section != "Options":
            told["rich_help_panel"] = section
        return Option(*names, help=help_, **{**told, **limits})

    return field(default=default, metadata={_DECLARED: declared})


def argument(metavar: str, help_: str, default: Any = None) -> Any:
    """An argument, likewise."""

    def declared(field_name: str, kind: Any) -> Any:
        return Argument(metavar=metavar, help=help_, show_default=False)

    return field(default=default, metadata={_DECLARED: declared})


_DECLARED = "declared"


def text_field_of(files: str) -> Any:
    """The option that names the text of records in files which another option names."""
    told = f"Where {files} has its text [default: as --text-field, or else text]."
    return option("FIELD", _RECORDS, told)


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
        _RECORDS,
        "The format of FILES [default: told by suffix and first bytes; through a pipe jsonl].",
        name="--from",
    )
    columns: str | None = option(
        "NAME,...",
        _RECORDS,
        "csv, tsv: the columns, by position, - for one to pass over [default: line 1 names them].",
    )
    no_header: bool = option("", _RECORDS, "csv, tsv: line 1 is a record, too.", False)
    delimiter: str | None = option(
        "CHARACTER", _RECORDS, "csv: what stands between cells [default: line 1 tells]."
    )
    list_size: int | None = option("N", _RECORDS, "nemo-nbest: how many lines a list has.", min=1)

    def layout(self) -> Layout:
        """What files do not say themselves. Raises OptionError."""
        if self.delimiter is not None and len(self.delimiter.encode()) != 1:
            raise OptionError(f"--delimiter {self.delimiter!r} is no single character; write one")
        names = None if self.columns is None else tuple(self.columns.split(","))
        return Layout(names, not self.no_header, self.delimiter, list_size=self.list_size)

    def open(
        self,
        *,
        digest: bool = False,
        text_field: str = "text",
        beside: Format | None = None,
        blank_lines: bool = False,
    ) -> RecordFiles:
        """The inputs, checked. `beside`: see `RecordFiles`. Raises InputError, OptionError."""
        return RecordFiles(
            self.files or [],
            digest=digest,
            source=self.source,
            layout=replace(self.layout(), blank_lines=blank_lines),
            text_field=text_field,
            beside=beside,
        )


@dataclass(frozen=True)
class OutputOptions:
    """What is written, and what happens to bad records."""

    output: str = option(
        "FILE",
        _RUN,
        "Write here instead of standard output; appears whole at the end, compressed by suffix.",
        "-",
        short="-o",
    )
    report: str | None = option(
        "FILE", _RUN, "Write a JSON report here: options, digests, counts, quantiles, the cut."
    )
    text_field: str = option(
        "FIELD",
        _RECORDS,
        "Where the text is, dots reach inwards, such as supervisions.0.text [default: text].",
        "text",
    )
    on_error: str = option(
        "fail|skip|FILE",
        _RECORDS,
        "Stop at a bad record, skip it, or collect it in FILE with the reason [default: fail].",
        "fail",
    )
    min_records: int = option("N", _RUN, "Exit with 3 and write nothing if fewer are kept.", 0)
    allow_empty: bool = option("", _RUN, "Accept that nothing is kept.", False)
    quiet: bool = option("", _RUN, "No progress bar, summary or warnings.", False, short="-q")

    given: dict[str, Any] = field(default_factory=dict, compare=False)

    def build(self) -> Settings:
        """The settings of a run."""
        return Settings(**vars(self))


TARGET = option(
    "FORMAT",
    _RUN,
    "The format of the output [default: told by its suffix; jsonl].",
    name="--to",
)
"""The option `--to`, of commands that write records."""


@dataclass(frozen=True)
class RunOptions(OutputOptions):
    """What is written, and how records that are scored or selected get there."""

    target: str | None = TARGET
    sort: bool = option("", _RUN, "Write best first instead of in input order.", False)
    rejects: str | None = option(
        "FILE", _RUN, "Write what was dropped here, with the reason in 'dropped'."
    )
    jobs: int | None = option(
        "N",
        _RUN,
        "Worker processes; the output is the same for any N [default: 1; with "
        "--engine ray as many as the cluster has processors].",
        short="-j",
        min=1,
    )
    seed: int = option("N", _RUN, "Seed of everything random [default: 0].", 0)

    def build(self) -> Settings:
        """The settings of a run."""
        return Settings(**{**vars(self), "jobs": self.jobs or 1})


@dataclass(frozen=True)
class ModelOptions:
    """A fitted model: to score with, or to keep."""

    model: str | None = option("FILE", _SCORE, "Score with a saved model instead of fitting one.")
    save_model: str | None = option("FILE", _SCORE, "Write the fitted model here.")
    fit_only: bool = option("", _SCORE, "Fit and save, score nothing.", False)

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


_MAX_LINE = option(
    "SIZE",
    _RUN,
    "The longest line to read, such as 1G: a longer one is a bad record, and is never held in "
    "memory [default: 64M].",
)


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
    command has is added: --max-line. Settings are told all that was given, for reports.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type] = {}
    for parameter in inspect.signature(command).parameters.values():
        hint = hints[parameter.name]
        if is_dataclass(hint):
            assert isinstance(hint, type)
            groups[parameter.name] = hint
            own = get_type_hints(hint, include_extras=True)
            found = [_parameter(each.name, own[each.name], each) for each in fields(hint)]
            parameters += [each for each in found if each is not None]
        else:
            declared = _parameter(parameter.name, hint, parameter.default)
            assert declared is not None, parameter.name
            parameters.append(declared)
    longest = _parameter("max_line", str | None, _MAX_LINE)
    assert longest is not None
    parameters.append(longest)

    names = {each.name: _option_name(each) for each in parameters}

    @wraps(command)
    def spread_out(**given: Any) -> None:
        told = {"given": {names[name]: value for name, value in given.items() if name != "files"}}
        limit_lines(_longest(given.pop("max_line")))
        for name, group in groups.items():
            own = {each.name for each in fields(group)}
            given[name] = group(
                **{each: given.pop(each) for each in own & given.keys()},
                **(told if "given" in own else {}),
            )
        command(**given)

    spread_out.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    spread_out.__annotations__ = {each.name: each.annotation for each in parameters}
    return spread_out  # type: ignore[return-value]  # the command, called by name only


def _parameter(name: str, hint: Any, declared: Any) -> inspect.Parameter | None:
    """What typer reads of an option or argument; None for a field that is neither.

    One without a default is the metadata of its type.
    """
    default = getattr(declared, "default", MISSING)
    if get_origin(hint) is Annotated:
        hint, declared = get_args(hint)
    if _DECLARED not in getattr(declared, "metadata", {}):
        return None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[hint, declared.metadata[_DECLARED](name, hint)],
        default=inspect.Parameter.empty if default is MISSING else default,
    )


def _option_name(parameter: inspect.Parameter) -> str:
    """What an option is called in reports: as at the command line, with underscores."""
    told = get_args(parameter.annotation)[1]
    spelled = [str(told.default), *(told.param_decls or ())]  # typer takes the first for a default
    named = [each for each in spelled if each.startswith("--")]
    return named[0][2:].replace("-", "_") if named else parameter.name
