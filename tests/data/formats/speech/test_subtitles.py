"""Subtitles as Whisper, WhisperX and people write them."""

from pathlib import Path

import pytest
from format_files import read_files

from dataselect.data.formats.speech.subtitles import read_srt, read_vtt, recognizes

SRT = """\
\ufeff1\r
00:00:00,000 --> 00:00:02,500\r
Hello <i>there</i>,\r
my <unk> friend & co\r
\r
2
01:00:00,250 --> 01:00:00,750 X1:40 X2:600
{\\an8}- Yes.

3
00:00:04,000 --> 00:00:05,000

4
00:00:06,100 --> 00:00:06,100
4
"""
VTT = """\
WEBVTT - a title

STYLE
::cue { color: red }

NOTE a remark
of two lines

00:00.100 --> 00:02.500 align:start
<v Anna Smith>Hello <c.loud>there</c> &amp; <00:00:01.000>welcome</v>

cue-7
100:00:00.000 --> 100:00:01.000
NOTE is no note here
"""


def test_srt(tmp_path: Path) -> None:
    assert read_files(read_srt, tmp_path, {"talk.en.srt": SRT}) == [
        {
            "id": "talk.en-1",
            "text": "Hello there, my <unk> friend & co",
            "start": 0.0,
            "end": 2.5,
            "duration": 2.5,
        },
        {"id": "talk.en-2", "text": "- Yes.", "start": 3600.25, "end": 3600.75, "duration": 0.5},
        {"id": "talk.en-3", "text": "", "start": 4.0, "end": 5.0, "duration": 1.0},
        {"id": "talk.en-4", "text": "4", "start": 6.1, "end": 6.1, "duration": 0.0},
    ]


def test_vtt(tmp_path: Path) -> None:
    assert read_files(read_vtt, tmp_path, {"talk.vtt": VTT}) == [
        {
            "id": "talk-1",
            "text": "Hello there & welcome",
            "start": 0.1,
            "end": 2.5,
            "duration": 2.4,
            "speaker": "Anna Smith",
        },
        {
            "id": "talk-2",
            "text": "NOTE is no note here",
            "start": 360000.0,
            "end": 360001.0,
            "duration": 1.0,
        },
    ]


@pytest.mark.parametrize(
    ("cue", "message"),
    [
        ("2\nhello\nthere\n", "no time line in the first two; write HH:MM:SS.mmm"),
        ("2\n00:00:03,000 --> 00:00:02,000\nx\n", "the end 2.0 lies before the start 3.0"),
        ("2\n00:00:03 --> 00:00:04\nx\n", "no time line in the first two"),
    ],
)
def test_one_bad_cue_costs_one_record(tmp_path: Path, cue: str, message: str) -> None:
    good = "00:00:01,000 --> 00:00:02,000\na\n"
    found = read_files(read_srt, tmp_path, {"a.srt": f"1\n{good}\n{cue}\n3\n{good}"})
    assert found[1].startswith(f"a.srt:5: {message}")
    assert [found[0]["id"], found[2]["id"]] == ["a-1", "a-3"]


@pytest.mark.parametrize(
    ("first", "is_vtt"),
    [
        (b"WEBVTT\n\n", True),
        (b"\xef\xbb\xbfWEBVTT - title", True),
        (b"WEBVTT", True),
        (b"WEBVTTX", False),
        (b"NOTE\n", False),
        (b"", False),
    ],
)
def test_vtt_is_told_by_its_first_word(first: bytes, is_vtt: bool) -> None:
    assert recognizes(first) is is_vtt
