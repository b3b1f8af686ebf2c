"""YAML files as nodes that know their lines; scalars stay the text that they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.json_document import check_utf8
from dataselect.data.formats.lines import SourceLine, unreadable

# What YAML refuses wherever it stands, and what YAML 1.1 takes for line breaks, unlike 1.2.
UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_UTF16 = "looks like UTF-16; convert it with iconv -f UTF-16 -t UTF-8"
_PRIVATE = range(0xF0000, 0x10FFFE)  # planes of private use


def parse_yaml(file: SourceLine) -> list[Any]:
    """The root nodes of the documents in a file. Raises InputError for what is no YAML.

    A character that YAML refuses, or a byte that is no UTF-8, costs its own record, not the file:
    while it is parsed, a character that it does not have stands for each of these.
    """
    import yaml

    if 4 * file.raw.count(b"\0") > len(file.raw):
        raise unreadable(file, _UTF16)
    text = file.raw.decode(errors="surrogateescape").replace("\r\n", "\n")
    refused = {*UNPRINTABLE.findall(text), *("\r" if "\r" in text else "")}
    used = set(text) if refused else set()
    free = (code for code in _PRIVATE if chr(code) not in used)
    stand_ins = dict(zip(map(ord, sorted(refused)), free, strict=False))
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        roots = list(yaml.compose_all(text.translate(stand_ins), loader))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "nested too deeply"
        line = mark.line + 1 if mark else 1
        raise unreadable(
            file, f"not YAML ({what}); quote or indent what stands there", line
        ) from None
    if stand_ins:
        _restore(roots, {code: refused for refused, code in stand_ins.items()})
    return [root for root in roots if root is not None]


def _restore(roots: list[Any], characters: dict[int, int]) -> None:
    """Put characters that had a stand-in back into the scalars."""
    pending, seen = list(roots), set[int]()
    while pending:
        node = pending.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "scalar":
            node.value = node.value.translate(characters)
        elif node.id == "sequence":
            pending += node.value
        else:
            pending += [part for pair in node.value for part in pair]


def scalar(node: Any, what: str) -> str:
    """The text of a scalar, as it is spelt. Raises ValueError for another node, and bad UTF-8."""
    if getattr(node, "id", None) != "scalar":
        raise ValueError(f"{what} is no text; quote it")
    return checked(node.value)


def checked(text: str) -> str:
    """A text of a file. Raises ValueError for what is no UTF-8, and for a NUL."""
    check_utf8(text)
    if "\0" in text:
        raise ValueError("holds a NUL; remove it")
    return text


def scalar_lines(node: Any) -> Iterator[tuple[int, str]]:
    """The lines of a scalar, each with its number in the file, yet to be `checked`."""
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
