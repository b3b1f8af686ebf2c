"""The help of the program and of its groups, made without typer, which takes long to load."""

from __future__ import annotations

import os
import shutil
import sys
from textwrap import indent, wrap
from typing import TYPE_CHECKING

from dataselect.command_line.registry import COMMANDS, GROUPS, HEADINGS
from dataselect.console import PROGRAM
from dataselect.errors import OutputError, ReaderGone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPLETION = "_DATASELECT_COMPLETE"
"""The variable by which a shell asks for completions, or for the function that will ask."""
SHOW_VERSION = "Show the version and exit."
_ABOUT = """\
Pick the rows worth training on: JSONL in, JSONL out.

Each command reads files or standard input, adds a score to every record, and keeps those that its
selection options ask for.
"""
_NARROWEST, _WIDEST = 50, 78  # as in typer's help of commands


def is_overview_asked_for(words: Sequence[str]) -> bool:
    """Whether the arguments ask for the help of the program, and for nothing else."""
    return words in ([], ["--help"]) and COMPLETION not in os.environ


def show_overview() -> None:
    """Print the help of the program. Raises ReaderGone and OutputError."""
    if sys.stdout is None:
        raise OutputError("<stdout>: it is closed; redirect it")
    try:
        print(overview(), flush=True)
    except BrokenPipeError:
        raise ReaderGone from None


def overview(group: str = "") -> str:
    """The help of the program, or of the commands whose first word is `group`."""
    width = min(max(shutil.get_terminal_size().columns - 2, _NARROWEST), _WIDEST)
    before = f"{group} " if group else ""
    options = {} if group else {"--version": SHOW_VERSION}
    sections = {"Options": options | {"--help": "Show this message and exit."}}
    for heading, names in HEADINGS.items():
        own = [name for name in names if name.startswith(before)]
        sections[heading] = {name.removeprefix(before): COMMANDS[name].summary for name in own}
    about = GROUPS[group] if group else _ABOUT
    paragraphs = ["\n".join(wrap(each, width - 2)) for each in about.split("\n\n")]
    shown = [
        f"Usage: {PROGRAM} {before}[OPTIONS] COMMAND [ARGS]...",
        indent("\n\n".join(paragraphs), "  "),
        *(_section(heading, rows, width) for heading, rows in sections.items() if rows),
    ]
    return "\n\n".join(shown)


def _section(heading: str, rows: Mapping[str, str], width: int) -> str:
    """What names stand for, in two columns."""
    column = max(map(len, rows)) + 2
    lines = [f"{heading}:"]
    for name, text in rows.items():
        first, *more = wrap(text, width - column - 2)
        lines.append(f"  {name:{column}}{first}")
        lines += [f"  {'':{column}}{line}" for line in more]
    return "\n".join(lines)
