"""Kaldi data directories as recipes write them, keyed text, and what validate_text.pl accepts."""

import re
from pathlib import Path
from typing import Any

import pytest
from format_files import read_files
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.speech import kaldi

DIRECTORY = {
    "text": "spk1-a hello there\nspk1-b\nspk2-c good  morning\n",
    "utt2spk": "spk1-a spk1\nspk1-b spk1\nspk2-c spk2\n",
    "utt2lang": "spk1-a en\nspk1-b en\nspk2-c de\n",
    "segments": "spk1-a rec1 0.1 0.3\nspk1-b rec1 4.2 4.3\nspk2-c rec2 1 -1\n",
    "utt2dur": "spk1-a 0.21\nspk1-b 0.1\nspk2-c 2.5\n",
    "wav.scp": "rec1 audio/rec1.wav\nrec2 sph2pipe -f wav rec2.sph |\n",
}
RECORDS = [
    {
        "id": "spk1-a",
        "text": "hello there",
        "speaker": "spk1",
        "language": "en",
        "recording": "rec1",
        "start": 0.1,
        "duration": 0.21,
        "audio": "audio/rec1.wav",
    },
    {
        "id": "spk1-b",
        "text": "",
        "speaker": "spk1",
        "language": "en",
        "recording": "rec1",
        "start": 4.2,
        "duration": 0.1,
        "audio": "audio/rec1.wav",
    },
    {
        "id": "spk2-c",
        "text": "good  morning",
        "speaker": "spk2",
        "language": "de",
        "recording": "rec2",
        "start": 1.0,
        "duration": 2.5,
        "audio": "sph2pipe -f wav rec2.sph |",
    },
]


def test_a_directory_is_joined_by_id(tmp_path: Path) -> None:
    assert read_files(kaldi.read, tmp_path, DIRECTORY) == RECORDS
    turned = {
        name: "".join(reversed(content.splitlines(keepends=True))) if name != "text" else content
        for name, content in DIRECTORY.items()
    }
    assert read_files(kaldi.read, tmp_path, turned) == RECORDS


def test_without_utt2dur_segments_give_the_duration(tmp_path: Path) -> None:
    files = {name: DIRECTORY[name] for name in ("text", "segments")}
    durations = [record.get("duration") for record in read_files(kaldi.read, tmp_path, files)]
    assert durations == [0.2, 0.1, None]  # in decimal, and to the end of a recording not known


def test_without_segments_a_recording_is_an_utterance(tmp_path: Path) -> None:
    files = {"text": "a hello\n", "wav.scp": "a a.wav\n"}
    wanted = {"id": "a", "text": "hello", "recording": "a", "audio": "a.wav"}
    assert read_files(kaldi.read, tmp_path, files) == [wanted]


