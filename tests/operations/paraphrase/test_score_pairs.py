"""`dataselect paraphrase score`: pairs, and the best match of a record in a file."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside
from small_models import Overlap

from dataselect.models.paraphrase_detector import detector as detectors

PAIRS = [
    {"id": 1, "text1": "play jazz", "text2": "play some jazz", "note": 1.50},
    {"id": 2, "text1": "play jazz", "text2": "rain"},
    {"id": 3, "text1": "rain", "text2": "rain"},
]
Write = Callable[[str, Sequence[dict[str, Any]]], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write records; the detector is `Overlap`, wherever one is loaded."""
    monkeypatch.setattr(detectors.Detector, "load", lambda *_, **__: Overlap())

    def lines(name: str, found: Sequence[dict[str, Any]]) -> None:
        (tmp_path / name).write_text("".join(json.dumps(each) + "\n" for each in found))

    return lines


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_pairs_get_the_probability_that_both_texts_say_the_same(
    inside: Inside, write: Write, tmp_path: Path
) -> None:
    write("pairs.jsonl", PAIRS)
    inside(
        "paraphrase", "score", "--detector", "d", "pairs.jsonl", "-o", "out.jsonl", "-q"
    ).silent()
    found = read(tmp_path / "out.jsonl")
    assert [each["paraphrase"] for each in found] == [0.666667, 0, 1]
    assert [{**each, "paraphrase": 0} for each in found] == [
        {**each, "paraphrase": 0} for each in PAIRS
    ]


def test_pairs_are_selected_like_any_score(inside: Inside, write: Write, tmp_path: Path) -> None:
    write("pairs.jsonl", PAIRS)
    run = ("paraphrase", "score", "--detector", "d", "pairs.jsonl", "-o", "out.jsonl", "-q")
    inside(*run, "--threshold", "0.5", "--rejects", "rest.jsonl", "--jobs", "2").silent()
    assert [each["id"] for each in read(tmp_path / "out.jsonl")] == [1, 3]
    assert [each["dropped"] for each in read(tmp_path / "rest.jsonl")] == [
        "below the threshold 0.5"
    ]


def test_the_best_match_in_a_file_is_named(inside: Inside, write: Write, tmp_path: Path) -> None:
    write("pool.jsonl", [{"text": "play jazz now"}, {"text": "rain now"}])
    write("known.jsonl", [{"id": {"n": 7}, "text": "rain"}, {"text": "some jazz"}])
    inside(
        *("paraphrase", "score", "--detector", "d", "--against", "known.jsonl"),
        *("pool.jsonl", "-o", "out.jsonl", "--report", "report.json", "-q"),
    ).silent()
    found = read(tmp_path / "out.jsonl")
    assert [each["paraphrase"] for each in found] == [0.25, 0.5]
    assert [each["nearest"] for each in found] == ["known.jsonl:2", {"n": 7}]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["paraphrase"]["matching"] == {"texts": 2, "candidates": 2, "search": "all"}
    assert report["counts"] == {"read": 2, "kept": 2, "dropped": 0, "errors": 0}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["pairs.jsonl", "--candidates", "3"], 2, ["--candidates", "--against"]),
        (["pairs.jsonl", "--against", "pairs.jsonl", "--text1-field", "a"], 2, ["--text1-field"]),
        (["pairs.jsonl", "--against-field", "t"], 2, ["--against-field", "--against FILE"]),
        (
            ["pairs.jsonl", "--against", "pairs.jsonl", "--against-field", "t"],
            1,
            ["pairs.jsonl:1: field 't' is missing; name another with --against-field"],
        ),
        (["pairs.jsonl", "--against", "none.jsonl"], 1, ["none.jsonl: no text to compare with"]),
        (["pairs.jsonl", "--against", "pairs.jsonl"], 1, ["pairs.jsonl:1", "'text' is missing"]),
        (["pairs.jsonl", "--text2-field", "b"], 1, ["pairs.jsonl:1", "'b'", "--text2-field"]),
    ],
)
def test_what_cannot_be_compared_is_refused(
    inside: Inside, write: Write, arguments: list[str], code: int, words: list[str]
) -> None:
    write("pairs.jsonl", PAIRS)
    write("none.jsonl", [])
    inside("paraphrase", "score", "--detector", "d", *arguments, "-q").refused(code, *words)


def test_a_folder_without_a_detector_is_refused(inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text(json.dumps(PAIRS[0]) + "\n")
    run = inside("paraphrase", "score", "--detector", str(tmp_path), "pairs.jsonl")
    run.refused(1, "not a paraphrase detector", "paraphrase train")
