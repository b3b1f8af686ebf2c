"""The command `label`, and `evaluate --intent-classifier`."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Shell

ARTISTS = ["adele", "seal", "queen", "bach", "björk", "abba", "moby", "sade", "beck", "prince"]
PLACES = ["oslo", "paris", "rome", "bern", "kyoto", "quito", "lima", "cairo", "riga", "perth"]
SAID = {
    "music": [f"{verb} {who}" for verb in ("play", "put on", "listen to") for who in ARTISTS],
    "weather": [f"{what} {where}" for what in ("will it rain in", "how is") for where in PLACES],
}
CHATTER = [f"{what} {who}" for what in ("tell a joke on", "who was", "write to") for who in ARTISTS]


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five labelled records an intent; the rest is the pool and, with its truth, the test."""
    rest = []
    labelled = []
    for intent, texts in SAID.items():
        rows = [{"text": text, "intent": intent} for text in texts]
        random.Random(0).shuffle(rows)
        labelled += rows[:5]
        rest += rows[5:]
    others = [{"text": text, "intent": "chat"} for text in CHATTER]
    write(tmp_path / "labelled.jsonl", labelled)
    write(tmp_path / "background.jsonl", others[::2])
    tested = [*rest, *others[1::2]]
    random.Random(1).shuffle(tested)
    write(tmp_path / "test.jsonl", tested)
    write(tmp_path / "pool.jsonl", [{"id": i, "text": r["text"]} for i, r in enumerate(tested)])
    return tmp_path


LABELLED = ("--labelled", "labelled.jsonl")
WITH_OTHER = (*LABELLED, "--background", "background.jsonl")


def test_records_get_an_intent_and_a_confidence(folder: Path, inside: Inside) -> None:
    inside("label", "pool.jsonl", *WITH_OTHER, "-o", "out.jsonl", "-q").silent()
    truth = {record["text"]: record["intent"] for record in read(folder / "test.jsonl")}
    kept = read(folder / "out.jsonl")
    right = [truth[record["text"]] == record["intent"] for record in kept]
    assert len(kept) >= 30
    assert sum(right) / len(right) > 0.9
    assert list(kept[0]) == ["id", "text", "intent", "confidence"]
    assert all(0 < record["confidence"] <= 1 for record in kept)


def test_what_is_other_is_dropped_with_that_reason(folder: Path, inside: Inside) -> None:
    options = ("-o", "out.jsonl", "--rejects", "left.jsonl", "-q")
    inside("label", "pool.jsonl", *WITH_OTHER, *options).silent()
    left = read(folder / "left.jsonl")
    assert {record["dropped"] for record in left} == {"labelled 'other'"}
    assert {record["intent"] for record in left} == {"other"}
    assert {record["intent"] for record in read(folder / "out.jsonl")} == {"music", "weather"}


@pytest.fixture
def names(folder: Path) -> Path:
    """Labelled records are single names; whole.jsonl has pairs of a kind, mixed.jsonl of both."""
    own = {"music": ARTISTS, "weather": PLACES}
    known = [{"text": name, "intent": intent} for intent in own for name in own[intent]]
    write(folder / "names.jsonl", known)
    whole = [f"{one} {other}" for each in own.values() for one in each for other in each]
    mixed = [f"{artist} {place}" for artist in ARTISTS for place in PLACES]
    write(folder / "whole.jsonl", [{"text": text} for text in whole])
    write(folder / "mixed.jsonl", [{"text": text} for text in mixed])
    return folder


def test_labels_are_the_same_without_calibration(names: Path, inside: Inside) -> None:
    known = ("label", "whole.jsonl", "--labelled", "names.jsonl")
    inside(*known, "-o", "sure.jsonl", "-q").silent()
    said = inside(*known, "--uncalibrated", "-o", "out.jsonl")
    assert "warning: confidence is not calibrated" in said.err
    sure, plain = read(names / "sure.jsonl"), read(names / "out.jsonl")
    assert [record["intent"] for record in plain] == [record["intent"] for record in sure]
    assert plain != sure


