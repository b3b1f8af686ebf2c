"""Diversity through the front door: what is picked, what is dropped, and what goes wrong."""

import json
import random
from collections import Counter
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside, Shell

from dataselect.operations.diversity.objectives import factory

WAYS = {
    "play": "play some {} by the blue band now",
    "rain": "will there be {} in the north tomorrow",
    "lamp": "turn the {} in the kitchen off please",
}
VALUES = ("jazz", "rock", "snow", "wind", "lamp", "light", "soul", "folk", "fog", "hail")
METHODS = ("facility", "features", "kcenter")


def write(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def utterances(intents: list[str]) -> list[dict[str, Any]]:
    return [
        {"id": f"{intent}-{value}", "text": WAYS[intent].format(value), "intent": intent}
        for intent in intents
        for value in VALUES
    ]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Ten utterances of three intents each, shuffled; two of one of them are labelled."""
    records = utterances([*WAYS])
    random.Random(1).shuffle(records)
    write(tmp_path / "pool.jsonl", records)
    write(tmp_path / "labelled.jsonl", [{"id": 7, "text": "play some blues by the blue band now"}])
    return tmp_path


def pick(*options: object) -> tuple[object, ...]:
    return ("diversity", "-q", *options, "-o", "picked.jsonl", "pool.jsonl")


LABELLED = ("--labelled", "labelled.jsonl")
KCENTER = ("--top-k", "3", "--method", "kcenter")


# -- what is picked


@pytest.mark.parametrize("method", METHODS)
def test_the_first_picks_are_of_all_intents(world: Path, inside: Inside, method: str) -> None:
    inside(*pick(*LABELLED, "--method", method, "--top-k", 3, "--sort")).silent()
    intents = [record["intent"] for record in load(world / "picked.jsonl")]
    assert {"rain", "lamp"} <= set(intents[:3])
    inside(*pick("--method", method, "--top-k", 3)).silent()
    assert {record["intent"] for record in load(world / "picked.jsonl")} == {*WAYS}


@pytest.mark.parametrize("method", METHODS)
def test_picks_tell_how_novel_they_are_and_what_is_nearest(
    world: Path, inside: Inside, method: str
) -> None:
    options = ("--method", method, "--top-k", 8, "--round-size", 3, "--sort")
    inside(*pick(*LABELLED, *options)).silent()
    picks = load(world / "picked.jsonl")
    assert [record["round"] for record in picks] == [1, 1, 1, 2, 2, 2, 3, 3]
    assert all(0 < record["novelty"] <= 1 for record in picks)
    known: list[Any] = [7]
    for record in picks:
        assert record["nearest"] in known
        known.append(record["id"])


def test_novelty_of_features_is_what_two_texts_do_not_share(world: Path, inside: Inside) -> None:
    """Of 4 words and 3 pairs of them, 2 words and 1 pair are in what is labelled."""
    write(world / "labelled.jsonl", [{"id": 7, "text": "play some blues"}])
    write(world / "pool.jsonl", [{"text": "play some old jazz"}])
    inside(*pick(*LABELLED, "--method", "features", "--top-k", 1)).silent()
    [record] = load(world / "picked.jsonl")
    assert record["novelty"] == round(1 - 3 / 7, 6)


@pytest.mark.parametrize("method", METHODS)
def test_sorted_output_begins_with_a_smaller_pick(world: Path, inside: Inside, method: str) -> None:
    """Of the weights all is told by the size of the pick: a smaller one stands for as much."""
    inside(*pick(*LABELLED, "--method", method, "--top-k", 12, "--sort")).silent()
    long = load(world / "picked.jsonl")
    inside(*pick(*LABELLED, "--method", method, "--top-k", 5, "--sort")).silent()
    short = load(world / "picked.jsonl")
    inside(*pick(*LABELLED, "--method", method, "--top-k", 12)).silent()
    in_order = load(world / "picked.jsonl")
    assert in_order != long
    assert sorted(in_order, key=itemgetter("id")) == sorted(long, key=itemgetter("id"))
    weights = [[record.pop("weight", 0) for record in picks] for picks in (long, short)]
    assert {sum(own) for own in weights} == ({30} if method == "facility" else {0})
    assert short == long[:5]


@pytest.mark.parametrize("method", METHODS)
def test_workers_threads_and_a_pipe_pick_the_same(
    world: Path, inside: Inside, shell: Shell, method: str
) -> None:
    inside(*pick(*LABELLED, "--method", method, "--top-k", 9)).silent()
    command = f"dataselect diversity -q --labelled labelled.jsonl --method {method} --top-k 9"
    piped = shell(f"cat pool.jsonl | OMP_NUM_THREADS=3 {command} --jobs 2").silent()
    assert piped == (world / "picked.jsonl").read_bytes()


def test_lines_leave_as_they_came(world: Path, inside: Inside) -> None:
    line = (
        '{"text" : "play \\u006aazz",  "n": 1.50, "novelty": "old", "big": 123456789012345678901}'
    )
    (world / "pool.jsonl").write_bytes(f"{line}\r\n\r\n".encode())
    inside(*pick("--method", "features", "--top-k", 1)).silent()
    expected = line.replace(' "novelty": "old",', "")[:-1]
    added = ',"novelty":1.0,"nearest":null,"round":1}'
    assert (world / "picked.jsonl").read_bytes() == f"{expected}{added}\r\n".encode()


def test_a_share_a_budget_and_a_lowest_novelty(world: Path, inside: Inside) -> None:
    inside(*pick("--share", "10%")).silent()
    assert len(load(world / "picked.jsonl")) == 3
    inside(*pick("--budget", 30, "--cost", "words")).silent()
    words = sum(len(record["text"].split()) for record in load(world / "picked.jsonl"))
    assert 24 <= words <= 30
    inside(*pick(*LABELLED, "--min-novelty", 0.6, "--method", "features")).silent()
    novelty = [record["novelty"] for record in load(world / "picked.jsonl")]
    assert 2 <= len(novelty) < 30
    assert min(novelty) >= 0.6


def test_a_report_of_a_budget_can_be_read(world: Path, inside: Inside) -> None:
    inside(*pick("--budget", 20, "--cost", "words", "--report", "r.json", "--rejects", "d.jsonl"))
    assert json.loads((world / "r.json").read_text())["options"]["budget"] == 20
    dropped = load(world / "d.jsonl")[0]["id"]
    assert inside("explain", dropped, "--report", "r.json", "-o", "e.txt").code == 0


def test_a_budget_counts_a_field(world: Path, inside: Inside) -> None:
    records = [{**each, "seconds": 1 + n % 3} for n, each in enumerate(load(world / "pool.jsonl"))]
    write(world / "pool.jsonl", records)
    inside(*pick("--budget", 12, "--cost", "seconds")).silent()
    assert sum(record["seconds"] for record in load(world / "picked.jsonl")) == 12


@pytest.mark.parametrize("method", METHODS)
def test_values_of_a_field_share_the_size(world: Path, inside: Inside, method: str) -> None:
    records = load(world / "pool.jsonl")
    scarce = [record for record in records if record["intent"] != "rain"]
    scarce += [record for record in records if record["intent"] == "rain"][:2]
    write(world / "pool.jsonl", scarce)
    inside(*pick("--method", method, "--top-k", 12, "--per", "intent")).silent()
    intents = [record["intent"] for record in load(world / "picked.jsonl")]
    assert {intent: intents.count(intent) for intent in WAYS} == {"play": 5, "rain": 2, "lamp": 5}
    options = ("--top-k", 12, "--per", "intent", "--max-per", 3, "--report", "report.json")
    inside(*pick("--method", method, *options)).silent()
    report = json.loads((world / "report.json").read_bytes())
    assert report["diversity"]["per"] == {"play": 3, "rain": 2, "lamp": 3}
    assert "picked 8 of 12" in report["warnings"][0]


# -- what is dropped


def test_copies_are_never_picked_and_what_is_dropped_says_why(world: Path, inside: Inside) -> None:
    records = [
        {"id": 1, "text": "Play some BLUES, by the blue band now!"},
        {"id": 2, "text": "will it rain"},
        {"id": 3, "text": "will  it rain?"},
        {"id": 4, "text": "turn the lamp off"},
    ]
    write(world / "pool.jsonl", records)
    for method in METHODS:
        options = ("--method", method, "--top-k", 1, "--rejects", "rest.jsonl")
        inside(*pick(*LABELLED, *options)).silent()
        [picked] = load(world / "picked.jsonl")
        dropped = {record.pop("id"): record for record in load(world / "rest.jsonl")}
        assert {picked["id"], *dropped} == {1, 2, 3, 4}
        left = {2: 4, 4: 2}[picked["id"]]
        told = {key: (each["dropped"], each["nearest"]) for key, each in dropped.items()}
        assert told == {
            1: ("a copy of labelled text", 7),
            3: ("a copy of an earlier record", 2),
            left: ("not picked", None),
        }
        assert [dropped[key]["novelty"] for key in (1, 3, left)] == [0.0, 0.0, None]
        assert dropped[1]["round"] is None


@pytest.mark.parametrize("method", METHODS)
def test_a_band_keeps_what_is_neither_too_near_nor_too_far(
    world: Path, inside: Inside, method: str
) -> None:
    options = ("--method", method, "--top-k", 30, "--rejects", "rest.jsonl", "--band", 0.05, 0.85)
    inside(*pick(*LABELLED, *options)).silent()
    dropped = load(world / "rest.jsonl")
    assert dropped
    assert {record["dropped"] for record in dropped} == {"outside the band"}
    far = {record["intent"] for record in dropped}
    assert "play" not in far


def test_guessed_intents_take_turns_unless_a_method_is_given(world: Path, inside: Inside) -> None:
    def intents(*options: object) -> Counter[str]:
        inside(*pick("--top-k", 6, *options)).silent()
        return Counter(record["intent"] for record in load(world / "picked.jsonl"))

    records = load(world / "pool.jsonl")
    few = [record for record in records if record["intent"] == "rain"][:2]
    records = [*few, *(record for record in records if record["intent"] != "rain")]
    write(world / "pool.jsonl", records)
    by_facility = intents("--method", "facility")
    assert intents() == by_facility  # of these intents nobody says that they are guesses
    write(world / "pool.jsonl", [{**record, "confidence": 0.9} for record in records])
    assert intents("--method", "facility") == by_facility
    assert intents() == {"play": 2, "rain": 2, "lamp": 2} != by_facility
    assert intents("--report", "report.json").total() == 6
    assert json.loads((world / "report.json").read_bytes())["diversity"]["per"] == intents()
    assert intents("--per", "confidence") == by_facility  # which is the same for all
    records[0]["intent"] = "other"
    write(world / "pool.jsonl", [{**record, "confidence": 0.9} for record in records])
    assert intents() == intents("--method", "facility")
    assert "weight" in load(world / "picked.jsonl")[0]
    inside(*pick("--top-k", 6)).silent()
    assert "weight" not in load(world / "picked.jsonl")[0]  # beside a background


def test_weights_count_the_records_nearest_to_each_pick_copies_with_them(
    world: Path, inside: Inside
) -> None:
    texts = ["play jazz", "Play jazz!", "play jazz now", "rain in oslo"]
    write(world / "pool.jsonl", [{"id": n, "text": text} for n, text in enumerate(texts)])
    inside(*pick("--top-k", 2)).silent()
    weights = {record["id"]: record["weight"] for record in load(world / "picked.jsonl")}
    assert weights == {0: 3, 3: 1}
    inside(*pick("--top-k", 2, "--method", "features")).silent()
    assert "weight" not in load(world / "picked.jsonl")[0]


def test_a_large_pool_is_picked_from_by_ngrams(
    world: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def method(*options: object) -> str:
        inside(*pick("--top-k", 3, "--report", "report.json", *options)).silent()
        report = json.loads((world / "report.json").read_bytes())
        return str(report["diversity"]["method"])

    assert method() == "facility"
    monkeypatch.setattr(factory, "_MOST_BY_FACILITY", 29)
    assert method() == "features"
    np.save(world / "pool.npy", np.eye(30, dtype=np.float32))
    assert method("--vectors", "pool.npy") == "facility"


def test_a_record_without_an_id_is_named_by_its_line(world: Path, inside: Inside) -> None:
    (world / "labelled.jsonl").write_text('\n{"text": "play some blues"}\n')
    write(
        world / "pool.jsonl", [{"text": "play old blues"}, {"id": None, "text": "play new blues"}]
    )
    inside(*pick(*LABELLED, "--top-k", 2, "--sort")).silent()
    named = {record["nearest"] for record in load(world / "picked.jsonl")}
    assert "labelled.jsonl:2" in named
    assert named <= {"labelled.jsonl:2", "pool.jsonl:1", "pool.jsonl:2"}


def test_the_report_counts_what_became_of_the_records(world: Path, inside: Inside) -> None:
    options = ("--method", "kcenter", "--top-k", 4, "--report", "report.json")
    inside(*pick(*LABELLED, *options)).silent()
    report = json.loads((world / "report.json").read_bytes())
    assert report["counts"] == {"read": 30, "kept": 4, "dropped": 26, "errors": 0}
    assert {each["rule"]: each["count"] for each in report["dropped"]}["not_picked"] == 26
    assert report["diversity"]["encoder"]["kind"] == "lexical"
    assert report["quantiles"]["0"] > 0  # of picks only
    assert "|method:kcenter|labelled:1|picked:4|" in report["signature"]


# -- vectors


def test_vectors_made_elsewhere(world: Path, inside: Inside) -> None:
    axes = np.eye(3, dtype=np.float32)
    np.save(world / "pool.npy", np.repeat(axes, 10, axis=0))
    np.save(world / "labelled.npy", axes[:1])
    options = ("--vectors", "pool.npy", "--labelled-vectors", "labelled.npy", "--sort")
    for method in "facility", "kcenter":
        inside(*pick(*LABELLED, *options, "--method", method, "--top-k", 2)).silent()
        pool, picks = load(world / "pool.jsonl"), load(world / "picked.jsonl")
        assert [record["id"] for record in picks] == [pool[10]["id"], pool[20]["id"]]
        assert [record["novelty"] for record in picks] == [1, 1]


@pytest.mark.parametrize(
    ("pool", "labelled", "words"),
    [
        (np.ones((29, 4)), np.ones((1, 4)), ["pool.npy: 29 rows for 30 records"]),
        (np.ones((30, 4)), np.ones((2, 4)), ["labelled.npy: 2 rows for 1 records"]),
        (np.ones((30, 4)), np.ones((1, 5)), ["labelled.npy: ", "5 dimensions", "4 in pool.npy"]),
        (np.full((30, 4), np.nan), np.ones((1, 4)), ["pool.npy: row 0", "not finite"]),
        (np.ones(30), np.ones((1, 4)), ["pool.npy: ", "not a matrix"]),
    ],
    ids=["too few", "too many", "dimension", "NaN", "no matrix"],
)
def test_wrong_vectors_are_refused(
    world: Path, inside: Inside, pool: Any, labelled: Any, words: list[str]
) -> None:
    np.save(world / "pool.npy", pool)
    np.save(world / "labelled.npy", labelled)
    vectors = ("--vectors", "pool.npy", "--labelled-vectors", "labelled.npy")
    options = ("--method", "kcenter", *vectors, "--top-k", 2)
    inside(*pick(*LABELLED, *options)).refused(1, *words)
    assert not (world / "picked.jsonl").exists()


def test_a_neural_encoder(world: Path, inside: Inside, tiny_model: Path) -> None:
    neural = ("--encoder", tiny_model, "--cache", "cache")
    options = ("--method", "facility", *neural, "--top-k", 5)
    inside(*pick(*LABELLED, *options)).silent()
    first = (world / "picked.jsonl").read_bytes()
    inside(*pick(*LABELLED, *options)).silent()
    assert (world / "picked.jsonl").read_bytes() == first
    assert len(first.splitlines()) == 5


# -- a detector


class SameIntent:
    """Stands in for a detector: texts that begin alike say the same."""

    digest = "0" * 64

    @classmethod
    def load(cls, _: str, **__: object) -> "SameIntent":
        return cls()

    def vectors(self, texts: list[str]) -> Any:
        return np.eye(256, dtype=np.float32)[[ord(text[0]) for text in texts]]

    def probabilities(self, pairs: list[tuple[str, str]]) -> Any:
        return np.array([0.9 if one[0] == other[0] else 0.1 for one, other in pairs])

    def describe(self) -> dict[str, Any]:
        return {"sha256": self.digest}


def test_bad_paraphrases_of_what_is_there_are_picked(
    world: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataselect.models.paraphrase_detector import detector

    monkeypatch.setattr(detector, "Detector", SameIntent)
    options = ("--detector", "folder", "--top-k", 3, "--sort", "--report", "report.json")
    inside(*pick(*LABELLED, *options)).silent()
    picks = load(world / "picked.jsonl")
    assert {record["intent"] for record in picks[:2]} == {"rain", "lamp"}
    assert [record["novelty"] for record in picks] == [0.9, 0.9, 0.1]
    report = json.loads((world / "report.json").read_bytes())
    assert report["diversity"]["detector"] == {"sha256": SameIntent.digest}


def test_a_folder_that_is_no_detector_is_refused(world: Path, inside: Inside) -> None:
    inside(*pick("--detector", ".", "--top-k", 3)).refused(1, ".: not a paraphrase detector")


# -- options and bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ["--top-k N, --share P, --budget N or --min-novelty X"]),
        (("--top-k", "0"), ["--top-k", "0 is not in the range"]),
        (("--top-k", "3", "--share", "10%"), ["cannot be combined"]),
        (("--share", "x"), ["'x' is not a share", "10% or 0.1"]),
        (("--share", "200%"), ["200%"]),
        (("--top-k", "3", "--cost", "words"), ["--budget"]),
        (("--budget", "-1"), ["--budget -1.0"]),
        (("--min-novelty", "2"), ["--min-novelty 2.0"]),
        (("--top-k", "3", "--max-per", "2"), ["--per"]),
        (("--top-k", "3", "--band", "0.1", "0.9"), ["--labelled"]),
        (("--top-k", "3", *LABELLED, "--band", "0.9", "0.1"), ["--band", "0.2 0.8"]),
        (("--top-k", "3", "--method", "paraphrase"), ["--detector"]),
        (("--top-k", "3", "--method", "features", "--detector", "d"), ["--detector"]),
        (
            ("--top-k", "3", "--method", "features", "--encoder", "m"),
            ["--encoder", "--method features", "facility"],
        ),
        ((*KCENTER, "--cache", "c"), ["--cache", "--encoder"]),
        ((*KCENTER, "--vectors", "v", "--encoder", "m"), ["--encoder"]),
        ((*KCENTER, *LABELLED, "--vectors", "v"), ["--labelled-vectors"]),
        ((*KCENTER, "--labelled-vectors", "v"), ["--labelled"]),
        ((*KCENTER, "--max-memory", "0.00001"), ["GiB of memory", "fewer records"]),
        (("--top-k", "3", "--max-memory", "0.00001"), ["GiB of memory", "fewer records"]),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_options_without_a_meaning_are_refused(
    world: Path, inside: Inside, options: tuple[str, ...], words: list[str]
) -> None:
    inside(*pick(*options)).refused(2, *words)


def test_a_bad_record_stops_the_run_or_is_collected(world: Path, inside: Inside) -> None:
    lines = (world / "pool.jsonl").read_text().splitlines()
    (world / "pool.jsonl").write_text("\n".join([*lines[:9], '{"text": ""}', "", *lines[9:]]))
    inside(*pick("--top-k", 4)).refused(1, "pool.jsonl:10: ", "field 'text' is empty")
    assert not (world / "picked.jsonl").exists()
    inside(*pick("--top-k", 4, "--on-error", "bad.jsonl", "--rejects", "rest.jsonl")).silent()
    found = [load(world / name) for name in ("picked.jsonl", "rest.jsonl", "bad.jsonl")]
    assert [len(each) for each in found] == [4, 26, 1]
    whole = {record["id"] for record in found[0]}
    (world / "pool.jsonl").write_text("\n".join(lines))
    inside(*pick("--top-k", 4)).silent()
    assert {record["id"] for record in load(world / "picked.jsonl")} == whole


def test_a_bad_labelled_record_stops_the_run(world: Path, inside: Inside) -> None:
    (world / "labelled.jsonl").write_text('{"text": 7}\n')
    inside(*pick(*LABELLED, "--top-k", 4)).refused(1, "labelled.jsonl:1: ", "not a string")
    (world / "labelled.jsonl").write_text("")
    inside(*pick(*LABELLED, "--top-k", 4)).refused(1, "labelled.jsonl: ", "--labelled")


def test_a_field_that_is_read_for_groups_or_costs_must_be_there(
    world: Path, inside: Inside
) -> None:
    inside(*pick("--top-k", 4, "--per", "genre")).refused(1, "pool.jsonl:1: ", "'genre'", "--per")
    options = ("--budget", 4, "--cost", "seconds")
    inside(*pick(*options)).refused(1, "pool.jsonl:1: ", "'seconds'", "--cost")


def test_a_labelled_file_is_not_written_over(world: Path, inside: Inside) -> None:
    run = inside("diversity", *LABELLED, "--top-k", 2, "-o", "labelled.jsonl", "pool.jsonl")
    run.refused(2, "labelled.jsonl")


@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_pick_from_is_told(world: Path, inside: Inside, method: str) -> None:
    (world / "pool.jsonl").write_text("")
    options = ("--method", method, "--top-k", 4)
    inside(*pick(*options)).refused(3, "nothing was kept")
    write(world / "pool.jsonl", load(world / "labelled.jsonl"))
    inside(*pick(*LABELLED, *options)).refused(3, "nothing was kept")


def test_a_pool_of_one_and_texts_without_words(world: Path, inside: Inside) -> None:
    write(world / "pool.jsonl", [{"text": "?"}, {"text": "play"}, {"text": "..."}])
    for method in METHODS:
        inside(*pick("--method", method, "--top-k", 2, "--sort")).silent()
        assert [record["text"] for record in load(world / "picked.jsonl")] == ["play", "?"]
