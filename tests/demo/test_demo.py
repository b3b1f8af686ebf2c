"""`dataselect demo`: the sample data, and the Makefile that runs the operations on it."""

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, run_inside
from rapidfuzz.distance import Levenshtein

from dataselect.command_line.registry import COMMANDS
from dataselect.data import records
from dataselect.data.fields import Column
from dataselect.data.input_files import Inputs
from dataselect.demo.confusion import Channel
from dataselect.demo.grammar import Grammar, PortableRandom
from dataselect.demo.sample import IN_DOMAIN, write_sample
from dataselect.errors import OptionError, OutputError

ANNOTATED = ("annotated.jsonl", "dev.jsonl", "test.jsonl", "other_intents.jsonl")
LISTS = ("nbest.jsonl", "nbest.dev.jsonl")
SOUND = (*ANNOTATED, *LISTS, "pool.jsonl.gz", "indomain.de.jsonl", "bitext.jsonl")
EVERYTHING = {*SOUND, "broken.jsonl", "manifest.jsonl", "Makefile"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    write_sample(str(made))
    return made


def contents(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in contents(path).split(b"\n")[:-1]]


def texts(path: Path, field: str = "text") -> set[str]:
    return {record[field] for record in load(path)}


# -- the data ---------------------------------------------------------------------------------


def test_writes_what_it_says_it_writes(tmp_path: Path, inside: Inside) -> None:
    run = inside("demo", tmp_path / "new" / "folder")
    assert run.code == 0
    listed = dict(re.findall(r"^  (\S+) +([\d,]+) ", run.err, re.MULTILINE))
    made = tmp_path / "new" / "folder"
    lines = {path.name: f"{contents(path).count(10):,}" for path in made.iterdir()}
    assert listed == lines
    assert lines.keys() == EVERYTHING
    assert f"make -C {made}" in run.err


@pytest.mark.parametrize("name", SOUND)
def test_a_file_holds_records_that_can_be_told_apart(folder: Path, name: str) -> None:
    ids = [record["id"] for record in load(folder / name)]
    assert len(set(ids)) == len(ids) >= 20


@pytest.mark.parametrize("name", ANNOTATED)
def test_slot_offsets_point_at_the_slot_values(folder: Path, name: str) -> None:
    slots = [
        (record["text"][slot["start"] : slot["end"]], slot["value"])
        for record in load(folder / name)
        for slot in record["slots"]
    ]
    assert slots
    assert all(found == value for found, value in slots)
    assert not all(value.isascii() for _, value in slots)  # so that bytes and characters differ


@pytest.mark.parametrize("name", ["annotated.jsonl", "dev.jsonl", "test.jsonl"])
def test_in_domain_files_are_balanced(folder: Path, name: str) -> None:
    intents = [record["intent"] for record in load(folder / name)]
    assert set(intents) == set(IN_DOMAIN)
    assert len({intents.count(intent) for intent in IN_DOMAIN}) == 1


def test_the_pool_hides_six_percent_in_domain(folder: Path) -> None:
    truths = [record["truth"] for record in load(folder / "pool.jsonl.gz")]
    assert sum(truth in IN_DOMAIN for truth in truths) == 0.06 * len(truths)
    assert len(set(truths)) == 11


def test_no_text_of_a_small_file_is_in_another_file(folder: Path) -> None:
    small = {name: texts(folder / name) for name in (*ANNOTATED, "indomain.de.jsonl")}
    small["references"] = texts(folder / "nbest.jsonl", "ref")
    for one, other in combinations(small, 2):
        assert small[one].isdisjoint(small[other]), (one, other)
    large = texts(folder / "pool.jsonl.gz") | texts(folder / "bitext.jsonl", "src")
    large |= texts(folder / "bitext.jsonl", "tgt")
    for name, own in small.items():
        assert own.isdisjoint(large), name


def test_texts_of_annotated_files_are_not_repeated(folder: Path) -> None:
    for name in ANNOTATED:
        assert len(texts(folder / name)) == len(load(folder / name))


def test_nbest_lists_are_ragged_and_sorted(folder: Path) -> None:
    lists = [record["nbest"] for record in load(folder / "nbest.jsonl")]
    assert {len(each) for each in lists} == set(range(1, 11))
    for hypotheses in lists:
        scores = [hypothesis["score"] for hypothesis in hypotheses]
        assert scores == sorted(scores, reverse=True)
        assert len({hypothesis["text"] for hypothesis in hypotheses}) == len(hypotheses)
        assert all(hypothesis["text"] for hypothesis in hypotheses)


def test_nbest_lists_leave_something_to_gain(folder: Path) -> None:
    first = oracle = words = 0
    for record in load(folder / "nbest.jsonl"):
        reference = record["ref"].split()
        errors = [Levenshtein.distance(each["text"].split(), reference) for each in record["nbest"]]
        first, oracle, words = first + errors[0], oracle + min(errors), words + len(reference)
    assert 0.1 < first / words < 0.3
    assert oracle < 0.7 * first


def test_bitext_holds_both_languages(folder: Path) -> None:
    pairs = load(folder / "bitext.jsonl")
    assert {"play_music", "set_alarm", "get_weather", "chat", "written"} <= {
        pair["truth"] for pair in pairs
    }
    same = [pair["src"] == pair["tgt"] for pair in pairs]
    left = [pair["truth"] == "untranslated" for pair in pairs]
    assert same == left
    assert 0.01 * len(pairs) < sum(left) < 0.04 * len(pairs)


@pytest.mark.parametrize("name", SOUND)
def test_the_third_record_is_spelt_as_no_program_would(folder: Path, name: str) -> None:
    lines = contents(folder / name).split(b"\n")
    odd = [i for i, line in enumerate(lines) if rb"\u00fc" in line and b" , " in line]
    assert odd == [2]
    assert b"1.50" in lines[2]
    assert json.loads(lines[2])["device"]["serial"] == 98765432109876543210987


def test_broken_lines_are_each_wrong_in_their_own_way(folder: Path) -> None:
    inputs = Inputs([str(folder / "broken.jsonl")])
    found = [records.read(block, [Column.text("text")]) for block in inputs.blocks()]
    reasons = [bad.reason for each in found for bad in each.bad]
    assert len(set(reasons)) == len(reasons) == 8
    assert sum(len(each.lines) for each in found) == 16


# -- the same seed, the same bytes ------------------------------------------------------------


def test_a_seed_gives_the_same_files_in_every_process(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "dataselect",
        "demo",
        "-q",
        str(tmp_path / "there"),
        "--seed",
        "5",
    ]
    subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "1"}, check=True)
    write_sample(str(tmp_path / "here"), seed=5)  # sets have another order here
    for name in EVERYTHING:
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_another_seed_gives_other_files(folder: Path, tmp_path: Path) -> None:
    write_sample(str(tmp_path), seed=1)
    same = {name for name in EVERYTHING if contents(folder / name) == contents(tmp_path / name)}
    assert same == {"Makefile"}


