"""YAML files as nodes that know their lines; scalars stay the text that they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.json_document import check_utf8
from dataselect.data.formats.lines import SourceLine, unreadable
from dataselect.data.records import decoded

# What YAML refuses wherever it stands, and what YAML 1.1 takes for line breaks, unlike 1.2.
UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_PLANE = 0xF0000  # of private use: a stand-in for each character that YAML refuses
_STAND_IN = re.compile("[\U000f0000-\U000fffff]")


def parse_yaml(file: SourceLine) -> list[Any]:
    """The root nodes of the documents in a file. Raises InputError for what is no YAML.

    A character that YAML refuses, or a byte that is no UTF-8, costs its own record, not the file:
    `scalar` gives it back.
    """
    import yaml

    try:
        if b"\0" in file.raw:
            decoded(file.raw)  # says what it is
    except ValueError as refusal:
        raise unreadable(file, str(refusal)) from None
    text = file.raw.decode(errors="surrogateescape").replace("\r\n", "\n")
    if not _STAND_IN.search(text):
        text = UNPRINTABLE.sub(lambda found: chr(_PLANE + ord(found[0])), text)
    try:
        roots = list(yaml.compose_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "nested too deeply"
        line = mark.line + 1 if mark else 1
        raise unreadable(
            file, f"not YAML ({what}); quote or indent what stands there", line
        ) from None
    return [root for root in roots if root is not None]


def scalar(node: Any, what: str) -> str:
    """The text of a scalar, as it is spelt. Raises ValueError for another node, and bad UTF-8."""
    if getattr(node, "id", None) != "scalar":
        raise ValueError(f"{what} is no text; quote it")
    return restored(node.value)


def restored(text: str) -> str:
    """A text with the characters that had a stand-in. Raises ValueError for what is no UTF-8."""
    text = _STAND_IN.sub(lambda found: chr(ord(found[0]) - _PLANE), text)
    check_utf8(text)
    return text


def scalar_lines(node: Any) -> Iterator[tuple[int, str]]:
    """The lines of a scalar, each with its number in the file, yet to be `restored`."""
    number, step = line_of(node), 0
    if node.style == "|":
        number, step = number + 1, 1
    for line in node.value.split("\n"):
        yield number, line
        number += step


def mapping(node: Any) -> dict[str, Any]:
    """The nodes of a mapping by name, or nothing for another node."""
    if getattr(node, "id", None) != "mapping":
        return {}
    return {key.value: inner for key, inner in node.value if key.id == "scalar"}


def sequence(node: Any) -> list[Any]:
    """The nodes of a sequence, or nothing for another node."""
    return list(node.value) if getattr(node, "id", None) == "sequence" else []


def line_of(node: Any) -> int:
    """The line on which a node begins, from 1."""
    return int(node.start_mark.line) + 1
