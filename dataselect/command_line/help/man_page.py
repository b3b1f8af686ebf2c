"""The man page, in roff, made from the help of all commands."""

from collections.abc import Iterator

from dataselect.command_line.parser import load_command
from dataselect.command_line.registry import COMMANDS
from dataselect.console import PROGRAM

_EXIT_STATUS = {
    0: "Done, also when the reader of a pipe leaves early.",
    1: "Bad data, or a failure of the machine.",
    2: "Wrong usage.",
    3: "Too few records were kept, or an assertion holds.",
}


def man_page() -> str:
    """The whole page: dataselect(1)."""
    return "\n".join([*_lines(), ""])


def _lines() -> Iterator[str]:
    name = PROGRAM.upper()
    yield f'.TH {name} 1 "" "{PROGRAM}" "User Commands"'
    yield ".SH NAME"
    yield f"{PROGRAM} \\- pick the rows worth training on: JSONL in, JSONL out"
    yield ".SH SYNOPSIS"
    yield f".B {PROGRAM}"
    yield _escaped("COMMAND [OPTIONS] [FILES]...")
    yield ".SH COMMANDS"
    for each in COMMANDS:
        yield from _command(each)
    yield ".SH EXIT STATUS"
    for code, meaning in _EXIT_STATUS.items():
        yield from (".TP", f".B {code}", _escaped(meaning))
    yield ".SH SEE ALSO"
    yield _escaped(f"The manual, topic by topic: {PROGRAM} help.")


def _command(name: str) -> Iterator[str]:
    command = load_command(name)
    context = command.make_context(f"{PROGRAM} {name}", [], resilient_parsing=True)
    usage = " ".join([PROGRAM, name, *command.collect_usage_pieces(context)])
    yield f'.SS "{_escaped(usage)}"'
    for paragraph in command.help.split("\n\n"):
        yield from (".PP", _escaped(" ".join(paragraph.split())))
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            yield from (".TP", f'.B "{_escaped(record[0])}"', _escaped(record[1]))


def _escaped(text: str) -> str:
    """Text that roff shows as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{escaped}" if escaped[:1] in {".", "'"} else escaped