def test_an_input_that_does_not_help_is_not_learnt_from(names: Path, inside: Inside) -> None:
    known = ("label", "mixed.jsonl", "--labelled", "names.jsonl")
    said = inside(*known, "-o", "out.jsonl", "--report", "report.json")
    assert said.code == 0
    assert "warning: intents are learnt from labelled records alone" in said.err
    gain = json.loads((names / "report.json").read_text())["label"]["pool_gain"]
    assert gain["nats"] < gain["standard_error"]


def test_what_is_other_is_kept_where_that_is_asked_for(folder: Path, inside: Inside) -> None:
    inside("label", "pool.jsonl", *WITH_OTHER, "--keep-other", "-o", "out.jsonl", "-q").silent()
    kept = read(folder / "out.jsonl")
    assert len(kept) == len(read(folder / "pool.jsonl"))
    assert "other" in {record["intent"] for record in kept}


def test_uncertain_records_are_left_out_before_the_selection(folder: Path, inside: Inside) -> None:
    inside("label", "pool.jsonl", *LABELLED, "-o", "all.jsonl", "-q").silent()
    confidence = [record["confidence"] for record in read(folder / "all.jsonl")]
    least = sorted(confidence)[len(confidence) // 2]
    options = ("--min-confidence", f"{least}", "--per", "intent", "--max-per", "3")
    files = ("-o", "out.jsonl", "--rejects", "left.jsonl", "-q")
    inside("label", "pool.jsonl", *LABELLED, *options, *files).silent()
    kept, left = read(folder / "out.jsonl"), read(folder / "left.jsonl")
    assert [sum(record["intent"] == name for record in kept) for name in SAID] == [3, 3]
    assert min(record["confidence"] for record in kept) >= least
    reasons = {record["dropped"] for record in left if record["confidence"] < least}
    assert reasons == {f"below --min-confidence {least:g}"}


def test_labels_are_replaced_by_a_second_run(folder: Path, inside: Inside) -> None:
    inside("label", "pool.jsonl", *LABELLED, "--save-model", "m", "-o", "1.jsonl", "-q").silent()
    inside("label", "1.jsonl", "--model", "m", "-o", "2.jsonl", "-q").silent()
    assert (folder / "1.jsonl").read_bytes() == (folder / "2.jsonl").read_bytes()


def test_the_output_is_the_same_for_any_number_of_workers(folder: Path, inside: Inside) -> None:
    for jobs in ("1", "2"):
        options = ("--jobs", jobs, "-o", f"{jobs}.jsonl", "-q")
        inside("label", "pool.jsonl", *WITH_OTHER, *options).silent()
    assert (folder / "1.jsonl").read_bytes() == (folder / "2.jsonl").read_bytes()


def test_labels_may_be_read_from_a_pipe(folder: Path, shell: Shell) -> None:
    done = shell(f"cat pool.jsonl | dataselect label -q {' '.join(LABELLED)} | head -n 1")
    assert b'"confidence":' in done.silent()


def test_the_report_says_what_was_learnt_from(folder: Path, inside: Inside) -> None:
    inside(
        "label", "pool.jsonl", *WITH_OTHER, "-o", "out.jsonl", "--report", "r.json", "-q"
    ).silent()
    report = json.loads((folder / "r.json").read_text())
    learnt = report["label"]
    assert (learnt["labelled"], learnt["background"], learnt["pool"]) == (10, 15, 55)
    assert learnt["rounds"] == 3
    assert 0 <= learnt["held_out_error"] <= 1
    assert report["signature"].startswith("label|intents:3|rounds:3|model:")


def test_without_rounds_and_records_to_label_the_input_is_not_read(
    folder: Path, inside: Inside
) -> None:
    options = ("--rounds", "0", "--fit-only", "--save-model", "m", "-q")
    inside("label", "nowhere.jsonl", *LABELLED, *options).silent()
    assert (folder / "m").exists()


def test_an_encoder_takes_the_place_of_ngrams(
    folder: Path, inside: Inside, tiny_model: Path
) -> None:
    encoder = ("--encoder", tiny_model)
    options = ("--save-model", "m", "-o", "out.jsonl", "-q")
    inside("label", "pool.jsonl", *LABELLED, *encoder, *options).silent()
    inside("label", "pool.jsonl", "--model", "m", "-o", "again.jsonl", "-q").silent()
    assert (folder / "out.jsonl").read_bytes() == (folder / "again.jsonl").read_bytes()


def test_word_vectors_are_learnt_from_an_unfiltered_pool(folder: Path, inside: Inside) -> None:
    write(
        folder / "all.jsonl",
        [{"said": f"{text} {number}"} for text in CHATTER for number in range(40)],
    )
    known = ("label", "pool.jsonl", *LABELLED, "--fit-only", "-q", "--save-model")
    more = ("--unfiltered", "all.jsonl", "--unfiltered-field", "said")
    for name, options in {"plain": (), "more": more, "again": more}.items():
        inside(*known, name, *options).silent()
    plain, more_, again = ((folder / name).read_bytes() for name in ("plain", "more", "again"))
    assert more_ == again
    assert b"ngrams and vectors" in more_
    assert b"ngrams and vectors" not in plain  # the input is too small for any
    labels = ("label", "pool.jsonl", *LABELLED, "-o", "out.jsonl")
    told = ["--unfiltered POOL learns words" in inside(*labels, *each).err for each in ((), more)]
    assert told == [True, False]


def test_a_record_of_the_input_counts_as_often_as_its_weight_says(
    folder: Path, inside: Inside
) -> None:
    records = read(folder / "pool.jsonl")
    known = ("label", *LABELLED, "--uncalibrated", "-q", "-o")
    found = []
    for weights in (None, [1] * len(records), [*range(1, len(records) + 1)]):
        if weights is not None:
            write(
                folder / "pool.jsonl",
                [{**r, "w": w} for r, w in zip(records, weights, strict=True)],
            )
        field = () if weights is None else ("--weight-field", "w")
        inside(*known, "out.jsonl", *field, "pool.jsonl").silent()
        found.append([record["confidence"] for record in read(folder / "out.jsonl")])
    plain, ones, uneven = found
    assert ones == plain
    assert uneven != plain


def test_a_record_without_a_weight_is_one_bad_record(folder: Path, inside: Inside) -> None:
    records: list[dict[str, Any]] = [{**r, "weight": 2} for r in read(folder / "pool.jsonl")]
    records[1]["weight"] = 0
    write(folder / "pool.jsonl", records)
    run = ("label", *LABELLED, "--weight-field", "weight", "pool.jsonl", "-o", "out.jsonl")
    inside(*run).refused(
        1, "pool.jsonl:2: field 'weight' is no weight above 0 and up to 1e+09; correct it"
    )
    write(folder / "pool.jsonl", [{**record, "weight": 1e308} for record in records])
    inside(*run).refused(1, "pool.jsonl:1: field 'weight' is no weight above 0 and up to 1e+09")
    del records[1]["weight"]
    write(folder / "pool.jsonl", records)
    inside(*run).refused(1, "pool.jsonl:2: field 'weight' is missing; name another with --weight")
    assert inside(*run, "--on-error", "skip").code == 0
    assert len(read(folder / "out.jsonl")) == len(records) - 1


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        pytest.param("", 2, "--labelled FILE", id="nothing to learn from"),
        pytest.param(
            "--labelled labelled.jsonl --rounds 0 --weight-field w",
            2,
            "leave --rounds 0 out",
            id="weights of nothing",
        ),
        pytest.param("--labelled pool.jsonl", 1, "pool.jsonl:1: field 'intent'", id="no intents"),
        pytest.param("--labelled empty.jsonl", 1, "empty.jsonl: no labelled", id="no records"),
        pytest.param("--labelled one.jsonl", 1, "--background", id="one intent"),
        pytest.param(
            "--labelled labelled.jsonl --background empty.jsonl", 1, "no text", id="no background"
        ),
        pytest.param(
            "--labelled labelled.jsonl --unfiltered empty.jsonl",
            1,
            "check --unfiltered",
            id="no text",
        ),
        pytest.param(
            "--labelled labelled.jsonl --unfiltered pool.jsonl --no-vectors",
            2,
            "leave --no-vectors out",
            id="vectors and none",
        ),
        pytest.param("--model labelled.jsonl", 1, "not a label model", id="no model"),
        pytest.param("--model m --rounds 2", 2, "--rounds is for fitting", id="fitted already"),
        pytest.param(
            "--labelled labelled.jsonl --device cpu",
            2,
            "--encoder MODEL",
            id="a device for nothing",
        ),
    ],
)
def test_what_cannot_work_is_refused(
    folder: Path, inside: Inside, options: str, code: int, words: str
) -> None:
    (folder / "empty.jsonl").write_text("")
    write(folder / "one.jsonl", [{"text": "play jazz", "intent": "music"}])
    inside("label", "pool.jsonl", *options.split(), "-o", "out.jsonl").refused(code, words)
    assert not (folder / "out.jsonl").exists()


