"""Kaldi data directories, joined by id, and keyed text alone.

`text` has the utterances; `utt2spk`, `utt2lang`, `segments`, `utt2dur` and `wav.scp` may stand
beside it, and are held in memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from dataselect.data.fields import Column
from dataselect.data.formats.lines import Found, Item, Layout
from dataselect.data.formats.speech.keyed_text import (
    BadLineError,
    KeyedLine,
    KeyedTable,
    keyed_lines,
)
from dataselect.data.formats.values import duration, finite, id_of, seconds
from dataselect.data.formats.writers import RecordWriter
from dataselect.data.input_files import Inputs

_TEXT, _SEGMENTS, _DURATIONS, _AUDIO = "text", "segments", "utt2dur", "wav.scp"
_LABELS = {"utt2spk": "speaker", "utt2lang": "language"}
_FILES = (_TEXT, *_LABELS, _SEGMENTS, _DURATIONS, _AUDIO)
_TO_THE_END = -1.0  # as the end of a segment
_FOREIGN_SPACE = re.compile(r"[^\S \t]|\0")  # Kaldi's validate_text.pl refuses it


def files_of(folder: str) -> list[str]:
    """The files of a data directory that are there, `text` first; none if it has no `text`."""
    paths = [os.path.join(folder, name) for name in _FILES]
    return [path for path in paths if os.path.isfile(path)] if os.path.isfile(paths[0]) else []


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, text and what the other files have, for each line of `text`.

    An id that one of the files lacks, or has twice, makes a bad record.
    """
    text, *others = inputs.by_file()
    names = [os.path.basename(path) for path in inputs.paths[1:]]
    tables = {name: KeyedTable(name, blocks) for name, blocks in zip(names, others, strict=True)}
    seen: set[str] = set()
    for found in keyed_lines(text):
        yield _item(found, tables, layout.text_field, repeated=found.id in seen)
        seen.add(found.id)
    for name, table in tables.items():
        if name == _AUDIO and _SEGMENTS in tables:
            continue  # it is keyed by recordings
        for found in table:
            if found.id not in seen:
                seen.add(found.id)
                yield found.line.bad(f"id '{found.id}' is not in {_TEXT}; add it or leave it out")


def _item(
    found: KeyedLine, tables: dict[str, KeyedTable], text_field: str, *, repeated: bool
) -> Item:
    if repeated:
        return found.line.bad(f"id '{found.id}' stands twice; remove one")
    try:
        text = found.value()
        return Found(found.line, {"id": found.id, text_field: text, **_joined(found.id, tables)})
    except BadLineError as refusal:
        return refusal.line.bad(refusal)
    except ValueError as refusal:
        return found.line.bad(refusal)


def _joined(id_: str, tables: dict[str, KeyedTable]) -> dict[str, Any]:
    """What the other files say of an utterance. Raises ValueError, BadLineError."""
    fields: dict[str, Any] = {}
    for name, field in _LABELS.items():
        if name in tables:
            fields[field] = tables[name].look_up(id_, _named)
    recording = id_
    if _SEGMENTS in tables:
        segment = tables[_SEGMENTS].look_up(id_, _segment)
        recording = segment.recording
        fields |= segment.fields()
    if _DURATIONS in tables:
        fields["duration"] = tables[_DURATIONS].look_up(id_, _duration)
    if _AUDIO in tables:
        fields["recording"] = recording
        fields["audio"] = tables[_AUDIO].look_up(recording, _named)
    return fields


class _Segment(NamedTuple):
    recording: str
    start: float
    duration: float | None

    def fields(self) -> dict[str, Any]:
        found = {"recording": self.recording, "start": self.start}
        return found if self.duration is None else {**found, "duration": self.duration}


def _segment(value: str) -> _Segment:
    words = value.split()
    if len(words) != 3:
        raise ValueError(f"'{value}' is no segment; write UTTERANCE RECORDING START END")
    start, end = seconds(words[1], "the start"), finite(words[2], "the end")
    return _Segment(words[0], start, None if end == _TO_THE_END else duration(start, end))


def _duration(value: str) -> float:
    return seconds(value, "the duration")


def _named(value: str) -> str:
    if not value:
        raise ValueError("nothing follows the id; add its value")
    return value


class KaldiWriter(RecordWriter):
    """Keyed text, sorted by bytes as Kaldi wants it, and so held in memory."""

    def __init__(self, layout: Layout) -> None:
        self._text = Column.hypothesis(layout.text_field)
        self._lines: dict[str, str] = {}

    def write(self, fields: dict[str, Any]) -> bytes:
        """Nothing, until all are known. Raises ValueError for an id that Kaldi cannot hold."""
        id_, text = id_of(fields), self._text.get(fields).strip(" \t")
        if found := _FOREIGN_SPACE.search(text):
            raise ValueError(f"the text holds {found[0]!r}, which Kaldi refuses; remove it")
        if id_.split() != [id_] or "\0" in id_:
            raise ValueError(f"id {id_!r} holds white space, which ends it in Kaldi; rename it")
        if id_ in self._lines:
            raise ValueError(f"id '{id_}' stands twice; make ids unique, for example with --id")
        self._lines[id_] = f"{id_} {text}".rstrip(" ")
        return b""

    def finish(self) -> bytes:
        """All lines."""
        found = sorted((id_.encode(), line) for id_, line in self._lines.items())
        return b"".join(line.encode() + b"\n" for _, line in found)
