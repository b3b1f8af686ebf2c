"""Options declared in a line each, and the decorator that turns groups of them into parameters.

A command names a group as one parameter; `spread` turns it into one option a field for typer and
hands the command the filled group back. So an option is written down once.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, field, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from typer import Argument, Option

from dataselect.errors import OptionError

F = TypeVar("F", bound=Callable[..., None])

SCORING, RECORDS, RUN = "Scoring", "Records", "Files and runs"
"""Sections of the help that several groups have options in."""


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
    return option("FIELD", RECORDS, told)


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
    RUN,
    "The longest line to read, such as 1G: a longer one is a bad record, and is never held in "
    "memory [default: 64M].",
)


def _longest(spelled: str | None) -> int:
    """How many bytes a line may have. Raises OptionError."""
    from dataselect.data.files.line_blocks import (
        LEAST_LONGEST_LINE,
        LONGEST_LINE,
        parse_bytes,
        spelled_bytes,
    )

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
        from dataselect.data.files.line_blocks import limit_lines

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
