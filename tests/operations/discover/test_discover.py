"""The command `discover`, and its function in Python."""

import json
import random
from html import escape
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Shell

from dataselect import Discover, Share, select_file

ARTISTS = ["adele", "seal", "queen", "bach", "björk"]
PLACES = ["oslo", "paris", "rome", "bern", "kyoto"]
TIMES = ["noon", "midnight", "six", "seven", "eight"]
BEFORE, AFTER = ["", "please ", "hey ", "now ", "ok "], ["", " please", " then", " now"]


def said(words: str, values: list[str]) -> list[str]:
    """Thirty texts of one intent that differ in three places."""
    every = [f"{b}{words} {value}{a}" for b in BEFORE for value in values for a in AFTER]
    return random.Random(words).sample(every, 30)


SAID = {
    "music": said("play the song by", ARTISTS),
    "weather": said("is there rain in", PLACES),
    "alarm": said("wake me up at", TIMES),
}
KNOWN = ("--labelled", "labelled.jsonl")


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Labelled music; the rest of it, the weather and alarms are the pool, with their truth."""
    music = [{"text": text, "intent": "music", "domain": "fun"} for text in SAID["music"]]
    random.Random(0).shuffle(music)
    write(tmp_path / "labelled.jsonl", music[:15])
    rest = [{"text": each["text"], "truth": "music"} for each in music[15:]]
    rest += [
        {"text": text, "truth": intent} for intent in ("weather", "alarm") for text in SAID[intent]
    ]
    random.Random(1).shuffle(rest)
    write(tmp_path / "pool.jsonl", [{"id": n, **each} for n, each in enumerate(rest)])
    return tmp_path


def test_new_intents_become_groups_and_known_ones_do_not(folder: Path, inside: Inside) -> None:
    options = (*KNOWN, "-o", "out.jsonl", "--rejects", "left.jsonl")
    run = inside("discover", "pool.jsonl", *options)
    assert run.code == 0
    found = read(folder / "out.jsonl")
    assert list(found[0]) == ["id", "text", "truth", "group", "group_name", "typicality"]
    assert {(each["truth"], each["group"]) for each in found} in (
        {("weather", 1), ("alarm", 2)},
        {("weather", 2), ("alarm", 1)},
    )
    assert len(found) == 60
    assert all(0 < each["typicality"] <= 1 for each in found)
    assert {each["dropped"] for each in read(folder / "left.jsonl")} == {"of a known intent"}
    assert "dataselect: 2 groups\n" in run.err
    assert "music" in run.err.splitlines()[-1]  # the nearest that is known


def test_groups_have_the_n_grams_that_tell_them_as_names(folder: Path, inside: Inside) -> None:
    inside("discover", "pool.jsonl", *KNOWN, "-o", "out.jsonl", "-q").silent()
    names = {each["truth"]: each["group_name"] for each in read(folder / "out.jsonl")}
    assert "rain" in names["weather"].split()
    assert names["weather"] != names["alarm"]


def test_the_report_has_examples_and_the_nearest_known_domain(folder: Path, inside: Inside) -> None:
    options = (*KNOWN, "--parent-field", "domain", "--report", "run.json")
    inside("discover", "pool.jsonl", *options, "-o", "out.jsonl", "-q").silent()
    told = json.loads((folder / "run.json").read_text())["discover"]
    assert told["known_texts"] == 15
    assert [each["group"] for each in told["groups"]] == [1, 2]
    assert sum(each["records"] for each in told["groups"]) == 60
    of_record = {each["text"]: each for each in read(folder / "out.jsonl")}
    for each in told["groups"]:
        assert each["parent"] == "fun"
        typical, borderline = (
            [of_record[text]["typicality"] for text in each[kind]]
            for kind in ("typical", "borderline")
        )
        own = [r["typicality"] for r in of_record.values() if r["group"] == each["group"]]
        assert (typical[0], borderline[0]) == (max(own), min(own))
        assert each["cohesion"] == pytest.approx(sum(own) / len(own), abs=1e-5)


def test_without_known_intents_everything_is_grouped(folder: Path, inside: Inside) -> None:
    inside("discover", "pool.jsonl", "-o", "out.jsonl", "-q").silent()
    groups = {(each["truth"], each["group"]) for each in read(folder / "out.jsonl")}
    assert {truth for truth, _ in groups} == set(SAID)
    assert len({number for _, number in groups}) == len(groups)  # none holds two intents


def test_what_label_could_not_place_is_grouped(folder: Path, shell: Shell) -> None:
    write(
        folder / "others.jsonl",
        [{"text": f"{what} {who}"} for what in ("tell a joke on", "who was") for who in ARTISTS]
        + [{"text": text} for text in SAID["weather"][::4] + SAID["alarm"][::4]],
    )
    labelling = "dataselect label -q --labelled labelled.jsonl --background others.jsonl"
    shell(
        f"{labelling} --keep-other pool.jsonl | dataselect discover -q > piped.jsonl &&"
        f"{labelling} --rejects left.jsonl -o placed.jsonl pool.jsonl &&"
        "dataselect discover -q left.jsonl > rejected.jsonl"
    ).silent()
    for name in ("piped.jsonl", "rejected.jsonl"):
        found = read(folder / name)
        assert {each["intent"] for each in found} == {"other"}
        assert {each["truth"] for each in found} == {"weather", "alarm"}
    assert len(read(folder / "piped.jsonl")) == len(read(folder / "rejected.jsonl"))


def test_what_label_rejects_for_its_confidence_has_no_intent_yet(
    folder: Path, inside: Inside
) -> None:
    rows = read(folder / "pool.jsonl")
    rejected = [
        {**each, "intent": "music", "dropped": "below --min-confidence 0.9"} for each in rows
    ]
    write(folder / "left.jsonl", rejected)
    inside("discover", "left.jsonl", "-o", "out.jsonl", "-q").silent()
    inside("discover", "pool.jsonl", "-o", "plain.jsonl", "-q").silent()
    numbers = [each["group"] for each in read(folder / "out.jsonl")]
    assert numbers == [each["group"] for each in read(folder / "plain.jsonl")]
    assert "dropped" not in read(folder / "out.jsonl")[0]


def test_records_with_an_intent_are_known(folder: Path, inside: Inside) -> None:
    rows = read(folder / "pool.jsonl")
    write(
        folder / "mixed.jsonl",
        [{**each, "intent": "music"} if each["truth"] == "music" else each for each in rows],
    )
    inside("discover", "mixed.jsonl", "-o", "out.jsonl", "-q").silent()
    assert {each["truth"] for each in read(folder / "out.jsonl")} == {"weather", "alarm"}


def test_selection_goes_by_typicality_in_each_group(folder: Path, inside: Inside) -> None:
    every = ("discover", "pool.jsonl", *KNOWN, "-q")
    inside(*every, "-o", "all.jsonl").silent()
    inside(*every, "--per", "group", "--top-k", "3", "--sort", "-o", "best.jsonl").silent()
    best, found = read(folder / "best.jsonl"), read(folder / "all.jsonl")
    assert [each["group"] for each in best] == [1, 1, 1, 2, 2, 2]
    for number in (1, 2):
        own = sorted(
            (each["typicality"] for each in found if each["group"] == number), reverse=True
        )
        assert [each["typicality"] for each in best if each["group"] == number] == own[:3]


def test_records_without_a_group_can_be_kept(folder: Path, inside: Inside) -> None:
    inside("discover", "pool.jsonl", *KNOWN, "--keep-ungrouped", "-o", "out.jsonl", "-q").silent()
    found = read(folder / "out.jsonl")
    assert [each["id"] for each in found] == [each["id"] for each in read(folder / "pool.jsonl")]
    left = [each for each in found if each["truth"] == "music"]
    assert {(each["group"], each["group_name"], each["typicality"]) for each in left} == {
        (None, None, 0)
    }


def test_copies_go_where_the_first_one_goes(folder: Path, inside: Inside) -> None:
    rows = read(folder / "pool.jsonl")
    copies = [{**each, "id": -each["id"], "text": each["text"].upper() + "!"} for each in rows]
    write(folder / "twice.jsonl", [*rows, *copies])
    inside("discover", "pool.jsonl", *KNOWN, "-o", "once.jsonl", "-q").silent()
    inside("discover", "twice.jsonl", *KNOWN, "-o", "out.jsonl", "-q").silent()
    once = [each["typicality"] for each in read(folder / "once.jsonl")]
    assert [each["typicality"] for each in read(folder / "out.jsonl")] == once * 2


def test_copies_of_labelled_text_are_known(folder: Path, inside: Inside) -> None:
    known = read(folder / "labelled.jsonl")
    write(folder / "more.jsonl", [*({"text": each["text"]} for each in known)] * 2)
    write(folder / "both.jsonl", read(folder / "pool.jsonl") + read(folder / "more.jsonl"))
    inside("discover", "both.jsonl", *KNOWN, "-o", "out.jsonl", "-q").silent()
    assert not {each["text"] for each in read(folder / "out.jsonl")} & {k["text"] for k in known}


@pytest.mark.parametrize("options", [(), ("--sort", "--per", "group", "--share", "50%")])
def test_the_output_is_the_same_for_any_number_of_workers(
    folder: Path, inside: Inside, options: tuple[str, ...]
) -> None:
    outputs = []
    for jobs in ("1", "2"):
        inside("discover", "pool.jsonl", *KNOWN, *options, "-j", jobs, "-o", "out.jsonl", "-q")
        outputs.append((folder / "out.jsonl").read_bytes())
    assert outputs[0] == outputs[1]
    assert outputs[0]


def test_bad_records_cost_one_record_each(folder: Path, inside: Inside) -> None:
    lines = (folder / "pool.jsonl").read_text().splitlines()
    (folder / "bad.jsonl").write_text("\n".join(['{"text": 1}', lines[0], "{", *lines[1:], ""]))
    inside("discover", "bad.jsonl", *KNOWN).refused(1, "bad.jsonl:1: field 'text' is a number")
    skipping = ("--on-error", "skip", "-o", "out.jsonl", "-q")
    inside("discover", "bad.jsonl", *KNOWN, *skipping).silent()
    inside("discover", "pool.jsonl", *KNOWN, "-o", "plain.jsonl", "-q").silent()
    assert (folder / "out.jsonl").read_bytes() == (folder / "plain.jsonl").read_bytes()


def test_what_is_excluded_is_in_no_group(folder: Path, inside: Inside) -> None:
    held = [each for each in read(folder / "pool.jsonl") if each["truth"] == "alarm"]
    write(folder / "test.jsonl", held)
    options = ("--exclude", "test.jsonl", "--report", "run.json", "-o", "out.jsonl", "-q")
    inside("discover", "pool.jsonl", *KNOWN, *options).silent()
    assert {each["truth"] for each in read(folder / "out.jsonl")} == {"weather"}
    [told] = json.loads((folder / "run.json").read_text())["discover"]["groups"]
    assert told["records"] == 30


def test_nothing_to_group_is_said(folder: Path, inside: Inside) -> None:
    write(folder / "few.jsonl", [{"text": "hello"}, {"text": "..."}])
    inside("discover", "few.jsonl", "-q").refused(3, "of 2 records; no group was found; give")
    write(folder / "known.jsonl", [{"text": f"hello {n}", "intent": "greet"} for n in range(5)])
    inside("discover", "known.jsonl").refused(
        3, "of 5 records; none is without a known intent; give"
    )
    run = inside("discover", "few.jsonl", "--allow-empty")
    assert run.code == 0
    assert "warning: no group was found; give more records, or a smaller --min-size" in run.err


def test_labelled_files_without_an_intent_are_refused(folder: Path, inside: Inside) -> None:
    run = inside("discover", "pool.jsonl", "--labelled", "pool.jsonl")
    run.refused(1, "pool.jsonl:1: field 'intent' is missing; name another with --intent-field")
    write(folder / "other.jsonl", [{"text": "hello", "intent": "other"}])
    run = inside("discover", "pool.jsonl", "--labelled", "other.jsonl")
    run.refused(1, "other.jsonl: no record of a known intent; check --labelled")


def test_python_finds_what_the_command_finds(folder: Path, inside: Inside) -> None:
    known, pool = read(folder / "labelled.jsonl"), read(folder / "pool.jsonl")
    model = Discover().fit([k["text"] for k in known], [k["intent"] for k in known])
    found = model.group([each["text"] for each in pool])
    inside("discover", "pool.jsonl", *KNOWN, "--keep-ungrouped", "-o", "out.jsonl", "-q").silent()
    numbers = [each["group"] or 0 for each in read(folder / "out.jsonl")]
    assert found.numbers.tolist() == numbers
    inside("discover", "pool.jsonl", *KNOWN, "--share", "10%", "-o", "out.jsonl", "-q").silent()
    select_file(str(folder / "pool.jsonl"), model, Share("10%"), output=str(folder / "py.jsonl"))
    assert (folder / "py.jsonl").read_bytes() == (folder / "out.jsonl").read_bytes()


def test_a_pool_of_known_records_alone_has_no_groups(folder: Path, inside: Inside) -> None:
    run = inside("discover", "labelled.jsonl", "--keep-ungrouped", "-o", "out.jsonl")
    assert run.code == 0
    assert {each["group"] for each in read(folder / "out.jsonl")} == {None}


def test_the_page_shows_groups_with_examples(folder: Path, inside: Inside) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    rows = read(folder / "pool.jsonl")
    for each in rows:
        each["text"] = each["text"].replace("rome", "<b>rome</b>")
    write(folder / "pool.jsonl", rows)
    written = ("--report", "run.json", "-o", "out.jsonl", "--rejects", "left.jsonl", "-q")
    inside("discover", "pool.jsonl", *KNOWN, *written).silent()
    inside("report", "run.json", "-o", "page.html", "-q").silent()
    page = (folder / "page.html").read_text()
    assert "Candidate new intents, the largest first" in page
    assert "<b>rome" not in page
    groups = json.loads((folder / "run.json").read_text())["discover"]["groups"]
    for each in groups:
        assert f"<summary>{each['group']} {escape(each['name'])}</summary>" in page
        assert all(escape(text) in page for text in each["typical"])
