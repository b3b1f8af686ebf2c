"""`paraphrase train`: pairs in, a detector's folder out, whole or not at all."""

import fcntl
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Shell, environment

ARTISTS = ["adele", "seal", "bowie", "prince", "drake", "cher", "moby", "sade", "enya", "dido"]
WAYS = ["play {}", "i want to listen to {}", "put on {} please", "could you play some {}"]
TRAIN = ("paraphrase", "train")


def annotated() -> str:
    """Records for `paraphrase pairs`."""
    records = []
    for artist in ARTISTS:
        for way in WAYS:
            start = way.index("{")
            slot = {"slot": "artist", "start": start, "end": start + len(artist), "value": artist}
            records.append({"text": way.format(artist), "intent": "play", "slots": [slot]})
    return "".join(json.dumps(record) + "\n" for record in records)


def pairs(size: int = 200) -> list[dict[str, Any]]:
    """Pairs without slots, of texts that no other pair has."""
    draw = random.Random(0)
    found = []
    for number in range(size):
        one, other = draw.sample(WAYS, 2)
        label = number % 2
        artists = (f"a{number}", f"a{number}" if label else f"b{number}")
        found.append(
            {"text1": one.format(artists[0]), "text2": other.format(artists[1]), "label": label}
        )
    return found


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "pairs.jsonl", pairs())
    return tmp_path


def test_pairs_are_piped_into_it_and_scored(shell: Shell, inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "annotated.jsonl").write_text(annotated())
    made = shell("dataselect paraphrase pairs annotated.jsonl --pairs 200 -q").silent()
    read, write_end = os.pipe()
    with open(read, "rb"), open(write_end, "wb") as pipe:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)  # room for all of them
        pipe.write(made)
        pipe.close()
        train = (*TRAIN, f"/dev/fd/{read}", "--epochs", 1, "--networks", 1)
        inside(*train, "-o", "detector", "-q").silent()
    write(tmp_path / "pairs.jsonl", pairs(2))
    found = scores(inside, tmp_path)
    assert len(found) == 2
    assert all(0 < probability < 1 for probability in found)


def scores(inside: Inside, folder: Path) -> list[float]:
    """Probabilities of pairs.jsonl by the detector in the folder."""
    score = ("paraphrase", "score", "--detector", "detector", "pairs.jsonl", "-q")
    inside(*score, "-o", "scored.jsonl").silent()
    lines = (folder / "scored.jsonl").read_text().splitlines()
    return [json.loads(line)["paraphrase"] for line in lines]


def test_the_report_and_the_card_tell_how_good_it_is(inside: Inside, folder: Path) -> None:
    command = (*TRAIN, "pairs.jsonl", "-o", "detector", "--epochs", 1, "--report", "report.json")
    said = inside(*command)
    report = json.loads((folder / "report.json").read_text())
    held_out = report["paraphrase train"]["held_out"]
    assert said.code == 0
    assert said.err.startswith("dataselect: trained on 180 pairs")
    assert held_out["trained_on"] + held_out["pairs"] == report["counts"]["kept"] == 200
    assert 0 <= held_out["auc"] <= 1
    assert 0 <= held_out["calibration_error"] <= 1
    assert set(held_out["by_kind"]) == {""}
    card = (folder / "detector" / "README.md").read_text()
    assert report["inputs"]["pairs.jsonl"] in card
    assert str(held_out["auc"]) in card


def test_one_seed_gives_one_detector(inside: Inside, folder: Path) -> None:
    found = []
    for name, seed in (("one", 3), ("other", 3), ("third", 4)):
        command = (*TRAIN, "pairs.jsonl", "-o", name, "--epochs", 1, "--seed", seed, "-q")
        inside(*command, "--device", "cpu").silent()
        found.append((folder / name / "detector.safetensors").read_bytes())
    assert found[0] == found[1] != found[2]


