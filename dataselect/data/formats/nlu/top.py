"""Task-oriented parses: TSV of MTOP, which lists slots by their places, and of TOP and TOPv2.

domain<TAB>utterance<TAB>semantic_parse
alarm<TAB>wake me at 7<TAB>[IN:CREATE_ALARM wake me [SL:DATE_TIME at 7 ] ]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Found, Item, Layout, lines
from dataselect.data.formats.nlu.annotated import aligned, outermost, slot, utterance
from dataselect.data.input_files import Inputs

_HEADER = b"domain\tutterance\tsemantic_parse"
_MTOP_COLUMNS = 8
_CLOSE = "]"
_MTOP_LINE = re.compile(rb"[^\t\n]*\tIN:[^\t\n]*\t[^\t\n]*(?:\t[^\t\n]+){3}\t\[IN:[^\t\n]*\t\{")
_TOP_LINE = re.compile(rb"[^\t\n]*\t[^\t\n]*\t\[IN:")
_PLACED = re.compile(r"(\d+):(\d+):(?:SL:)?([^,]+)")
_LEAF = re.compile(r"\[SL:(\S+) ([^\[\]]+) \]")


def recognizes_mtop(first: bytes) -> bool:
    """Whether a file begins as MTOP does."""
    return _MTOP_LINE.match(first) is not None


def recognizes_top(first: bytes) -> bool:
    """Whether a file begins with the header of TOPv2, or as TOP does."""
    return first.startswith(_HEADER) or _TOP_LINE.match(first) is not None


def read_mtop(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, text, `intent`, `slots`, `domain`, `locale`, `semantic_parse` for each line.

    Places that count bytes, as those of Thai may, are told by the values in the parse.
    """
    for line in lines(inputs.blocks()):
        if line.blank():
            continue
        try:
            yield Found(line, _mtop_fields(line.text().split("\t"), layout.text_field))
        except ValueError as refusal:
            yield line.bad(refusal)


def _mtop_fields(cells: list[str], text_field: str) -> dict[str, Any]:
    if len(cells) != _MTOP_COLUMNS:
        raise ValueError(f"{len(cells)} columns, where MTOP has {_MTOP_COLUMNS}; correct the line")
    id_, intent, places, text, domain, locale, parse, _ = cells
    found = [_placed(each) for each in places.split(",") if each]
    leaves = {(name, "".join(value.split())) for name, value in _LEAF.findall(parse)}
    in_bytes = _in_bytes(text, found) if _fits(text, found, leaves) is False else None
    if in_bytes is not None and _fits(text, in_bytes, leaves):
        found = in_bytes
    for start, end, name in found:
        if not start < end <= len(text):
            raise ValueError(
                f"slot '{name}' from {start} to {end} is outside the text of {len(text)} "
                "characters; correct it"
            )
    slots = outermost([slot(name, text, start, end) for start, end, name in found])
    others = {"domain": domain, "locale": locale, "semantic_parse": parse}
    name = intent.removeprefix("IN:")
    return {"id": id_, **utterance(text_field, text, name, slots, **others)}


def _placed(spelled: str) -> tuple[int, int, str]:
    match = _PLACED.fullmatch(spelled)
    if match is None:
        raise ValueError(f"'{spelled}' is no slot; write START:END:SL:NAME")
    return int(match[1]), int(match[2]), match[3]


def _fits(text: str, found: list[tuple[int, int, str]], leaves: set[tuple[str, str]]) -> bool:
    """Whether slots have the values that the parse gives those of their names."""
    names = {name for name, _ in leaves}
    return all(
        (name, "".join(text[start:end].split())) in leaves
        for start, end, name in found
        if name in names
    )


def _in_bytes(text: str, found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]] | None:
    """Slots whose places count bytes, in characters; None where they cut a character."""
    data = text.encode()
    try:
        return [
            (len(data[:start].decode()), len(data[:end].decode()), name)
            for start, end, name in found
        ]
    except UnicodeDecodeError:
        return None


def read_top(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` of the outermost intent, and other columns, for each line.

    TOP has no header: its columns are the utterance, its tokens and the parse.
    """
    for blocks in inputs.by_file():
        header = ["utterance", "", "semantic_parse"]
        for line in lines(blocks):
            if line.blank():
                continue
            if line.number == 1 and line.raw.removesuffix(b"\r") == _HEADER:
                header = line.raw.decode().split()
                continue
            try:
                yield Found(line, _top_fields(header, line.text(), layout.text_field))
            except ValueError as refusal:
                yield line.bad(refusal)


def _top_fields(header: list[str], line: str, text_field: str) -> dict[str, Any]:
    cells = line.split("\t")
    if len(cells) != len(header):
        raise ValueError(f"{len(cells)} columns, not {len(header)}; correct the line")
    columns = dict(zip(header, cells, strict=True))
    text = columns.pop("utterance")
    intent, tokens, slots = parsed(columns["semantic_parse"])
    others = {name: cell for name, cell in columns.items() if name}
    return utterance(text_field, text, intent, aligned(text, tokens, slots), **others)


def parsed(parse: str) -> tuple[str, str, list[dict[str, Any]]]:
    """The outermost intent of a parse, its text, and the slots directly under the intent.

    Raises ValueError for brackets that do not match.

    >>> parsed("[IN:CALL call [SL:CONTACT my [IN:GET_CONTACT mum ] ] ]")
    ('CALL', 'call my mum', [{'slot': 'CONTACT', 'start': 5, 'end': 11, 'value': 'my mum'}])
    """
    text, intent = "", ""
    slots: list[dict[str, Any]] = []
    open_: list[tuple[str, int]] = []  # names, and where their text begins
    for part in parse.split():
        if part.startswith(("[IN:", "[SL:")):
            if not open_ and (intent or not part.startswith("[IN:")):
                break
            intent = intent or part[4:]
            open_.append((part[1:], len(text) + bool(text)))
        elif part == _CLOSE and open_:
            name, start = open_.pop()
            if name.startswith("SL:") and len(open_) == 1 and start < len(text):
                slots.append(slot(name[3:], text, start, len(text)))
        else:
            text += f" {part}" if text else part
    if open_ or not intent or not parse.endswith(_CLOSE):
        raise ValueError(f"the brackets of the parse do not match: {parse}")
    return intent, text, slots
