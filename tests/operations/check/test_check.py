"""`dataselect check`: what is added, selection, conditions of CI, and what is refused."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside
from small_models import Overlap

from dataselect.models.paraphrase_detector.detector import Detector

Run = Callable[..., list[dict[str, Any]]]

ADELE = [{"slot": "artist", "start": 5, "end": 10, "value": "adele"}]
RECORDS: list[dict[str, Any]] = [
    {"id": "a", "text": "play adele", "intent": "music", "slots": ADELE},
    {"text": "Play Adele!", "intent": "radio"},
    {"id": 3, "text": "play adele", "intent": "music"},
    {"id": "d", "text": "will it rain", "intent": "weather"},
]


@pytest.fixture
def found(tmp_path: Path, inside: Inside) -> Run:
    """The records that the command writes, given its options and what it reads."""

    def run(options: str, records: list[dict[str, Any]] = RECORDS) -> list[dict[str, Any]]:
        (tmp_path / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
        inside("check", *shlex.split(options), "in.jsonl", "-q", "-o", "out.jsonl").silent()
        return list(map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()))

    return run


def problems(records: list[dict[str, Any]]) -> list[list[str]]:
    return [[each["problem"] for each in record["problems"]] for record in records]


def test_records_leave_with_doubt_and_problems(found: Run) -> None:
    records = found("--rule conflicting_intents --rule conflicting_slots")
    assert problems(records) == [
        ["conflicting_slots"],
        ["conflicting_intents"],
        ["conflicting_slots"],
        [],
    ]
    assert records[1]["problems"][0] == {
        "problem": "conflicting_intents",
        "evidence": "the same text has the intent 'music', 2 times",
        "suggestion": {"intent": "music", "slots": None},
        "conflicts_with": "a",
    }
    assert records[0]["problems"][0]["conflicts_with"] == 3
    assert records[2]["problems"][0]["conflicts_with"] == "a"
    assert all(0 <= record["doubt"] <= 1 for record in records)
    assert records[3]["doubt"] == 0
    assert [{**each, "doubt": 0, "problems": []} for each in RECORDS] == [
        {**each, "doubt": 0, "problems": []} for each in records
    ]


def test_a_record_without_an_id_is_called_by_its_line(found: Run) -> None:
    records = [{"text": "stop", "intent": "a"}, {"text": "stop", "intent": "b"}]
    told = found("--rule conflicting_intents", records)
    assert [each["problems"][0]["conflicts_with"] for each in told] == ["in.jsonl:2", "in.jsonl:1"]
    assert [each["problems"][0]["suggestion"] for each in told] == [None, None]


def test_sort_writes_the_most_doubtful_first(found: Run) -> None:
    doubts = [each["doubt"] for each in found("--sort")]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] > doubts[-1]


def test_low_doubt_is_good(found: Run) -> None:
    everything = found("")
    limit = sorted(each["doubt"] for each in everything)[1]
    kept = found(f"--threshold {limit}")
    assert kept == [each for each in everything if each["doubt"] <= limit]
    assert found("--top-k 1") == [min(everything, key=lambda each: each["doubt"])]


def test_a_second_run_replaces_what_the_first_said(found: Run) -> None:
    first = found("--rule conflicting_intents")
    assert found("--rule conflicting_intents", first) == first


def test_records_of_labelled_files_count_and_are_not_checked(tmp_path: Path, found: Run) -> None:
    (tmp_path / "right.jsonl").write_text(
        '{"id": "r", "text": "stop", "intent": "a"}\n{"text": "Stop.", "intent": "a"}\n'
    )
    options = "--rule conflicting_intents --labelled right.jsonl"
    [told] = found(options, [{"text": "stop!", "intent": "b"}])
    assert told["problems"][0]["conflicts_with"] == "r"
    assert told["problems"][0]["suggestion"]["intent"] == "a"


def test_fail_if_ends_with_3_after_writing(tmp_path: Path, inside: Inside, found: Run) -> None:
    found("")
    options = ["check", "-q", "-o", "out2.jsonl", "in.jsonl", "--fail-if"]
    told = inside(*options, "conflicting_intents > 0")
    assert told.code == 3
    assert "--fail-if 'conflicting_intents > 0' holds: 1 of 4 records" in told.err
    assert (tmp_path / "out2.jsonl").exists()
    assert inside(*options, "conflicting_intents > 25%").code == 0
    assert inside(*options, "conflicting_intents >= 25%").code == 3
    assert "there is no --test FILE" in inside(*options, "in_test > 0").err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--rule nothing", "--rule nothing: rules are conflicting_intents, "),
        ("--rule rare_slot --ignore rare_slot", "--ignore leaves no rule"),
        ("--fail-if rare_slot", "is not 'RULE > NUMBER'"),
        ("--ignore rare_slot --fail-if 'rare_slot > 0'", "is not 'RULE > NUMBER'"),
    ],
)
def test_options_that_make_no_sense(inside: Inside, found: Run, options: str, said: str) -> None:
    found("")
    told = inside("check", *shlex.split(options), "in.jsonl")
    assert told.code == 2
    assert said in told.err


def test_what_was_verified_is_told(tmp_path: Path, inside: Inside, found: Run) -> None:
    found("")
    told = inside("check", "in.jsonl", "-o", "out.jsonl", "--report", "report.json").err
    assert "\nconflicting_intents            4      1\n" in told
    assert (
        "\nin_test                        -      0  not applied: there is no --test FILE\n" in told
    )
    report = json.loads((tmp_path / "report.json").read_text())
    by_rule = report["check"]["rules"]
    assert by_rule["conflicting_intents"] == {
        "stability": "stable",
        "records": 4,
        "found": 1,
        "skipped": None,
    }
    assert by_rule["in_test"]["skipped"] == "there is no --test FILE"


def test_bad_records_cost_themselves(tmp_path: Path, inside: Inside, found: Run) -> None:
    found("")
    with (tmp_path / "in.jsonl").open("a") as file:
        file.write('{"text": "stop", "intent": "a", "slots": 7}\n{"text": "stop", "intent": "b"}\n')
    told = inside("check", "in.jsonl", "-o", "out3.jsonl")
    assert told.code == 1
    assert "in.jsonl:5: field 'slots' is not an array" in told.err
    assert not (tmp_path / "out3.jsonl").exists()
    assert inside("check", "-q", "in.jsonl", "-o", "out3.jsonl", "--on-error", "skip").code == 0
    assert len((tmp_path / "out3.jsonl").read_text().splitlines()) == 5


def test_any_number_of_jobs_writes_the_same_bytes(tmp_path: Path, inside: Inside) -> None:
    lines = [
        json.dumps({"text": f"play song {n} {'x' * (n % 7)}", "intent": f"i{n % 3}"}) + "\n"
        for n in range(20_000)
    ]
    (tmp_path / "in.jsonl").write_text("".join(lines))
    written = []
    for jobs in "1", "2":
        options = ("--rule", "conflicting_intents", "--rule", "rare_intent", "--rare", "7000")
        told = inside("check", "-q", "in.jsonl", "-o", "out.jsonl", "--jobs", jobs, *options)
        told.silent()
        written.append((tmp_path / "out.jsonl").read_bytes())
    assert written[0] == written[1]
    assert written[0].count(b"\n") == 20_000


def test_a_long_text_is_compared_as_a_whole(found: Run) -> None:
    long = "play it " * 2_000
    slots = [{"slot": "what", "start": 5, "end": 7, "value": "it"}]
    records = [{"text": long, "intent": intent, "slots": slots} for intent in ("a", "a", "b")]
    told = found("", [*records, *RECORDS])
    assert "conflicting_intents" in problems(told)[2]
    assert not any("unlikely_slots" in each for each in problems(told)[:3])


def test_a_detector_tells_near_copies(
    tmp_path: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Detector, "load", lambda *_, **__: Overlap())
    said = [("play some jazz", "on"), ("play play play some jazz", "off")]
    others = [("will it rain in the north", "weather"), ("is there snow", "weather")]
    lines = [json.dumps({"text": text, "intent": intent}) for text, intent in said + others]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    command = ("check", "-q", "--rule", "conflicting_near_copies", "in.jsonl", "-o", "out.jsonl")
    found = []
    for options in (), ("--detector", "folder"):
        inside(*command, *options).silent()
        records = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
        found.append([bool(record["problems"]) for record in records])
    assert found == [[False] * 4, [True, True, False, False]]


def test_a_detector_that_is_missing_is_refused(tmp_path: Path, inside: Inside, found: Run) -> None:
    found("")
    run = inside("check", "-q", "--detector", "nowhere", "in.jsonl", "-o", "new.jsonl")
    run.refused(1, "nowhere")
    assert not (tmp_path / "new.jsonl").exists()
