"""From command lines to commands: finds the command, and what its options say."""

from __future__ import annotations

import inspect
import os
import sys
from difflib import get_close_matches
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from dataselect.command_line.arguments import refuse_missing_values
from dataselect.command_line.help.overview import COMPLETION, SHOW_VERSION, overview
from dataselect.command_line.registry import COMMANDS, GROUPS
from dataselect.console import PROGRAM
from dataselect.errors import OptionError, OutputError, ReaderGone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def parse(arguments: list[str] | None) -> Callable[[], None] | int:
    """The command with its options, to be called; or an exit code, where help was printed.

    It is not run within typer, which makes other things of some exceptions. Raises OptionError,
    and ReaderGone or OutputError where help cannot be printed.
    """
    if COMPLETION in os.environ:
        return _complete()
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words in ([name] for name in GROUPS):
        arguments = [*words, "--help"]
    try:
        found = _app(arguments, prog_name=PROGRAM, standalone_mode=False)
        if callable(found):
            return found  # type: ignore[no-any-return]  # `load_command` makes it
        if sys.stdout is None:
            raise OutputError("<stdout>: it is closed; redirect it")
        sys.stdout.flush()  # at exit it would be too late to report an error
    except _USAGE_ERROR as error:
        raise OptionError(f"{_message(error, arguments)}; see --help") from None
    except BrokenPipeError:
        raise ReaderGone from None
    except SystemExit as end:  # what typer makes of one
        if isinstance(end.__context__, BrokenPipeError):
            raise ReaderGone from None
        raise
    return int(found or 0)


def _complete() -> int:
    """Answer a shell, as typer does it. Returns the exit code."""
    from typer.completion import completion_init  # type: ignore[attr-defined]  # not public

    completion_init()
    try:
        _app([], prog_name=PROGRAM)
    except SystemExit as end:
        return int(end.code or 0)
    return 1


_MOST_OWNERS = 3  # commands that a message names
_USAGE_ERROR: Any = typer.BadParameter.__mro__[2]  # typer has no public name for it


def _message(error: Any, arguments: list[str] | None) -> str:
    name = getattr(error, "option_name", None)
    if name is None or not hasattr(error, "possibilities"):
        return str(error.format_message()).rstrip(".")
    known = {each: [each] for own in error.ctx.command.get_params(error.ctx) for each in own.opts}
    if len(name) == 2:  # the first letter of an option that was given with one dash
        whole = (each for each in arguments or sys.argv if each.startswith(name) and each != name)
        name = f"-{next(whole, name)}"
    name = name.partition("=")[0]
    owners = "" if name in known else _owners(name)  # known: it was given with one dash
    return f"{error.message}{owners or did_you_mean(name, known)}"


def _owners(name: str) -> str:
    """Which commands have an option, to add to a message that another one lacks it, or nothing."""
    loaded = {each: load_command(each) for each in COMMANDS}
    own = [each for each, found in loaded.items() if any(name in o.opts for o in found.params)]
    if len(own) > _MOST_OWNERS:
        own[_MOST_OWNERS - 1 :] = ["others"]
    return f"; it is an option of {' and '.join(own)}" if own else ""


def did_you_mean(name: str, known: Mapping[str, Sequence[str]]) -> str:
    """A question to add to a message about a name that nothing has, or nothing.

    `known`: names, in small letters, to what they may stand for.
    """
    close = [what for each in get_close_matches(name.lower(), known, n=1) for what in known[each]]
    return f"; did you mean {' or '.join(close)}?" if close else ""


