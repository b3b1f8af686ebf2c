"""Slots by the command `label`, and `evaluate` of a model that has them."""

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside

from dataselect.models.intent_classifier.intent_classifier import IntentClassifier
from dataselect.operations.label import label_model

ARTISTS = ["adele", "seal", "queen", "bach", "björk", "abba", "moby", "sade", "beck", "prince"]
PLACES = ["oslo", "new york", "rome", "bern", "kyoto", "quito", "lima", "cairo", "riga", "perth"]
FRAMES = {
    ("music", "artist"): (["play {} now", "put on {}", "listen to {} please"], ARTISTS),
    ("weather", "city"): (["will it rain in {}", "how warm is {}", "snow in {} today"], PLACES),
}
LABEL = ("label", "pool.jsonl", "--labelled", "labelled.jsonl")
Record = dict[str, Any]


def write(path: Path, records: list[Record]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def read(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def said(intent: str, slot: str, frame: str, value: str) -> Record:
    start = frame.index("{")
    slots = [{"slot": slot, "start": start, "end": start + len(value), "value": value}]
    return {"text": frame.format(value), "intent": intent, "slots": slots}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight labelled records an intent; the rest is the pool and, with its truth, the test."""
    labelled: list[Record] = []
    rest: list[Record] = []
    for (intent, slot), (frames, values) in FRAMES.items():
        rows = [said(intent, slot, frame, value) for frame in frames for value in values]
        random.Random(0).shuffle(rows)
        labelled += rows[:8]
        rest += rows[8:]
    random.Random(1).shuffle(rest)
    write(tmp_path / "labelled.jsonl", labelled)
    write(tmp_path / "test.jsonl", rest)
    write(tmp_path / "pool.jsonl", [{"id": i, "text": r["text"]} for i, r in enumerate(rest)])
    return tmp_path


def spans(record: Record) -> list[tuple[Any, ...]]:
    return [(s["slot"], s["start"], s["end"], s["value"]) for s in record["slots"]]


def test_records_get_slots_with_a_confidence_each(folder: Path, inside: Inside) -> None:
    inside(*LABEL, "-o", "out.jsonl", "-q").silent()
    kept, truth = read(folder / "out.jsonl"), read(folder / "test.jsonl")
    assert list(kept[0]) == ["id", "text", "intent", "confidence", "slots", "slots_confidence"]
    right = [spans(own) == spans(true) for own, true in zip(kept, truth, strict=True)]
    assert sum(right) / len(right) > 0.8
    assert all(0 < slot["confidence"] < 1 for record in kept for slot in record["slots"])
    assert all(0 < record["slots_confidence"] < 1 for record in kept)


def test_labelled_records_without_slots_teach_intents_alone(folder: Path, inside: Inside) -> None:
    plain = [{k: r[k] for k in ("text", "intent")} for r in read(folder / "labelled.jsonl")]
    write(folder / "plain.jsonl", plain)
    options = ("--save-model", "plain.model", "-q")
    inside("label", "pool.jsonl", "--labelled", "plain.jsonl", "-o", "1.jsonl", *options).silent()
    inside(*LABEL, "--no-slots", "-o", "2.jsonl", "--save-model", "none.model", "-q").silent()
    assert list(read(folder / "1.jsonl")[0]) == ["id", "text", "intent", "confidence"]
    for one, other in (("1.jsonl", "2.jsonl"), ("plain.model", "none.model")):
        assert (folder / one).read_bytes() == (folder / other).read_bytes()


def test_without_the_package_a_warning_says_that_intents_alone_are_labelled(
    folder: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pycrfsuite", None)
    done = inside(*LABEL, "-o", "out.jsonl")
    [line] = [line for line in done.err.splitlines() if "crfsuite" in line]
    assert "warning: only intents are labelled" in line
    assert line.endswith("pip install python-crfsuite, or give --no-slots")
    assert done.code == 0
    assert "slots" not in read(folder / "out.jsonl")[0]


def test_a_saved_model_gives_the_same_slots_without_the_package(
    folder: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(*LABEL, "--save-model", "m", "-o", "1.jsonl", "-q").silent()
    monkeypatch.setitem(sys.modules, "pycrfsuite", None)
    inside("label", "pool.jsonl", "--model", "m", "-o", "2.jsonl", "-q").silent()
    assert (folder / "1.jsonl").read_bytes() == (folder / "2.jsonl").read_bytes()
    inside("label", "2.jsonl", "--model", "m", "-o", "3.jsonl", "-q").silent()
    assert (folder / "3.jsonl").read_bytes() == (folder / "2.jsonl").read_bytes()
    inside("label", "pool.jsonl", "--model", "m", "--no-slots", "-o", "4.jsonl", "-q").silent()
    assert "slots" not in read(folder / "4.jsonl")[0]
    assert IntentClassifier.load(str(folder / "m")).names_ == ("music", "weather")


def test_the_output_is_the_same_for_any_number_of_workers(folder: Path, inside: Inside) -> None:
    for jobs in ("1", "2"):
        inside(*LABEL, "--jobs", jobs, "-o", f"{jobs}.jsonl", "-q").silent()
    assert (folder / "1.jsonl").read_bytes() == (folder / "2.jsonl").read_bytes()


def test_slots_that_a_record_has_stay(folder: Path, inside: Inside) -> None:
    own = {"slot": "mood", "start": 0, "end": 4, "value": "play", "by": "a person"}
    records: list[Record] = [
        {"text": "play adele now", "slots": [own], "n": 1},
        {"text": "play seal now", "slots": []},
        {"text": "play seal now", "slots": None},
        {"text": "play seal now", "slots": [{**own, "confidence": 0.5}]},
        {"text": "play seal now", "slots": [], "slots_confidence": 0.4},
    ]
    write(folder / "pool.jsonl", records)
    inside(*LABEL, "--rounds", "0", "-o", "out.jsonl", "-q").silent()
    kept = read(folder / "out.jsonl")
    assert [record["slots"] for record in kept[:2]] == [[own], []]
    assert [record["slots_confidence"] for record in kept[:2]] == [1, 1]
    assert all(spans(record) == [("artist", 5, 9, "seal")] for record in kept[2:])
    assert all(record["slots_confidence"] < 1 for record in kept[2:])


def test_uncertain_slots_leave_a_record_out_with_that_reason(folder: Path, inside: Inside) -> None:
    inside(*LABEL, "--save-model", "m", "-o", "all.jsonl", "-q").silent()
    everything = read(folder / "all.jsonl")
    least = sorted(record["slots_confidence"] for record in everything)[5]
    options = ("--min-confidence", f"{least}", "--rejects", "left.jsonl", "--report", "r.json")
    inside("label", "pool.jsonl", "--model", "m", *options, "-o", "out.jsonl", "-q").silent()
    left = read(folder / "left.jsonl")
    expected = {
        record["id"]: f"{'' if record['confidence'] < least else 'slots '}below --min-confidence"
        for record in everything
        if min(record["confidence"], record["slots_confidence"]) < least
    }
    assert expected
    found = {record["id"]: record["dropped"].rpartition(" ")[0] for record in left}
    assert found == expected
    report = json.loads((folder / "r.json").read_text())
    rules = {each["rule"] for each in report["dropped"]}
    assert "min_slots_confidence" in rules


def test_what_is_other_has_no_slots(folder: Path, inside: Inside) -> None:
    write(folder / "chat.jsonl", [{"text": f"tell a joke {n}"} for n in range(20)])
    write(folder / "pool.jsonl", [{"text": "tell a joke please"}, {"text": "play seal now"}])
    options = ("--background", "chat.jsonl", "--keep-other", "--rounds", "0")
    inside(*LABEL, *options, "-o", "out.jsonl", "-q").silent()
    chat, music = read(folder / "out.jsonl")
    assert (chat["intent"], chat["slots"]) == ("other", [])
    assert (music["intent"], spans(music)) == ("music", [("artist", 5, 9, "seal")])


def test_evaluate_judges_the_slots_of_a_model(folder: Path, inside: Inside) -> None:
    inside(*LABEL, "--save-model", "m", "-o", "out.jsonl", "-q").silent()
    asked = ("--metric", "slots", "--metric", "exact", "--format", "json", "-q")
    inside("evaluate", "test.jsonl", "--intent-classifier", "m", *asked, "-o", "1.json").silent()
    truth = read(folder / "test.jsonl")
    both = [
        {**own, "ref_intent": true["intent"], "ref_slots": true["slots"]}
        for own, true in zip(read(folder / "out.jsonl"), truth, strict=True)
    ]
    write(folder / "both.jsonl", both)
    inside("evaluate", "both.jsonl", *asked, "-o", "2.json").silent()
    assert (folder / "1.json").read_bytes() == (folder / "2.json").read_bytes()
    [f1, exact] = json.loads((folder / "1.json").read_text())["measures"]
    assert f1["metric"] == "slot_f1"
    assert exact["value"] > 80


def test_a_test_record_without_slots_has_none(folder: Path, inside: Inside) -> None:
    inside(*LABEL, "--save-model", "m", "-o", "out.jsonl", "-q").silent()
    write(folder / "test.jsonl", [{"text": "play seal now", "intent": "music"}])
    asked = ("--metric", "slots", "--intent-classifier", "m", "--format", "json", "-q")
    inside("evaluate", "test.jsonl", *asked, "-o", "1.json").silent()
    [f1] = json.loads((folder / "1.json").read_text())["measures"]
    assert f1["counts"]["artist"]["references"] == 0


def test_a_model_of_intents_has_no_slots_to_judge(folder: Path, inside: Inside) -> None:
    inside(*LABEL, "--no-slots", "--save-model", "m", "--fit-only", "-q").silent()
    done = inside("evaluate", "test.jsonl", "--metric", "slots", "--intent-classifier", "m")
    assert done.code == 1
    assert "m: a model of intents alone; train one on records with slots" in done.err


def test_a_damaged_tagger_is_told_in_one_line(folder: Path, inside: Inside) -> None:
    inside(*LABEL, "--save-model", "m", "--fit-only", "-q").silent()
    classifier, tagger = label_model.load(str(folder / "m"))
    assert tagger is not None
    tagger.chain_ = tagger.chain_._replace(weights=tagger.chain_.weights[:-1])
    (folder / "m").write_bytes(label_model.dumps(classifier, tagger))
    done = inside("label", "pool.jsonl", "--model", "m")
    assert done.code == 1
    [line] = done.err.splitlines()
    assert "m: not a label model (its weights make no sense)" in line