def test_tabs_and_spaces_part_id_and_text_and_nothing_else_does(tmp_path: Path) -> None:
    text = "a\tone\ttwo\r\nb \t one\u00a0two\u2028three \nc\n\nd\u00a0e x\n"
    assert read_files(kaldi.read, tmp_path, {"text": text}, Layout(text_field="t")) == [
        {"id": "a", "t": "one\ttwo"},
        {"id": "b", "t": "one\u00a0two\u2028three"},
        {"id": "c", "t": ""},
        {"id": "d\u00a0e", "t": "x"},
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"utt2spk": "spk1-a spk1\nspk2-c spk2\n"}, "text:2: id 'spk1-b' is not in utt2spk"),
        ({"wav.scp": "rec1 a\n"}, "text:3: id 'rec2' is not in wav.scp"),
        ({"text": DIRECTORY["text"] + "spk1-a x\n"}, "text:4: id 'spk1-a' stands twice"),
        ({"utt2spk": DIRECTORY["utt2spk"] + "z s\n"}, "utt2spk:4: id 'z' is not in text"),
        (
            {"utt2dur": "spk1-a 1\nspk1-b x\nspk2-c 2\n"},
            "utt2dur:2: the duration 'x' is not a fini",
        ),
        ({"utt2dur": "spk1-a 1\nspk1-b nan\nspk2-c 2\n"}, "utt2dur:2: the duration 'nan' is not a"),
        (
            {"utt2dur": "spk1-a 1\nspk1-b -2\nspk2-c 2\n"},
            "utt2dur:2: the duration '-2' is negative",
        ),
        (
            {"utt2dur": "spk1-a 1\nspk1-b 1\nspk2-c 2\nspk1-b 3\n"},
            "utt2dur:4: id 'spk1-b' stands twice",
        ),
        (
            {"segments": "spk1-a r 0 1\nspk1-b r 3 2\nspk2-c r 0 1\n", "wav.scp": "r a\n"},
            "segments:2: the end 2.0 lies before the start 3.0",
        ),
        (
            {"segments": "spk1-a r 0 1\nspk1-b r 3\nspk2-c r 0 1\n", "wav.scp": "r a\n"},
            "segments:2: 'r 3' is no segment; write UTTERANCE RECORDING START END",
        ),
        ({"text": DIRECTORY["text"] + " x y\n"}, "text:4: no id at the beginning"),
    ],
)
def test_one_bad_line_costs_one_record(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    found = read_files(kaldi.read, tmp_path, DIRECTORY | changed)
    bad = [item for item in found if isinstance(item, str)]
    assert len(bad) == 1
    assert bad[0].startswith(message)
    added = len("".join((DIRECTORY | changed)["text"]).splitlines()) - 3
    leftover = "is not in text" in message
    assert len(found) - len(bad) == 3 + added - (0 if leftover else 1)


def test_what_is_not_utf8_costs_one_record(tmp_path: Path) -> None:
    files = {"text": b"a caf\xe9\nb tea\n", "utt2spk": b"a s\nb s\n"}
    found = read_files(kaldi.read, tmp_path, files)
    assert found[0].startswith("text:1: byte 0xe9 at column 6 is not UTF-8")
    assert found[1:] == [{"id": "b", "text": "tea", "speaker": "s"}]


def test_files_of_a_directory(tmp_path: Path) -> None:
    for name in ("wav.scp", "spk2utt", "utt2spk"):
        (tmp_path / name).touch()
    assert kaldi.files_of(str(tmp_path)) == []
    (tmp_path / "text").touch()
    names = [Path(path).name for path in kaldi.files_of(str(tmp_path))]
    assert names == ["text", "utt2spk", "wav.scp"]


def written(*records: dict[str, Any]) -> str:
    writer = kaldi.KaldiWriter(Layout())
    return (b"".join(map(writer.write, records)) + writer.finish()).decode()


def test_lines_are_sorted_by_the_bytes_of_their_ids() -> None:
    ids = ["b", "a-1", "a", "B", "é", "z", "a\u0001"]
    lines = written(*({"id": id_, "text": "x  y "} for id_ in ids)).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["B", "a", "a\u0001", "a-1", "b", "z", "é"]
    assert written({"id": 7, "text": ""}, {"id": "07", "text": " x"}) == "07 x\n7\n"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"text": "a"}, "field 'id' is no id; add ids with --id"),
        ({"id": "a b", "text": "x"}, "id 'a b' holds white space"),
        ({"id": "a\u00a0b", "text": "x"}, "holds white space"),
        ({"id": "", "text": "x"}, "id '' holds white space"),
        ({"id": "a", "text": "x\u00a0y"}, "the text holds '\\xa0', which Kaldi refuses"),
        ({"id": "a", "text": "x\ny"}, "the text holds '\\n'"),
        ({"id": "a", "text": "x\ry"}, "the text holds '\\r'"),
        ({"id": "a", "text": 1}, "field 'text' is a number, not a string"),
        ({"id": "a"}, "field 'text' is missing"),
    ],
)
def test_what_kaldi_cannot_hold_is_refused(record: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        written(record)


def test_an_id_that_comes_back_is_refused() -> None:
    with pytest.raises(ValueError, match="id 'a' stands twice"):
        written({"id": "a", "text": "x"}, {"id": "a", "text": "y"})


PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"))
TEXTS = PLAIN.filter(lambda text: not re.search(r"[^\S \t]", text)).map(lambda t: t.strip(" \t"))
IDS = TEXTS.filter(lambda text: text.split() == [text])


@given(st.dictionaries(IDS, TEXTS))
def test_any_text_comes_back(texts: dict[str, str]) -> None:
    lines = written(*({"id": id_, "text": text} for id_, text in texts.items()))
    found = dict((line + " ").split(" ", 1) for line in lines.split("\n")[:-1])
    assert {id_: text.removesuffix(" ") for id_, text in found.items()} == texts