class _SectionedCommand(TyperCommand):
    """Help with examples, and with options under headings: the usual ones, or all of them.

    `usual`: names of the parameters that --help shows; `examples`: command lines.
    """

    usual: frozenset[str] = frozenset()
    examples = ""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        refuse_missing_values(self.get_params(ctx), args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Examples"):
            for line in self.examples.strip().splitlines():
                formatter.write(f"  {line}\n")
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is None or not (_EVERYTHING in ctx.meta or self._is_usual(parameter)):
                continue
            heading = "Arguments" if parameter.param_type_name == "argument" else "Options"
            heading = getattr(parameter, "rich_help_panel", None) or heading
            sections.setdefault(heading, []).append(row)
        for heading, rows in sorted(sections.items(), key=lambda item: _ORDER.get(item[0], 1)):
            with formatter.section(heading):
                formatter.write_dl(rows)

    def _is_usual(self, parameter: Any) -> bool:
        names = {each.strip("-").replace("-", "_") for each in parameter.opts}
        always = parameter.param_type_name == "argument" or names & {"help", "help_all"}
        return bool(always or names & self.usual)


_EVERYTHING = "dataselect.everything"
_ORDER = {"Arguments": 0, "Options": 2}
"""Where headings stand that are not those of groups, which are 1."""


def _show_everything(ctx: typer.Context, asked: bool) -> None:
    if asked:
        ctx.meta[_EVERYTHING] = True
        typer.echo(ctx.get_help())
        raise typer.Exit


_HELP_ALL = inspect.Parameter(
    "help_all",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool,
        typer.Option(
            "--help-all", help="Show all options.", is_eager=True, callback=_show_everything
        ),
    ],
)


class _LazyGroup(TyperGroup):
    """The commands of the table; one's module is imported only when that command is run.

    A command of two words is in the group of the first one.
    """

    before = ""
    """What stands before the names of its commands."""

    def _table(self) -> dict[str, str]:
        """Its commands, less what stands before them, to what they do."""
        return {
            name.removeprefix(self.before): each.summary
            for name, each in COMMANDS.items()
            if name.startswith(self.before)
        }

    def list_commands(self, ctx: Any) -> list[str]:
        return list(dict.fromkeys(name.split()[0] for name in self._table()))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self._table():
            return load_command(self.before + cmd_name)
        if cmd_name not in self.list_commands(ctx):
            return None
        group = _LazyGroup(name=cmd_name, help=GROUPS[cmd_name], rich_markup_mode=None)
        group.before = f"{cmd_name} "
        return group

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            self._refuse(ctx, args[0])
        longer = " ".join(args[:2])
        if args[0] in self._table() and longer in self._table():  # a command below a command
            return longer, load_command(self.before + longer), args[2:]
        return super().resolve_command(ctx, args)

    def _refuse(self, ctx: Any, name: str) -> None:
        known: dict[str, list[str]] = {}
        for each in self._table():
            for part in {each, each.split()[-1]}:
                known.setdefault(part, []).append(self.before + each)
        known |= {each: [self.before + each] for each in self.list_commands(ctx)}
        ctx.fail(f"No such command '{name}'{did_you_mean(name, known)}")

    def get_help(self, ctx: Any) -> str:
        return overview(self.before.rstrip())


@cache
def load_command(name: str) -> Any:
    """A command by its name, as typer has it; called, it returns what is to be run."""
    from dataselect.command_line.option import spread

    module = import_module(f"dataselect.{COMMANDS[name].module}")
    command = spread(module.command)

    def bound(**options: Any) -> Callable[[], None]:
        del options["help_all"]
        return partial(command, **options)

    bound.__doc__ = command.__doc__
    parameters = [*inspect.signature(command).parameters.values(), _HELP_ALL]
    bound.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    bound.__annotations__ = {each.name: each.annotation for each in parameters}
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name=name.rsplit(maxsplit=1)[-1], cls=_SectionedCommand)(bound)
    found: Any = typer.main.get_command(app)
    found.usual, found.examples = frozenset(module.USUAL.split()), module.EXAMPLES
    return found


_app = typer.Typer(
    cls=_LazyGroup, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@_app.callback()
def _group(
    version: bool = typer.Option(
        False, "--version", help=SHOW_VERSION, callback=_show_version, is_eager=True
    ),
) -> None:
    """Take the options of the program; `overview` has its help."""
