"""Subtitles, SRT and WebVTT: cues of a time line and lines of text, blank lines between."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from dataselect.data.files.line_blocks import BOM
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, joined, lines
from dataselect.data.formats.values import duration, stem_of
from dataselect.data.input_files import Inputs

_TIME = r"(?:([0-9]{1,6}):)?([0-9]{2}):([0-9]{2})[,.]([0-9]{3})"
_TIMES = re.compile(rf"\s*{_TIME}\s+-->\s+{_TIME}(?:\s.*)?", re.DOTALL)
_SRT_TAG = re.compile(r"</?(?:b|i|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
_VTT_TAG = re.compile(r"<[^<>]*>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]+)>")
_NO_CUE = re.compile(rb"(?:WEBVTT|NOTE|STYLE|REGION)(?:[ \t\r\n]|$)")


def recognizes(first: bytes) -> bool:
    """Whether a file is WebVTT."""
    return re.match(rb"WEBVTT(?:[ \t\r\n]|$)", first.removeprefix(BOM)) is not None


def read_srt(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, text, `start`, `end`, `duration` for each cue.

    `id` is the file's name without suffixes and the number of the cue from 1. Tags are taken out,
    and the lines of a cue joined by spaces.
    """
    return _cues(inputs, layout.text_field, is_vtt=False)


def read_vtt(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """As `read_srt`, with the `speaker` of a cue with a voice; notes and styles do not count."""
    return _cues(inputs, layout.text_field, is_vtt=True)


def _cues(inputs: Inputs, text_field: str, *, is_vtt: bool) -> Iterator[Item]:
    stem = stem_of(inputs.paths[0])
    number = 0
    for group in _groups(inputs):
        if is_vtt and _NO_CUE.match(group[0].raw):
            continue
        number += 1
        try:
            texts = [line.text() for line in group]
            cue = _cue(texts, text_field, is_vtt=is_vtt)
        except ValueError as refusal:
            yield joined(group).bad(refusal)
            continue
        yield Found(joined(group), {"id": f"{stem}-{number}", **cue})


def _groups(inputs: Inputs) -> Iterator[list[SourceLine]]:
    """Lines that no blank line parts."""
    group: list[SourceLine] = []
    for line in lines(inputs.blocks()):
        if not line.blank():
            group.append(line)
        elif group:
            yield group
            group = []
    if group:
        yield group


def _cue(texts: list[str], text_field: str, *, is_vtt: bool) -> dict[str, Any]:
    place = next((place for place, text in enumerate(texts[:2]) if _TIMES.fullmatch(text)), None)
    if place is None:
        raise ValueError("no time line in the first two; write HH:MM:SS.mmm --> HH:MM:SS.mmm")
    times = _TIMES.fullmatch(texts[place])
    assert times is not None
    start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
    text = " ".join(texts[place + 1 :])
    voice = _VOICE.search(text) if is_vtt else None
    text = (_VTT_TAG if is_vtt else _SRT_TAG).sub("", text)
    return {
        text_field: " ".join((html.unescape(text) if is_vtt else text).split()),
        "start": start,
        "end": end,
        "duration": duration(start, end),
        **({"speaker": html.unescape(voice[1]).strip()} if voice else {}),
    }


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return (3600 * hours + 60 * minutes + seconds) + thousandths / 1000
