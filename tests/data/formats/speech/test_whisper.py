"""The JSON of Whisper, faster-whisper and WhisperX, as their writers make it."""

import json
from pathlib import Path
from typing import Any

import pytest
from format_files import read_files

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.speech import whisper
from dataselect.errors import InputError

SEGMENT: dict[str, Any] = {
    "id": 0,
    "seek": 0,
    "start": 0.0,
    "end": 2.48,
    "text": " Grüß Gott,",
    "tokens": [50364, 21242],
    "temperature": 0.0,
    "avg_logprob": -0.25,
    "compression_ratio": 1.5,
    "no_speech_prob": 0.01,
}
WORD = {"word": " Ja.", "start": 3.0, "end": 3.1, "probability": 0.5}


def document(*segments: Any, **more: Any) -> str:
    return json.dumps({"text": "...", "segments": segments, **more})


def test_whisper(tmp_path: Path) -> None:
    second = {**SEGMENT, "id": 1, "start": 3.0, "end": 3.1, "text": " Ja.", "words": [WORD]}
    content = document(SEGMENT, second, language="de")
    assert "\\u00fc" in content
    assert read_files(whisper.read, tmp_path, {"call 1.json": content}) == [
        {
            "id": "call 1-0",
            "text": "Grüß Gott,",
            "start": 0.0,
            "end": 2.48,
            "duration": 2.48,
            "language": "de",
            "temperature": 0.0,
            "avg_logprob": -0.25,
            "compression_ratio": 1.5,
            "no_speech_prob": 0.01,
        },
        {
            "id": "call 1-1",
            "text": "Ja.",
            "start": 3.0,
            "end": 3.1,
            "duration": 0.1,
            "language": "de",
            "temperature": 0.0,
            "avg_logprob": -0.25,
            "compression_ratio": 1.5,
            "no_speech_prob": 0.01,
            "words": [WORD],
        },
    ]


def test_whisperx_with_speakers(tmp_path: Path) -> None:
    word = {"word": "yes", "start": 0.1, "end": 0.3, "score": 0.9, "speaker": "SPEAKER_00"}
    segment = {"start": 0.1, "end": 0.3, "text": " yes 2", "words": [word, {"word": "2"}]}
    content = document({**segment, "speaker": "SPEAKER_00"}, word_segments=[word], language="en")
    [record] = read_files(whisper.read, tmp_path, {"a.json": content}, Layout(text_field="t"))
    assert record == {
        "id": "a-0",
        "t": "yes 2",
        "start": 0.1,
        "end": 0.3,
        "duration": 0.2,
        "language": "en",
        "words": [word, {"word": "2"}],
        "speaker": "SPEAKER_00",
    }


def test_a_list_of_segments_as_faster_whisper_gives_it(tmp_path: Path) -> None:
    content = json.dumps([{**SEGMENT, "words": None}], indent=1)
    [record] = read_files(whisper.read, tmp_path, {"a.json": content})
    assert "words" not in record


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"text": None}, "another layout; Whisper writes"),
        ({"text": 1}, "another layout; Whisper writes"),
        ({"start": "0"}, "'start' is a string, not a number"),
        ({"end": -1}, "'end' -1 is negative"),
        ({"start": 9}, "the end 2.48 lies before the start 9"),
        ({"text": "\ud800"}, "holds half a surrogate pair"),
    ],
)
def test_one_bad_segment_costs_one_record(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    content = json.dumps({"segments": [SEGMENT, {**SEGMENT, **changed}, SEGMENT]}, indent=2)
    found = read_files(whisper.read, tmp_path, {"a.json": content})
    line = content[: content.index("{", content.index("no_speech_prob"))].count("\n") + 1
    assert found[1].startswith(f"a.json:{line}: {message}")
    assert [found[0]["id"], found[2]["id"]] == ["a-0", "a-2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "a"}', "a.json:1: no segments; Whisper writes"),
        ('{"segments": {}}', "a.json:1: no segments"),
        ('{"segments": [x', "a.json:1: not JSON"),
    ],
)
def test_a_document_without_segments_is_an_error(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(InputError) as error:
        read_files(whisper.read, tmp_path, {"a.json": content})
    assert message in error.value.message


@pytest.mark.parametrize(
    ("content", "is_whisper"),
    [
        (document(SEGMENT), True),
        (json.dumps({"segments": [{"start": 0}]}, indent=4), True),
        ('{"text": "' + "long \\u00fc " * 8000, True),
        ('{"text": "a", "segments": []}', True),
        ('{"text": "a"}\n{"text": "b"}\n', False),
        ('{"segments": [{"name": 1}]}', False),
        ("", False),
    ],
)
def test_recognizes(content: str, is_whisper: bool) -> None:
    assert whisper.recognizes(content.encode()[: 1 << 16]) is is_whisper
