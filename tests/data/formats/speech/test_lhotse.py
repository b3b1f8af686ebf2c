"""lhotse manifests: supervisions and cuts as to_file() writes them, in JSONL."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from format_files import read_files

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.speech import lhotse

FULL: dict[str, Any] = {
    "id": "sup-1",
    "recording_id": "rec-1",
    "start": 12.3,
    "duration": 4.25,
    "channel": 0,
    "text": "hello there",
    "language": "English",
    "speaker": "spk-1",
    "gender": "F",
    "custom": {"snr": 20.5},
    "alignment": {"word": [["hello", 12.3, 0.5, 0.9], ["there", 12.9, 0.4]]},
}
BARE: dict[str, Any] = {
    "id": "sup-2",
    "recording_id": "rec-1",
    "start": 0,
    "duration": 1.5,
    "channel": [0, 1],
}


def lines(*manifests: Any) -> str:
    return "".join(json.dumps(manifest) + "\n" for manifest in manifests)


def cut(kind: str, start: float, supervisions: list[Any]) -> dict[str, Any]:
    recording = {"id": "rec-1", "sampling_rate": 16000, "num_samples": 1, "duration": 1.0}
    return {
        "id": f"cut-{start}",
        "start": start,
        "duration": 10.0,
        "channel": 0,
        "supervisions": supervisions,
        "recording": recording,
        "type": kind,
    }


def test_supervisions_are_records(tmp_path: Path) -> None:
    files = {"s.jsonl.gz": gzip.compress(lines(FULL, BARE).encode())}
    assert read_files(lhotse.read, tmp_path, files) == [FULL, BARE]


def test_times_in_a_cut_become_those_of_the_recording(tmp_path: Path) -> None:
    inside = {**FULL, "start": -0.2, "alignment": {"word": [["hello", 0.1, 0.5]]}}
    manifests = [
        cut("MonoCut", 12.3, [inside, BARE]),
        cut("MultiCut", 0, []),
        {"id": "pad", "duration": 1, "type": "PaddingCut"},
        {
            "id": "mixed",
            "type": "MixedCut",
            "tracks": [
                {"cut": cut("MonoCut", 2.5, [BARE])},
                {"cut": {"id": "pad", "type": "PaddingCut"}, "offset": 3, "snr": 10},
            ],
        },
    ]
    assert read_files(lhotse.read, tmp_path, {"cuts.jsonl": lines(*manifests)}) == [
        {
            **FULL,
            "start": 12.1,
            "alignment": {"word": [["hello", 12.4, 0.5]]},
            "cut_id": "cut-12.3",
        },
        {**BARE, "start": 12.3, "cut_id": "cut-12.3"},
        {**BARE, "start": 2.5, "cut_id": "mixed"},
    ]


def test_the_text_goes_where_it_is_wanted(tmp_path: Path) -> None:
    [record] = read_files(lhotse.read, tmp_path, {"s": lines(FULL)}, Layout(text_field="ref"))
    assert record["ref"] == "hello there"
    assert "text" not in record


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"id": "a", "start": 0, "duration": 1}, "s:2: no 'recording_id'; this is no supervision"),
        ({**BARE, "start": "0"}, "s:2: 'start' is a string, not a number"),
        ({**BARE, "duration": -1}, "s:2: 'duration' -1 is negative"),
        ({**BARE, "duration": 1e308 * 10}, "s:2: Infinity is not JSON"),
        (cut("MonoCut", 0, [{"id": "a"}]), "s:2: no 'recording_id'"),
        ({"id": "m", "tracks": [{}]}, "s:2: a track has no 'cut'"),
        ({"id": "m", "supervisions": {}}, "s:2: field 'supervisions' is no list of objects"),
        (
            cut("MonoCut", 1, [{**BARE, "alignment": {"word": [["a"]]}}]),
            "s:2: 'alignment' holds no [SYMBOL, START, DURATION]",
        ),
        ([1], "s:2: an array, not a JSON object"),
    ],
)
def test_one_bad_supervision_costs_one_record(tmp_path: Path, manifest: Any, message: str) -> None:
    found = read_files(lhotse.read, tmp_path, {"s": lines(BARE, manifest, FULL)})
    assert [found[0], found[2]] == [BARE, FULL]
    assert found[1].startswith(message)


def test_a_cut_loses_only_its_bad_supervision(tmp_path: Path) -> None:
    found = read_files(lhotse.read, tmp_path, {"s": lines(cut("MonoCut", 0, [{"id": "a"}, BARE]))})
    assert [type(item) for item in found] == [str, dict]


def written(record: dict[str, Any]) -> bytes:
    return lhotse.writer(Layout()).write(record)


@pytest.mark.parametrize("manifest", [FULL, BARE])
def test_supervisions_come_back_byte_for_byte(manifest: dict[str, Any]) -> None:
    assert written(manifest) == orjson.dumps(manifest) + b"\n"


def test_what_lhotse_does_not_know_goes_into_custom() -> None:
    record = {**FULL, "relevance": 0.5, "cut_id": "c", "gender": None}
    made = orjson.loads(written(record))
    assert made["custom"] == {"snr": 20.5, "relevance": 0.5, "cut_id": "c"}
    assert set(made) == set(FULL) - {"gender"}


def test_what_kaldi_or_a_table_says_is_enough_for_a_supervision() -> None:
    record = {"id": 7, "text": "a", "recording": "r", "start": "1.5", "duration": 2.0}
    assert orjson.loads(written(record)) == {
        "id": "7",
        "recording_id": "r",
        "start": 1.5,
        "duration": 2.0,
        "channel": 0,
        "text": "a",
    }


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"id": "a", "start": 0, "duration": 1}, "field 'recording_id' is missing"),
        ({"id": "a", "recording": "r", "duration": 1}, "field 'start' is missing"),
        ({"recording": "r", "start": 0, "duration": 1}, "field 'id' is no id"),
        ({**BARE, "start": "x"}, "field 'start' 'x' is not a finite number"),
        ({**BARE, "duration": None}, "field 'duration' is null, not a number"),
        ({**FULL, "custom": 1, "x": 2}, "field 'custom' is no object"),
    ],
)
def test_what_is_no_supervision_is_refused(record: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        written(record)
