"""A file that is no JSONL is told for what it is, in whatever command it is read."""

import json
from pathlib import Path

import pytest
from conftest import Inside

from dataselect.data.files.first_bytes import other_format

CSV, TSV = "--from csv", "--from tsv"


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"id,text,intent", f"looks like CSV; name the file *.csv, or give {CSV}"),
        (b'"id","text"\r', CSV),
        (b'1,"play it, please",music', f"{CSV} --no-header --columns NAME,NAME..."),
        (b",text,x", CSV),
        (b"text;x", f"CSV with semicolons; name the file *.csv, or give {CSV}"),
        (b"id\ttext", TSV),
        (b"17\tplay some jazz", f"{TSV} --no-header --columns NAME,NAME..."),
        (b"play some jazz, please", "looks like plain text; name the file *.txt, or"),
        ("¿qué hora es?".encode(), "--from text, or moses for two files of translations"),
        (b"0 ||| ein Haus ||| lm=-1 ||| -1", "--from moses-nbest"),
        (b'version: "3.1"', "training data of Rasa; name the file *.yml, or give --from rasa"),
        (b"nlu:", "--from rasa"),
        (b"# text: play it", "looks like CoNLL; name the file *.conll, or give --from conll"),
        (b"1\tplay\tPlay\tO", "--from conll"),
        (b"version 3: play", "--from text"),
        (b"[", "an array, not a JSON object; name the file *.json, or"),
        (b'[{"text": "a"}, {"text": "b"}]', "give --from json"),
        (b"{", "an object over several lines; put each on one: jq -c ."),
        (b"<?xml version='1.0'?>", "XML or HTML"),
    ],
)
def test_other_formats_are_told_by_their_first_line(first: bytes, words: str) -> None:
    assert words in (other_format(first) or "")


@pytest.mark.parametrize(
    "first",
    [
        *(b"", b'{"text": "play', b"{text: 1}", b'"a string"', b"12", b"null", b"NaN", b"-1.5"),
        *(b"\xff\xfe{", b"\0\0", b'{"a": 1} {"b": 2}', b"]"),
    ],
)
def test_broken_json_is_not_taken_for_another_format(first: bytes) -> None:
    assert other_format(first) is None


@pytest.mark.parametrize(
    "command",
    [
        ["select", "--by", "x", "FILE"],
        ["relevance", "--in-domain", "good", "--background", "other", "FILE"],
        ["relevance", "--in-domain", "FILE", "good"],
        ["winnow", "--in-domain", "FILE", "good"],
        ["diversity", "--top-k", "1", "FILE"],
        ["label", "--labelled", "FILE", "good"],
        ["evaluate", "--metric", "wer", "FILE"],
        ["lm", "train", "FILE"],
        ["convert", "--to", "text", "FILE"],
        ["compare", "--pool", "good", "--dev", "good", "FILE"],
    ],
)
def test_every_command_tells_a_csv_file(inside: Inside, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "FILE").write_text("id,text,intent\n1,play,music\n")
    (tmp_path / "good").write_text('{"text": "play", "x": 1}\n' * 5)
    (tmp_path / "other").write_text('{"text": "snow"}\n' * 5)
    inside(*command).refused(1, "FILE:1: not JSON: this looks like CSV; ", CSV)


def test_later_lines_and_later_files_are_told_apart(inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "one").write_text('{"x": 1}\noops, no\n')
    inside("select", "--by", "x", "one").refused(1, "one:2: not JSON (", "write one JSON object")
    (tmp_path / "two").write_text("oops, no\n")
    inside("select", "--by", "x", "--on-error", "bad", "two", "one")
    reasons = [json.loads(line)["reason"] for line in (tmp_path / "bad").read_text().splitlines()]
    assert ["plain text" in reason for reason in reasons] == [True, False]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"PK\x03\x04\x14", "an Excel sheet, or zip data; save it as CSV, or unpack it"),
        (b"\x93NUMPY\x01", "a NumPy array"),
        (b"SQLite format 3\0", "an SQLite database; export a table as CSV"),
    ],
)
def test_binary_files_are_told_by_their_first_bytes(
    inside: Inside, tmp_path: Path, first: bytes, words: str
) -> None:
    (tmp_path / "pool").write_bytes(first + bytes(9))
    inside("select", "--by", "x", "pool").refused(1, "pool: ", words)
    inside("convert", "--from", "text", "pool").refused(1, "pool: ", words)


def test_parquet_that_is_read_as_text_is_told(inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "pool").write_bytes(b"PAR1\x15\x04" + bytes(9))
    words = "Parquet data; name the file *.parquet, or give --from"
    inside("convert", "--from", "text", "pool").refused(1, "pool: ", words)


def test_jsonl_that_is_converted_as_text_is_warned_of(inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "pool").write_text('{"text": "play"}\n')
    outcome = inside("convert", "--from", "text", "--report", "report", "-o", "out", "pool")
    said = "the first line is a JSON object, and read as text: for JSONL, leave --from out"
    assert outcome.err.splitlines()[0] == f"dataselect: warning: {said}"
    assert json.loads((tmp_path / "report").read_text())["warnings"] == [said]
    for mark in b";\t":
        (tmp_path / "other.csv").write_bytes(b"text%cx\nplay%c1\n" % (mark, mark))
        inside("convert", "other.csv", "-o", "out", "-q").silent()
        assert (tmp_path / "out").read_bytes() == b'{"text":"play","x":"1"}\n'
    (tmp_path / "plain").write_text("play {it}\n")
    inside("convert", "-q", "--from", "text", "-o", "out", "plain").silent()
