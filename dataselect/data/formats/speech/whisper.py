"""Whisper's JSON, that of faster-whisper and WhisperX, too: a document a recording, of segments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from dataselect.data.formats.json_document import read_document
from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.values import checked_seconds, duration, stem_of
from dataselect.data.input_files import Inputs

_SHAPE = 'Whisper writes {"segments": [{"start": 0.0, "end": 1.5, "text": " ..."}, ...]}'
_DROPPED = {"id", "seek", "tokens"}  # numbers of the decoder
_SEGMENTS = re.compile(rb'"segments"\s*:\s*\[\s*(?:\]|\{[^{}]*"(?:start|seek)"\s*:)')
_LONG_TEXT = re.compile(rb'\s*\{\s*"text"\s*:\s*"(?:[^"\\]|\\.)*\\?', re.DOTALL)


def recognizes(first: bytes) -> bool:
    """Whether a file has segments, or else a text before them that is as long as what is seen."""
    return _SEGMENTS.search(first) is not None or (
        len(first) > 1 << 15 and _LONG_TEXT.fullmatch(first) is not None
    )


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for each segment, its text stripped, with all scores that the segment has.

    `id` is the file's name without suffix and the segment's number from 0. Raises InputError for a
    document that cannot be read.
    """
    if (document := read_document(inputs, _SHAPE)) is None:
        return
    value = document.value
    segments = value.get("segments") if isinstance(value, dict) else value
    if not isinstance(segments, list):
        raise document.refused("no segments")
    known = (
        {"language": value["language"]} if isinstance(value, dict) and "language" in value else {}
    )
    stem = stem_of(inputs.paths[0])
    for number, segment in enumerate(segments):
        fields = partial(_fields, f"{stem}-{number}", segment, known, layout.text_field)
        yield document.record(document.line_in(segments, number), fields)


def _fields(
    id_: str, segment: dict[str, Any], known: dict[str, Any], text_field: str
) -> dict[str, Any]:
    text = segment["text"]
    start = checked_seconds(segment["start"], "'start'")
    end = checked_seconds(segment["end"], "'end'")
    more = {
        name: value
        for name, value in segment.items()
        if name not in _DROPPED and name not in ("text", "start", "end") and value is not None
    }
    return {
        "id": id_,
        text_field: text.strip(),
        "start": start,
        "end": end,
        "duration": duration(start, end),
        **known,
        **more,
    }