def test_draws_are_those_of_every_python_version() -> None:
    draw = PortableRandom(0, "pool")
    assert [draw.below(1000) for _ in range(5)] == [489, 495, 852, 407, 758]
    assert draw.shuffled(list("abcdef")) == ["d", "a", "e", "b", "f", "c"]


# -- the folder -------------------------------------------------------------------------------


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    inside("demo", tmp_path).refused(2, "not empty", "--force")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_force_writes_beside_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "Makefile").write_text("old")
    write_sample(str(tmp_path), force=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (tmp_path / "Makefile").read_text() != "old"
    assert {path.name for path in tmp_path.iterdir()} == EVERYTHING | {"mine.txt"}


def test_an_empty_folder_is_used_without_a_word(tmp_path: Path, inside: Inside) -> None:
    inside("demo", tmp_path, "--quiet").silent()
    with pytest.raises(OptionError, match="not empty"):
        write_sample(str(tmp_path))


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="name a new or an empty folder"):
        write_sample(str(tmp_path / "file"))


# -- the grammars -----------------------------------------------------------------------------

REFERENCE = re.compile(r"\{\w+\}|<\w+>")


@pytest.mark.parametrize("name", ["assistant.txt", "general.txt"])
def test_every_reference_of_a_grammar_leads_somewhere(name: str) -> None:
    grammar = Grammar.load(name)
    lines = list(chain(*grammar.intents.values(), *grammar.fillers.values()))
    used = {reference for line in lines for reference in REFERENCE.findall(line.english)}
    assert used == grammar.fillers.keys()
    for line in lines:
        german = REFERENCE.findall(line.german or "")
        english = REFERENCE.findall(line.english)
        assert all(german.count(each) <= english.count(each) for each in german), line


def test_the_grammars_are_rich_enough() -> None:
    grammar = Grammar.load("assistant.txt")
    assert len(set(grammar.domains.values())) >= 3
    assert all(len(set(templates)) >= 15 for templates in grammar.intents.values())
    slots = {name: values for name, values in grammar.fillers.items() if name.startswith("{")}
    assert all(len(set(values)) == len(values) >= 20 for values in slots.values())


def test_a_reference_that_stands_twice_becomes_two_things() -> None:
    grammar, draw = Grammar.load("assistant.txt"), PortableRandom(0, "test")
    drawn = [grammar.utterance("find_route", draw) for _ in range(500)]
    cities = [[slot.value for slot in each.slots if slot.slot == "city"] for each in drawn]
    assert any(len(each) == 2 for each in cities)
    assert all(len(set(each)) == len(each) for each in cities)