def test_it_is_measured_on_dev_where_that_is_given(inside: Inside, folder: Path) -> None:
    write(folder / "dev.jsonl", [{**pair, "kind": "made"} for pair in pairs(40)])
    command = (*TRAIN, "pairs.jsonl", "-o", "detector", "--epochs", 1, "-q")
    inside(*command, "--dev", "dev.jsonl", "--report", "report.json").silent()
    held_out = json.loads((folder / "report.json").read_text())["paraphrase train"]["held_out"]
    assert (held_out["trained_on"], held_out["pairs"]) == (200, 40)
    assert list(held_out["by_kind"]) == ["made"]


def test_fields_may_have_other_names(inside: Inside, folder: Path) -> None:
    renamed = [
        {"a": pair["text1"], "b": {"c": pair["text2"]}, "same": pair["label"]} for pair in pairs()
    ]
    write(folder / "pairs.jsonl", renamed)
    names = ("--text1-field", "a", "--text2-field", "b.c", "--label-field", "same")
    inside(*TRAIN, "pairs.jsonl", *names, "-o", "detector", "--epochs", 1, "-q").silent()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": 2}, ["'label' is neither 0 nor 1"]),
        ({"label": True}, ["'label' is neither 0 nor 1"]),
        ({"label": None}, ["'label' is neither 0 nor 1"]),
        ({"text1": " "}, ["'text1' is empty"]),
        ({"text2": 5}, ["'text2' is a number"]),
        ({"slots1": [{"slot": "x", "start": 0, "end": 99}]}, ["'slots1'", "outside the text"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_bad_pair_is_named_by_file_and_line(
    inside: Inside, folder: Path, change: dict[str, Any], words: list[str]
) -> None:
    records = pairs(20)
    records[2] |= change
    write(folder / "bad.jsonl", records)
    inside(*TRAIN, "bad.jsonl", "-o", "detector").refused(1, "bad.jsonl:3:", *words)
    assert sorted(path.name for path in folder.iterdir()) == ["bad.jsonl", "pairs.jsonl"]


def test_bad_pairs_can_be_collected(inside: Inside, folder: Path) -> None:
    with (folder / "pairs.jsonl").open("a") as file:
        file.write('{"text1": "a", "text2": "b"}\nnonsense\n')
    command = (*TRAIN, "pairs.jsonl", "-o", "detector", "--epochs", 1, "-q")
    inside(*command, "--on-error", "bad.jsonl").silent()
    bad = [json.loads(line) for line in (folder / "bad.jsonl").read_text().splitlines()]
    assert [each["line"] for each in bad] == [201, 202]


@pytest.mark.parametrize("label", [0, 1])
def test_pairs_of_one_label_teach_nothing(inside: Inside, folder: Path, label: int) -> None:
    write(folder / "pairs.jsonl", [{**pair, "label": label} for pair in pairs(50)])
    done = inside(*TRAIN, "pairs.jsonl", "-o", "detector")
    done.refused(1, f"all have the label {label}", "of both labels")


def test_no_pairs_at_all_do_not_meet_the_requirement(inside: Inside, folder: Path) -> None:
    write(folder / "pairs.jsonl", [])
    inside(*TRAIN, "pairs.jsonl", "-o", "detector").refused(3, "nothing was kept")


def test_two_pairs_are_too_few(inside: Inside, folder: Path) -> None:
    write(folder / "pairs.jsonl", pairs(2))
    inside(*TRAIN, "pairs.jsonl", "-o", "detector").refused(1, "pairs")
    assert not (folder / "detector").exists()


def test_a_detector_is_a_folder(inside: Inside, folder: Path) -> None:
    inside(*TRAIN, "pairs.jsonl").refused(2, "--output FOLDER")


def test_options_that_have_no_meaning_are_refused(inside: Inside, folder: Path) -> None:
    train = (*TRAIN, "pairs.jsonl", "-o", "detector")
    inside(*train, "--base", "any", "--networks", 3).refused(2, "--networks", "--base")
    inside(*train, "--text-field", "a").refused(2, "--text-field", "--text1-field")


def test_a_base_model_is_fine_tuned_and_scores(
    inside: Inside, folder: Path, tiny_model: Path
) -> None:
    write(folder / "pairs.jsonl", pairs(40))
    command = (*TRAIN, "pairs.jsonl", "--base", tiny_model, "-o", "detector", "--epochs", 1, "-q")
    inside(*command).silent()
    found = scores(inside, folder)
    assert len(found) == 40
    assert all(0 < probability < 1 for probability in found)


def test_a_base_that_is_not_there_is_named(inside: Inside, folder: Path) -> None:
    done = inside(*TRAIN, "pairs.jsonl", "--base", "no/such/folder", "-o", "detector")
    done.refused(1, "no/such/folder: no such folder")


def test_a_folder_that_is_no_detector_is_left_alone(inside: Inside, folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "notes").write_text("precious")
    inside(*TRAIN, "pairs.jsonl", "-o", "mine").refused(1, "mine: exists already")
    inside(*TRAIN, "pairs.jsonl", "-o", "pairs.jsonl").refused(1, "pairs.jsonl: exists already")
    assert (folder / "mine" / "notes").read_text() == "precious"
    assert not list(folder.glob(".*"))


def test_an_older_detector_is_replaced(inside: Inside, folder: Path) -> None:
    (folder / "detector").mkdir()
    (folder / "detector" / "detector.json").write_text("{}")
    (folder / "detector" / "stale").write_text("")
    inside(*TRAIN, "pairs.jsonl", "-o", "detector", "--epochs", 1, "-q").silent()
    assert not (folder / "detector" / "stale").exists()
    assert (folder / "detector" / "modules.json").exists()
    assert not list(folder.glob(".*"))


def test_pairs_inside_the_folder_that_is_replaced_are_not_lost(
    inside: Inside, folder: Path
) -> None:
    (folder / "detector").mkdir()
    (folder / "detector" / "detector.json").write_text("{}")
    write(folder / "detector" / "pairs.jsonl", pairs())
    done = inside(*TRAIN, "detector/pairs.jsonl", "-o", "detector")
    done.refused(2, "detector/pairs.jsonl is read")


def test_an_older_detector_outlives_a_failure(inside: Inside, folder: Path) -> None:
    (folder / "detector").mkdir()
    (folder / "detector" / "detector.json").write_text("{}")
    write(folder / "pairs.jsonl", [{**pair, "label": 1} for pair in pairs(50)])
    inside(*TRAIN, "pairs.jsonl", "-o", "detector").refused(1, "label 1")
    assert (folder / "detector" / "detector.json").read_text() == "{}"
    assert not list(folder.glob(".*"))


def test_a_missing_parent_folder_is_named(inside: Inside, folder: Path) -> None:
    inside(*TRAIN, "pairs.jsonl", "-o", "none/detector").refused(1, "make its folder first")


def test_nothing_is_left_where_a_signal_stops_it(folder: Path) -> None:
    command = ["dataselect", *TRAIN, "pairs.jsonl", "-o", "detector", "--epochs", "100000"]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(folder.glob(".*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(folder.glob(".*.tmp"))
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert b"unfinished files are removed" in said
    assert [path.name for path in folder.iterdir()] == ["pairs.jsonl"]


def test_scores_are_calibrated_as_it_is_told(inside: Inside, folder: Path) -> None:
    quick = ("--epochs", 1, "--networks", 1, "-o", "d", "-q")
    inside(*TRAIN, *quick, "pairs.jsonl").silent()
    score = ("paraphrase", "score", "--detector", "d", "pairs.jsonl", "-o", "out.jsonl", "-q")
    means = []
    for options in ([], ["--prior", "0.2"], ["--calibrate-on", "pairs.jsonl"]):
        inside(*score, *options)
        lines = (folder / "out.jsonl").read_text().splitlines()
        means.append(sum(json.loads(line)["paraphrase"] for line in lines) / len(lines))
    assert means[1] == pytest.approx(0.2, abs=0.001)
    assert means[2] == pytest.approx(0.5, abs=0.01)  # half of the pairs are paraphrases
    write(folder / "one.jsonl", [{"text1": "a", "text2": "b", "label": 1}])
    inside(*score, "--calibrate-on", "one.jsonl").refused(1, "not pairs of both labels")
    against = ("--against", "pairs.jsonl", "--against-field", "text1", "--text-field", "text2")
    inside(*score, *against, "--prior", "0.2").refused(2, "--prior is for pairs")
