"""Values of JSON objects replaced in their bytes, wherever they stand; nothing else is touched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Names of members, and places in arrays from 0, from the outermost to a value."""

Edits: TypeAlias = Mapping[Path, bytes]
"""New JSON by path. A name that an object has twice is replaced both times."""

_QUOTE, _ESCAPE, _OPENING, _CLOSING, _OBJECT = b'"', b"\\", b"{[", b"}]", b"{"
_SEPARATED = re.compile(rb'"|[{}\[\],:]|[^\s{}\[\],:"]+')


class _Token(NamedTuple):
    """A mark, a number or a literal, or a string; `first` is its first byte."""

    first: bytes
    start: int
    end: int


_Tokens: TypeAlias = "Iterator[_Token]"
_Tree: TypeAlias = "dict[str | int, Any]"  # by step: a tree, or the new JSON


def edited(lines: Sequence[bytes], edits: Sequence[Edits]) -> list[bytes]:
    """Lines, known to be JSON objects, each with its edits."""
    return [with_values(line, own) if own else line for line, own in zip(lines, edits, strict=True)]


def edited_values(values: Sequence[Any], name: str, edits: Sequence[Edits]) -> list[Any]:
    """(n,) what a top-level field holds after edits, given what it held; "" for one further in."""
    if "." in name:
        return [""] * len(values)
    path = (name,)
    return [
        json.loads(own[path]) if path in own else value
        for value, own in zip(values, edits, strict=True)
    ]


def with_values(line: bytes, edits: Edits) -> bytes:
    """A line, known to be a JSON object, with other values at some paths.

    >>> with_values(b'{"a": 1.0, "b": [2, {"c": "x"}]}', {("b", 1, "c"): b'"y"'})
    b'{"a": 1.0, "b": [2, {"c": "y"}]}'
    """
    pieces: list[bytes] = []
    done = 0
    tokens = _tokens(line)
    for start, end, value in _found(line, next(tokens), tokens, _tree(edits)):
        pieces += [line[done:start], value]
        done = end
    return b"".join([*pieces, line[done:]])


def _tree(edits: Edits) -> _Tree:
    root: _Tree = {}
    for path, value in edits.items():
        node = root
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = value
    return root


def _tokens(line: bytes) -> _Tokens:
    """The tokens of a line, known to be JSON; a long string takes no more memory than a short."""
    end = 0
    while found := _SEPARATED.search(line, end):
        start, end = found.span()
        first = line[start : start + 1]
        if first == _QUOTE:
            end = _end_of_string(line, end)
        yield _Token(first, start, end)


def _end_of_string(line: bytes, start: int) -> int:
    """Where the string that has begun ends: after a quote behind an even number of backslashes."""
    while True:
        quote = line.index(_QUOTE, start)
        slashes = quote
        while line[slashes - 1 : slashes] == _ESCAPE:
            slashes -= 1
        start = quote + 1
        if (quote - slashes) % 2 == 0:
            return start


def _found(
    line: bytes, first: _Token, tokens: _Tokens, tree: _Tree
) -> Iterator[tuple[int, int, bytes]]:
    """Yield start, end and new JSON of each value of a tree, in the container that begins here."""
    is_object = first.first == _OBJECT
    place = 0
    for token in tokens:
        if token.first in _CLOSING:
            return
        if token.first == b",":
            continue
        step: str | int = place
        place += 1
        if is_object:
            step = _name(line[token.start : token.end])
            next(tokens)  # the colon
            token = next(tokens)  # noqa: PLW2901  # a member's value is what comes after its name
        wanted = tree.get(step)
        if isinstance(wanted, dict) and token.first in _OPENING:
            yield from _found(line, token, tokens, wanted)
            continue
        end = _end(token, tokens)
        if isinstance(wanted, bytes):
            yield token.start, end, wanted


def _end(token: _Token, tokens: _Tokens) -> int:
    """Where the value that begins with a token ends; its tokens are passed over."""
    depth = 0
    while True:
        if token.first in _OPENING:
            depth += 1
        elif token.first in _CLOSING:
            depth -= 1
        if not depth:
            return token.end
        token = next(tokens)


def _name(quoted: bytes) -> str:
    return str(json.loads(quoted)) if _ESCAPE in quoted else quoted[1:-1].decode()
