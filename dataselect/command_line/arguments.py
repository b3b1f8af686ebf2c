"""The words of a command line, looked at before they are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataselect.errors import OptionError


def refuse_missing_values(parameters: Sequence[Any], words: Sequence[str]) -> None:
    """Raise OptionError where an option that takes a value is followed by another option.

    The parser would take that option's name for the value: `--align -o f` aligns by a model called
    `-o`. Other words that begin with a dash, `-` and `-1.5` among them, are values. A value that is
    spelled like an option can be given as `--align=-o`.
    """
    values = {
        name: parameter.nargs
        for parameter in parameters
        if parameter.param_type_name == "option"
        for name in (*parameter.opts, *parameter.secondary_opts)
        if not parameter.is_flag and not parameter.count
    }
    names = {"--help"}.union(
        *((*each.opts, *each.secondary_opts) for each in parameters if each.opts)
    )
    place = 0
    while place < len(words) and words[place] != "--":
        word = words[place]
        wanted = values.get(word, 0)
        for value in words[place + 1 : place + 1 + wanted]:
            if value.split("=")[0] in names and value.startswith("-"):
                raise OptionError(f"{word} needs a value before {value}; see --help")
        place += 1 + wanted
