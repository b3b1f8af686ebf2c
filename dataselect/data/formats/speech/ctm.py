"""CTM: `file channel begin duration word [confidence]`, a word a line, `;;` comments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, joined, lines
from dataselect.data.formats.values import finite, seconds
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

COMMENT = b";;"


class _Word(NamedTuple):
    line: SourceLine
    key: tuple[bytes, ...]  # file and channel, as far as they are there


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, text, `recording`, `channel`, `start`, `duration`, `words` for each recording.

    `id` is file and channel. Raises InputError for a recording that comes back.
    """
    closed: set[tuple[bytes, ...]] = set()
    for key, group in groupby(_words(inputs), lambda word: word.key):
        found = [word.line for word in group]
        if key in closed:
            named = b" ".join(key).decode(errors="replace")
            raise InputError(
                f"{found[0].source}:{found[0].number}: the words of '{named}' are not together; "
                "sort them with sort -k1,1 -k2,2 -k3,3n"
            )
        closed.add(key)
        yield _item(found, layout.text_field)


def _words(inputs: Inputs) -> Iterator[_Word]:
    for line in lines(inputs.blocks()):
        if not line.blank() and not line.raw.startswith(COMMENT):
            yield _Word(line, tuple(line.raw.split(None, 2)[:2]))


def _item(group: list[SourceLine], text_field: str) -> Item:
    whole = joined(group)
    words: list[dict[str, Any]] = []
    recording = channel = ""
    for line in group:
        try:
            recording, channel, word = _word(line.text())
        except ValueError as refusal:
            return whole._replace(number=line.number).bad(refusal)
        words.append(word)
    start = min(word["start"] for word in words)
    return Found(
        whole,
        {
            "id": f"{recording}-{channel}",
            text_field: " ".join(word["word"] for word in words),
            "recording": recording,
            "channel": channel,
            "start": start,
            "duration": round(max(word["start"] + word["duration"] for word in words) - start, 6),
            "words": words,
        },
    )


def _word(line: str) -> tuple[str, str, dict[str, Any]]:
    cells = line.split()
    if not 5 <= len(cells) <= 6:
        raise ValueError(f"{len(cells)} cells; write FILE CHANNEL BEGIN DURATION WORD [CONFIDENCE]")
    word = {
        "word": cells[4],
        "start": seconds(cells[2], "the begin"),
        "duration": seconds(cells[3], "the duration"),
    }
    if len(cells) == 6:
        word["confidence"] = finite(cells[5], "the confidence")
    return cells[0], cells[1], word
