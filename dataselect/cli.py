"""The `dataselect` program: finds the command, turns errors into one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from dataselect.commands import COMMANDS, GROUPS, module_of
from dataselect.commands.arguments import refuse_missing_values
from dataselect.errors import DataselectError, Interrupted, ReaderGone
from dataselect.messages import PROGRAM, one_line, say
from dataselect.signals import end_by, raise_when_asked_to_stop


class _SectionedCommand(TyperCommand):
    """Help with options under the heading of their group; typer does that only through rich."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        refuse_missing_values(self.get_params(ctx), args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None:
                argument = parameter.param_type_name == "argument"
                heading = "Arguments" if argument else "Options"
                heading = getattr(parameter, "rich_help_panel", None) or heading
                sections.setdefault(heading, []).append(row)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


class _LazyGroup(TyperGroup):
    """The commands of the table; one's module is imported only when that command is run.

    A command of two words is in the group of the first one.
    """

    before = ""
    """What stands before the names of its commands."""

    def _table(self) -> dict[str, str]:
        """Its commands, less what stands before them, to what they do."""
        return {
            name.removeprefix(self.before): line
            for name, line in COMMANDS.items()
            if name.startswith(self.before)
        }

    def list_commands(self, ctx: Any) -> list[str]:
        return list(dict.fromkeys(name.split()[0] for name in self._table()))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self._table():
            return _loaded(self.before + cmd_name)
        if cmd_name not in self.list_commands(ctx):
            return None
        group = _LazyGroup(name=cmd_name, help=GROUPS[cmd_name], rich_markup_mode=None)
        group.before = f"{cmd_name} "
        return group

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._table().items()))


def _loaded(name: str) -> Any:
    from dataselect.commands.options import spread

    module = import_module(f"dataselect.commands.{module_of(name)}")
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name=name.rsplit(maxsplit=1)[-1], cls=_SectionedCommand)(spread(module.command))
    return typer.main.get_command(app)


app = typer.Typer(
    cls=_LazyGroup, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@app.callback()
def _group(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Pick the rows worth training on: JSONL in, JSONL out.

    Each command reads files or standard input, adds a score to every record, and keeps
    those that its selection options ask for.
    """


def _hold_standard_descriptors() -> None:
    """Open closed standard descriptors onto nothing, so that no file of ours takes their number.

    They are opened the wrong way round: using them fails, as it should.
    """
    for descriptor, mode in (0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number: this one


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    _hold_standard_descriptors()
    raise_when_asked_to_stop()
    try:
        code: int = app(arguments, prog_name=PROGRAM, standalone_mode=False) or 0
        if sys.stdout is not None:
            sys.stdout.flush()  # help: at exit it would be too late to report an error
    except (ReaderGone, BrokenPipeError, SystemExit):  # typer's way with a pipe that is closed
        code = 0
    except Interrupted as stop:
        from dataselect.scratch import remove_unfinished

        remove_unfinished()
        say(f"stopped by {signal.Signals(stop.signum).name}; unfinished files are removed")
        end_by(stop.signum)
    except Exception as error:
        message, code = _explained(error)
        say(one_line(message))
    if code < 2:
        _forget_printed()
    return code


def _explained(error: Exception) -> tuple[str, int]:
    """Message and exit code for an error; one that nobody foresaw is raised again."""
    match error:
        case DataselectError():
            return str(error), error.exit_code
        case typer.Abort():
            return "stopped", 1
        case MemoryError():
            return "out of memory; split the input, or use fewer --jobs", 1
        case OSError():  # rare: what reads and writes records has errors of its own
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror or error}; check the disk and the system", 1
        case _ if isinstance(error, _USAGE_ERROR):
            return f"{error.format_message().rstrip('.')}; see --help", 2
    raise error


_USAGE_ERROR: Any = typer.BadParameter.__mro__[2]  # typer has no public name for it


def _forget_printed() -> None:
    """Point standard output at nothing if flushing it fails, or it would fail again at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())