def test_similar_words_are_those_within_a_third_of_the_letters() -> None:
    words = ["Becker", "Decke", "Ecke", "Wecker", "im", "um", "weckt"]
    channel = Channel(words)
    for word in words:
        near = [w for w in words if 0 < Levenshtein.distance(w, word) <= max(1, len(word) // 3)]
        assert channel.similar(word) == near


# -- the Makefile -----------------------------------------------------------------------------

MADE = {
    "scored.jsonl.gz",
    "relevance.model",
    "relevance.report.json",
    "relevant.jsonl",
    "dropped.jsonl",
    "relevant.report.json",
    "relevant.txt",
    "best.jsonl",
    "best.csv",
    "agreed.jsonl",
    "by_intent.jsonl",
    "repaired.jsonl",
    "broken.errors.jsonl",
    "diverse.jsonl",
    "guessed.jsonl",
    "diverse.rejects.jsonl",
    "diverse.report.json",
    "labelled.jsonl",
    "labelled.report.json",
    "checked.jsonl",
    "values.csv",
    "slots.csv",
    "made.jsonl",
    "groups.jsonl",
    "groups.report.json",
    "first.model",
    "classifier.model",
    "weak.arpa",
    "winnowed.jsonl",
    "winnowed.rejects.jsonl",
    "winnowed.report.json",
    "winnowed.arpa",
    "rich.arpa",
    "bitext.model",
    "near.jsonl",
    "far.jsonl",
    "near.report.json",
    "nbest.weights",
    "rescored.jsonl",
    "rescored.report.json",
    "comparison.txt",
}


Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def make(forking: dict[str, str]) -> Make:
    """Run `make` in a folder."""

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "--no-print-directory", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=forking,
        )

    return run


@pytest.fixture(scope="module")
def finished(folder: Path, make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("made") / "demo"
    shutil.copytree(folder, copy)
    run = make(copy, "all", "check")
    assert run.returncode == 0, run.stderr
    return copy


@pytest.fixture
def workshop(finished: Path, tmp_path: Path) -> Path:
    """A finished folder that a test may change."""
    return shutil.copytree(finished, tmp_path / "demo")  # keeps the times that make compares


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def remade(before: dict[str, int], folder: Path) -> set[str]:
    return {name for name, time in times(folder).items() if before.get(name) != time}


def test_the_makefile_names_only_commands_that_exist(folder: Path, make: Make) -> None:
    makefile = (folder / "Makefile").read_text(encoding="utf-8")
    [targets] = re.findall(r"^\.PHONY: (.*) FORCE$", makefile, re.MULTILINE)
    run = make(folder, "--dry-run", *targets.split(), "report.html")
    assert run.returncode == 0, run.stderr
    called = set(re.findall(r"\bdataselect ((?:(?:lm|paraphrase) )?\w+)", run.stdout))
    assert called <= COMMANDS.keys()
    assert not run.stderr


def test_make_makes_everything(finished: Path) -> None:
    settings = {f".setting-{name}" for name in ("SEED", "SHARE", "TOP", "BETTER")}
    assert {path.name for path in finished.iterdir()} == EVERYTHING | MADE | settings


def test_make_again_has_nothing_to_do(workshop: Path, make: Make) -> None:
    before = times(workshop)
    run = make(workshop)
    assert "dataselect" not in run.stdout
    assert not remade(before, workshop)


def test_another_share_makes_only_what_depends_on_it(workshop: Path, make: Make) -> None:
    before = times(workshop)
    assert make(workshop, "SHARE=3%").returncode == 0
    assert remade(before, workshop) == {
        ".setting-SHARE",
        "relevant.jsonl",
        "dropped.jsonl",
        "relevant.report.json",
        "relevant.txt",
        "diverse.jsonl",
        "guessed.jsonl",
        "diverse.rejects.jsonl",
        "diverse.report.json",
        "labelled.jsonl",
        "labelled.report.json",
        "classifier.model",
        "comparison.txt",
    }
    assert len(load(workshop / "relevant.jsonl")) == 150


def test_too_little_kept_stops_the_steps_that_follow(workshop: Path, make: Make) -> None:
    run = make(workshop, "SHARE=0.1%")
    assert run.returncode == 2
    assert "fewer than --min-records 10" in run.stderr
    assert len(load(workshop / "relevant.jsonl")) == 300  # the file of the run before


def test_a_selection_that_is_hardly_better_than_chance_stops_make(
    workshop: Path, make: Make
) -> None:
    run = make(workshop, "assertions", "BETTER=0.1")
    assert run.returncode == 2
    assert "--fail-if 'perplexity > 0.1 * random' holds for relevant.jsonl" in run.stderr
    assert "dev perplexity" in run.stdout
    assert not (workshop / "comparison.txt").exists()


def commands(
    make: Make, folder: Path, target: str, operation: str, *settings: str
) -> list[list[str]]:
    """The commands of an operation that make would run: it takes all to be out of date."""
    said = make(folder, "--dry-run", target, *settings).stdout.replace("\\\n", "")
    found = [shlex.split(line) for line in said.splitlines()]
    return [words[1:] for words in found if words[:2] == ["dataselect", operation]]


def test_all_runs_are_on_one_page(
    workshop: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(workshop)
    # To draw all figures and maps takes 8 s, and is tested where there are fewer.
    monkeypatch.setattr("dataselect.analysis.report.rendering.inline", lambda plot: plot.title)
    monkeypatch.setattr("dataselect.analysis.report.tsne_map._FEWEST", 10_000)
    [report] = commands(make, workshop, "report.html", "report")
    run_inside(*report)
    page = (workshop / "report.html").read_text(encoding="utf-8")
    for command in ("relevance", "select", "diversity", "label", "winnow", "bitext", "rescore"):
        assert f" {command}</h2>" in page


def test_a_record_is_explained(finished: Path, make: Make) -> None:
    run = make(finished, "explain", "ID=pool-43")
    assert run.returncode == 0, run.stderr
    assert "dropped by select (relevant.report.json)" in run.stdout


def test_what_is_kept_is_mostly_right(finished: Path, make: Make) -> None:
    run = make(finished, "precision")
    shares = map(float, re.findall(r"([\d.]+) %", run.stdout))
    pool, relevant, best, by_intent, corpus, near = shares
    assert pool == 6.0
    assert relevant > 5 * pool
    assert best >= relevant
    assert by_intent > 5 * pool
    assert (corpus, near > 8 * corpus) == (10.0, True)


def test_intents_and_slots_are_learnt_from_what_was_labelled(finished: Path, make: Make) -> None:
    run = make(finished, "intents")
    found = re.findall(
        r"^(.+): (accuracy|slot F1|exact match) +([\d.]+) ", run.stdout, re.MULTILINE
    )
    figures = {(of, measure): float(value) for of, measure, value in found}
    assert len(figures) == 6
    assert figures["annotated utterances alone", "accuracy"] > 80
    for measure in ("accuracy", "slot F1", "exact match"):
        alone = figures["annotated utterances alone", measure]
        assert alone < figures["and what was labelled", measure]


def test_a_detector_finds_paraphrases_of_annotated_utterances(
    workshop: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workshop)
    training = "TRAINING=--networks 1 --epochs 2"
    pairs, train, score = commands(make, workshop, "paraphrases", "paraphrase", training)
    for command in pairs, train, [*score, "-o", "best.jsonl"]:
        assert run_inside(*command).code == 0
    best = load(workshop / "best.jsonl")
    assert len(best) == 5
    names = {record["id"] for record in load(workshop / "annotated.jsonl")}
    assert {record["nearest"] for record in best} <= names
    assert best[0]["truth"] in IN_DOMAIN


def test_the_rich_model_is_better_than_the_weak_one(finished: Path, make: Make) -> None:
    run = make(finished, "perplexity")
    [perplexities] = re.findall(r"^perplexity  +(.*)$", run.stdout, re.MULTILINE)
    weak, _, rich = map(float, perplexities.split())
    assert rich < weak / 2
    [unknown] = re.findall(r"^unknown words +(.*)$", run.stdout, re.MULTILINE)
    weak, _, rich = map(float, re.findall(r"([\d.]+) %", unknown))
    assert rich < weak / 4


def test_rescoring_lowers_the_word_error_rate(finished: Path, make: Make) -> None:
    report = json.loads((finished / "rescored.report.json").read_text())
    [evaluation] = report["rescore"]["evaluation"]
    rates = {name: found["value"] for name, found in evaluation["systems"].items()}
    assert rates["oracle"] < rates["rescored"] < 0.9 * rates["first-best"]
    run = make(finished, "errors")
    assert f" {rates['rescored']:.2f} " in run.stdout


def test_odd_records_pass_through_unharmed(finished: Path) -> None:
    odd = contents(finished / "pool.jsonl.gz").split(b"\n")[2]
    scored = contents(finished / "scored.jsonl.gz").split(b"\n")[2]
    assert scored.startswith(odd.removesuffix(b"}"))


def test_broken_records_are_collected(finished: Path) -> None:
    assert len(load(finished / "repaired.jsonl")) == 16
    assert len(load(finished / "broken.errors.jsonl")) == 8


def test_clean_leaves_the_sample(workshop: Path, make: Make) -> None:
    assert make(workshop, "clean").returncode == 0
    assert {path.name for path in workshop.iterdir()} == EVERYTHING