def test_an_empty_pool_has_nothing_to_learn_from(folder: Path, shell: Shell) -> None:
    shell("dataselect label --labelled labelled.jsonl < /dev/null").refused(3, "--rounds 0")


# evaluate --intent-classifier


@pytest.fixture
def model(folder: Path, inside: Inside) -> str:
    options = ("--save-model", "m", "--fit-only", "-q")
    inside("label", "pool.jsonl", *WITH_OTHER, *options).silent()
    return "m"


def judged(folder: Path, inside: Inside, model: str, *options: str) -> dict[str, Any]:
    asked = ("--metric", "intent", "--intent-classifier", model, "--format", "json")
    inside("evaluate", "test.jsonl", *asked, *options, "-o", "found.json", "-q").silent()
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return found


def test_an_intent_classifier_is_judged_by_the_intents_of_a_test_file(
    folder: Path, inside: Inside, model: str
) -> None:
    """The same as labelling the file and comparing what is written there."""
    accuracy, macro = judged(folder, inside, model)["measures"]
    truth = [record["intent"].replace("chat", "other") for record in read(folder / "test.jsonl")]
    inside("label", "pool.jsonl", "--model", model, "--keep-other", "-o", "o.jsonl", "-q").silent()
    given = [record["intent"] for record in read(folder / "o.jsonl")]
    right = sum(one == other for one, other in zip(given, truth, strict=True))
    assert accuracy["counts"] == {"right": right, "wrong": len(truth) - right}
    assert macro["counts"]["music"]["references"] == truth.count("music")
    assert macro["counts"]["other"]["references"] == 15


