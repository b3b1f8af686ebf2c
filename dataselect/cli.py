"""The `dataselect` program: finds the command, turns errors into one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from dataselect.commands import COMMANDS, MODULES
from dataselect.errors import DataselectError, Interrupted, ReaderGone

if TYPE_CHECKING:
    from types import FrameType

PROGRAM = "dataselect"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _SectionedCommand(TyperCommand):
    """Help with options under the heading of their group; typer does that only through rich."""

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
    """The commands of the table; one's module is imported only when that command is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        from dataselect.commands.options import spread

        module = import_module(f"dataselect.commands.{MODULES.get(cmd_name, cmd_name)}")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name=cmd_name, cls=_SectionedCommand)(spread(module.command))
        return typer.main.get_command(app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


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


def _interrupt(signum: int, frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # cleaning up is not interrupted again
    raise Interrupted(signum)


def _hold_standard_descriptors() -> None:
    """Open closed standard descriptors onto nothing, so that no file of ours takes their number.

    They are opened the wrong way round: using them fails, as it should.
    """
    for descriptor, mode in (0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number: this one


def _fail(message: object, code: int) -> int:
    if sys.stderr is not None:
        print(f"{PROGRAM}: {message}", file=sys.stderr)
    return code


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    _hold_standard_descriptors()
    for each in _SIGNALS:
        signal.signal(each, _interrupt)
    try:
        return app(arguments, prog_name=PROGRAM, standalone_mode=False) or 0
    except DataselectError as error:
        return _fail(error, error.exit_code)
    except ReaderGone:
        return 0
    except Interrupted as stop:
        _fail(f"stopped by {signal.Signals(stop.signum).name}; nothing was written", 0)
        signal.signal(stop.signum, signal.SIG_DFL)
        os.kill(os.getpid(), stop.signum)  # so that the caller sees how we ended
        return 128 + stop.signum
    except typer.Abort:
        return _fail("stopped", 1)
    except Exception as error:
        if not isinstance(error, typer.BadParameter.__mro__[2]):  # typer's own usage errors
            raise
        return _fail(f"{error}; see --help", 2)


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())
