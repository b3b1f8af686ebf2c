"""lhotse manifests in JSONL: supervisions, or cuts, of which each supervision is a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, lines
from dataselect.data.formats.values import checked_number, checked_seconds, id_of, number_of
from dataselect.data.formats.writers import LineWriter, RecordWriter
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import encoded, parse

_OPTIONAL = ("text", "language", "speaker", "gender", "custom", "alignment")
_TIMES = ("start", "duration")
_DIGITS = 8  # lhotse's own precision of times
_CUT_ID = "cut_id"


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record for each supervision, its times those in its recording, `cut_id` where it has one.

    Inside a cut lhotse counts times from the cut's beginning. A cut without supervisions gives no
    record.
    """
    for line in lines(inputs.blocks()):
        if line.blank():
            continue
        try:
            found = list(_supervisions(parse(line.raw)))
        except ValueError as refusal:
            yield line.bad(refusal)
            continue
        for supervision, cut in found:
            yield _item(line, supervision, cut, layout.text_field)


def _supervisions(manifest: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any] | None]]:
    """Each supervision with the cut that it is in. Raises ValueError."""
    if "tracks" in manifest:
        for track in _objects(manifest["tracks"], "tracks"):
            cut = track.get("cut")
            if not isinstance(cut, dict):
                raise ValueError("a track has no 'cut'; this is no cut of lhotse")
            for each in _objects(cut.get("supervisions", []), "supervisions"):
                yield each, {**cut, "id": manifest.get("id")}
    elif "supervisions" in manifest:
        for each in _objects(manifest["supervisions"], "supervisions"):
            yield each, manifest
    elif manifest.get("type") != "PaddingCut":
        yield manifest, None


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError(f"field '{name}' is no list of objects; this is no cut of lhotse")
    return value


def _item(
    line: SourceLine, supervision: dict[str, Any], cut: dict[str, Any] | None, text_field: str
) -> Item:
    try:
        return Found(line, _fields(supervision, cut, text_field))
    except ValueError as refusal:
        return line.bad(refusal)


def _fields(
    supervision: dict[str, Any], cut: dict[str, Any] | None, text_field: str
) -> dict[str, Any]:
    missing = [name for name in ("id", "recording_id", *_TIMES) if not _has(supervision, name)]
    if missing:
        raise ValueError(f"no '{missing[0]}'; this is no supervision of lhotse")
    start = checked_number(supervision["start"], "'start'")
    checked_seconds(supervision["duration"], "'duration'")
    fields = {text_field if name == "text" else name: of for name, of in supervision.items()}
    if cut is None:
        return fields
    offset = checked_number(cut.get("start", 0), "'start' of the cut")
    fields["start"] = round(start + offset, _DIGITS)
    if isinstance(alignment := supervision.get("alignment"), dict):
        fields["alignment"] = {kind: _shifted(items, offset) for kind, items in alignment.items()}
    return fields if cut.get("id") is None else {**fields, _CUT_ID: cut["id"]}


def _has(supervision: dict[str, Any], name: str) -> bool:
    return supervision.get(name) is not None


def _shifted(items: Any, offset: float) -> list[Any]:
    """Items of an alignment, `[symbol, start, duration, ...]`, with times in the recording."""
    try:
        return [[symbol, round(start + offset, _DIGITS), *rest] for symbol, start, *rest in items]
    except (TypeError, ValueError):
        raise ValueError("'alignment' holds no [SYMBOL, START, DURATION]; correct it") from None


def writer(layout: Layout) -> RecordWriter:
    """A supervision a line: fields that lhotse does not know go into `custom`."""
    return LineWriter(lambda fields: encoded(_supervision(fields, layout.text_field)))


def _supervision(fields: dict[str, Any], text_field: str) -> dict[str, Any]:
    own = {"text" if name == text_field else name: of for name, of in fields.items()}
    recording = own.pop("recording_id", None) or own.pop("recording", None)
    if not isinstance(recording, str):
        raise ValueError("field 'recording_id' is missing; lhotse wants the recording's id")
    for name in _TIMES:
        if name not in own:
            raise ValueError(f"field '{name}' is missing; lhotse wants it in seconds")
    numbers = {name: number_of(own[name], f"field '{name}'") for name in _TIMES}
    made = {
        "id": id_of(own),
        "recording_id": recording,
        **numbers,
        "channel": own.get("channel", 0),
    }
    checked_seconds(numbers["duration"], "field 'duration'")
    known = {name: own[name] for name in _OPTIONAL if own.get(name) is not None}
    more = {name: of for name, of in own.items() if name not in made and name not in _OPTIONAL}
    if more:
        custom = known.get("custom", {})
        if not isinstance(custom, dict):
            raise ValueError("field 'custom' is no object; correct it")
        known["custom"] = {**custom, **more}
    return {**made, **{name: known[name] for name in _OPTIONAL if name in known}}