def test_an_intent_that_is_not_known_is_an_error_without_other(
    folder: Path, inside: Inside
) -> None:
    options = ("--rounds", "0", "--save-model", "m", "--fit-only", "-q")
    inside("label", *LABELLED, *options).silent()
    accuracy, macro = judged(folder, inside, "m")["measures"]
    assert macro["counts"]["chat"]["recall"] == 0
    assert accuracy["counts"]["wrong"] >= 15


def test_true_intents_may_have_a_field_of_their_own(
    folder: Path, inside: Inside, model: str
) -> None:
    records = [{**record, "ref_intent": "music"} for record in read(folder / "test.jsonl")]
    write(folder / "test.jsonl", records)
    _, macro = judged(folder, inside, model)["measures"]
    assert macro["counts"]["music"]["references"] == len(records)


def test_the_table_has_a_line_for_each_intent(folder: Path, shell: Shell, model: str) -> None:
    done = shell("dataselect evaluate -q --metric intent --intent-classifier m test.jsonl")
    lines = done.silent().decode().split("\n")
    assert lines[4].split() == ["intent", "precision", "recall", "F1", "references"]
    assert [line.split()[0] for line in lines[5:8]] == ["music", "other", "weather"]
    assert lines[6].split()[-1] == "15"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param("--metric wer", "--metric intent", id="another metric"),
        pytest.param("--metric intent --against test.jsonl", "--keep-other", id="a second file"),
    ],
)
def test_an_intent_classifier_only_gives_intents(
    folder: Path, inside: Inside, model: str, options: str, words: str
) -> None:
    inside("evaluate", "test.jsonl", "--intent-classifier", "m", *options.split()).refused(2, words)
