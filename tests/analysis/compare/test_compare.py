"""`dataselect compare`: the table, JSON, assertions, intent classifiers, and what it refuses."""

import json
import random
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside, Outcome, Shell

from dataselect.models.intent_classifier.intent_classifier import IntentClassifier

Compare = Callable[[str], Outcome]
Found = Callable[[str], Any]

ARTISTS = ["adele", "seal", "queen", "bach", "björk", "abba", "moby", "sade", "beck", "prince"]
PLACES = ["oslo", "paris", "rome", "bern", "kyoto", "quito", "lima", "cairo", "riga", "perth"]
MUSIC = [f"{verb} {who}" for verb in ("play", "put on", "listen to") for who in ARTISTS]
WEATHER = [f"{what} {where}" for what in ("will it rain in", "how is") for where in PLACES]
CHATTER = [f"{what} {who}" for what in ("tell a joke on", "who was", "write to") for who in ARTISTS]


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pool of 80 texts; `music` is what `dev` is about, `mixed` is not chosen at all."""
    texts = [*MUSIC, *WEATHER, *CHATTER]
    intents = ["music"] * 30 + ["weather"] * 20 + ["chat"] * 30
    pool = [
        {"id": place, "text": text, "intent": intent, "duration": 1800 + place}
        for place, (text, intent) in enumerate(zip(texts, intents, strict=True))
    ]
    write(tmp_path / "music.jsonl", pool[:20])
    write(tmp_path / "mixed.jsonl", pool[10::7])
    draw = random.Random(0)
    write(tmp_path / "dev.jsonl", [{"text": f"play {draw.choice(ARTISTS)} now"} for _ in range(9)])
    labelled = [pool[place] for place in (0, 11, 22, 31, 35, 43)]
    write(tmp_path / "labelled.jsonl", labelled)
    write(tmp_path / "test.jsonl", pool[:50:3])
    draw.shuffle(pool)
    write(tmp_path / "pool.jsonl", pool)
    return tmp_path


@pytest.fixture
def compare(folder: Path, inside: Inside) -> Compare:
    """Run the command with the options of a line."""
    return lambda line: inside("compare", *shlex.split(line))


@pytest.fixture
def found(folder: Path, compare: Compare) -> Found:
    """The JSON that the command writes, given its options."""

    def run(line: str) -> Any:
        compare(f"{line} --format json -o found.json -q").silent()
        return json.loads((folder / "found.json").read_bytes())

    return run


DEV = "--dev dev.jsonl"
ALL = f"--pool pool.jsonl {DEV}"


def test_the_table(folder: Path, shell: Shell) -> None:
    done = shell(f"cat music.jsonl | dataselect compare - mixed.jsonl {ALL} --random 5")
    tables = done.out.decode().split("\n\n")
    rows = [line.split("  ") for line in tables[0].splitlines()]
    header = [cell.strip() for cell in rows[0] if cell]
    assert header == ["<stdin>", "random", "mixed.jsonl", "random", "all"]
    assert [row[0] for row in rows[1:4]] == ["records", "words", "dev perplexity"]
    assert tables[0].splitlines()[1].split() == ["records", "20", "20", "10", "10", "80"]
    assert " ± " in tables[0].splitlines()[3]
    assert tables[1].splitlines()[0].startswith("records with the label")
    assert tables[2].splitlines()[0].split() == [
        "better",
        "than",
        "random",
        "<stdin>",
        "mixed.jsonl",
    ]
    assert tables[2].splitlines()[1].split()[2:5] == ["5", "of", "5"]
    assert tables[3].splitlines()[-1].split() == ["by", "chance", "25.0", "%", "12.5", "%"]
    assert tables[4].splitlines()[0].startswith("dev: 9 records, 27 words; models know ")
    assert tables[4].splitlines()[-1].startswith("compare|random:5|equal:records|seed:0|version:")
    assert done.err == "dataselect: compared 110 of 110 records\n"


def test_a_wide_table_goes_on_below_itself(folder: Path, compare: Compare) -> None:
    names = [f"{'long' * 6}-{number}.jsonl" for number in range(4)]
    for name in names:
        write(folder / name, read(folder / "music.jsonl"))
    compare(f"{' '.join(names)} {ALL} -o table.txt -q").silent()
    lines = (folder / "table.txt").read_text().splitlines()
    assert max(map(len, lines)) <= 120
    counts = [line.split()[1:] for line in lines if line.startswith("records  ")]
    assert len(counts) > 1
    assert [count for row in counts for count in row] == [*["20"] * 8, "80"]


def test_figures_by_hand(found: Found) -> None:
    result = found(f"music.jsonl {ALL} --random 0")
    figures = result["selections"]["music.jsonl"]["measures"]
    # 10 * "play X", 10 * "put on X": 50 words, of them play, put, on and ten names different.
    assert (figures["records"], figures["words"]) == (20, 50)
    assert figures["distinct_1"] == 13 / 50
    assert figures["distinct_2"] == (10 + 1 + 10) / 30
    assert figures["distinct_3"] == 1
    # Of "play NAME now", "now" is not known, nor any n-gram with it.
    assert figures["oov"] == pytest.approx(1 / 3)
    assert (figures["coverage_2"], figures["coverage_3"]) == (1 / 2, 0)
    assert (figures["labels"], figures["label_entropy"], figures["duplicates"]) == (1, 0, 0)
    assert result["all"]["measures"]["records"] == 80
    assert result["all"]["labels"] == {"chat": 30, "music": 30, "weather": 20}


def test_perplexity_is_that_of_a_model_of_all_words(
    folder: Path, found: Found, inside: Inside
) -> None:
    figures = found(f"music.jsonl {ALL} --random 0")["selections"]["music.jsonl"]["measures"]
    words = {word for name in ("pool", "dev") for row in read(folder / f"{name}.jsonl")
             for word in row["text"].split()}  # fmt: skip
    (folder / "words.txt").write_text(" ".join(words))
    inside("lm", "train", "-q", "--vocab", "words.txt", "music.jsonl", "-o", "m.arpa")
    tried = ("--lm", "m.arpa", "--format", "json", "dev.jsonl", "-o", "eval.json")
    inside("lm", "eval", "-q", *tried).silent()
    [expected] = json.loads((folder / "eval.json").read_bytes())["models"]
    assert figures["perplexity"] == pytest.approx(expected["perplexity"], rel=1e-4)


def test_random_selections_are_measured_like_files(folder: Path, found: Found) -> None:
    result = found(f"music.jsonl {ALL} --random 2 --seed 5")
    drawn = result["selections"]["music.jsonl"]["random"]
    order = np.random.default_rng(5).permutation(80)[:20]
    pool = read(folder / "pool.jsonl")
    write(folder / "drawn.jsonl", [pool[place] for place in sorted(order.tolist())])
    own = found(f"drawn.jsonl {ALL} --random 0")["selections"]["drawn.jsonl"]["measures"]
    assert {name: each["values"][0] for name, each in drawn.items()} == own
    first, second = drawn["perplexity"]["values"]
    assert drawn["perplexity"]["mean"] == pytest.approx((first + second) / 2)
    assert drawn["perplexity"]["deviation"] == pytest.approx(abs(first - second) / 2**0.5)


def test_a_good_selection_beats_chance(found: Found) -> None:
    music = found(f"music.jsonl mixed.jsonl {ALL}")["selections"]["music.jsonl"]
    own, drawn, standing = music["measures"], music["random"], music["standing"]
    assert set(standing) == {"perplexity", "oov", "coverage_2", "coverage_3"}
    assert standing["perplexity"]["beaten"] == standing["coverage_2"]["beaten"] == 5
    assert standing["oov"]["beaten"] == sum(own["oov"] < each for each in drawn["oov"]["values"])
    gap = drawn["perplexity"]["mean"] - own["perplexity"]
    deviations = gap / drawn["perplexity"]["deviation"]
    assert standing["perplexity"]["deviations"] == pytest.approx(deviations)
    assert deviations > 2


def test_the_order_of_files_changes_nothing(found: Found) -> None:
    forth = found(f"music.jsonl mixed.jsonl {ALL}")
    back = found(f"mixed.jsonl music.jsonl {ALL}")
    assert forth["selections"] == back["selections"]
    assert forth["all"] == back["all"]


def test_equal_size_may_be_an_equal_cost(folder: Path, found: Found) -> None:
    compared = found(f"music.jsonl {ALL} --cost duration")["selections"]["music.jsonl"]
    total = sum(1800 + place for place in range(20))
    assert compared["measures"]["cost"] == total
    assert compared["measures"]["hours"] == total / 3600
    assert all(abs(cost - total) <= 1000 for cost in compared["random"]["cost"]["values"])
    words = found(f"music.jsonl {ALL} --cost words")["selections"]["music.jsonl"]
    assert "cost" not in words["measures"]
    assert all(abs(count - 50) <= 3 for count in words["random"]["words"]["values"])


def test_overlap_is_told_beside_chance(folder: Path, found: Found) -> None:
    write(folder / "part.jsonl", read(folder / "music.jsonl")[:5])
    result = found(f"music.jsonl part.jsonl {ALL} --random 0")
    assert result["basis"]["told_apart_by"] == "id"
    assert result["overlaps"] == [
        {"of": "music.jsonl", "within": "part.jsonl", "share": 0.25, "chance": 5 / 80},
        {"of": "part.jsonl", "within": "music.jsonl", "share": 1, "chance": 0.25},
    ]


def test_without_ids_records_are_told_apart_by_their_words(folder: Path, found: Found) -> None:
    texts = [{"text": row["text"]} for row in read(folder / "music.jsonl")]
    write(folder / "texts.jsonl", texts[:10])
    write(folder / "changed.jsonl", [{"id": 5, "text": "play  adele"}, {"id": 5, "text": "no"}])
    for name, shares in {"texts": [0.5, 1], "changed": [0.05, 0.5]}.items():
        result = found(f"music.jsonl {name}.jsonl {DEV} --random 0")
        assert result["basis"]["told_apart_by"] == "text"
        assert [each["share"] for each in result["overlaps"]] == shares


def test_in_domain_text_joins_every_model(folder: Path, found: Found) -> None:
    write(folder / "own.jsonl", read(folder / "dev.jsonl")[:1])
    result = found(f"music.jsonl {ALL} --in-domain own.jsonl --random 0")
    own = result["selections"]["music.jsonl"]["measures"]
    assert (own["oov"], own["coverage_2"] > 1 / 2, own["words"]) == (0, True, 50)
    alone = result["in-domain"]["measures"]
    assert (alone["records"], alone["words"]) == (1, 3)
    without = found(f"music.jsonl {ALL} --random 0")["selections"]["music.jsonl"]["measures"]
    assert own["perplexity"] < without["perplexity"]
    assert result["basis"]["in_domain_records"] == 1


def test_labels_are_left_out_unless_every_record_has_one(folder: Path, found: Found) -> None:
    rows = read(folder / "music.jsonl")
    write(folder / "some.jsonl", [{**rows[0], "intent": None}, *rows[1:]])
    figures = found(f"some.jsonl {DEV}")["selections"]["some.jsonl"]
    assert "labels" not in figures["measures"]
    assert figures["labels"] == {}
    numbers = [{**row, "topic": place % 2} for place, row in enumerate(rows)]
    write(folder / "topics.jsonl", numbers)
    found_ = found(f"topics.jsonl {DEV} --label-field topic")["selections"]["topics.jsonl"]
    assert found_["labels"] == {"0": 10, "1": 10}
    assert found_["measures"]["label_entropy"] == 1


LEARN = "--labelled labelled.jsonl --test test.jsonl"


def test_the_error_is_that_of_label_and_evaluate(
    folder: Path, found: Found, inside: Inside
) -> None:
    result = found(f"music.jsonl {ALL} {LEARN} --random 0")
    learnt = ("--labelled", "labelled.jsonl", "--save-model", "m", "--fit-only", "-q")
    for error, options in (
        (result["selections"]["music.jsonl"]["measures"]["error"], ["music.jsonl"]),
        (result["labelled"]["measures"]["error"], ["--rounds", "0"]),
    ):
        inside("label", *learnt, *options).silent()
        judged = (
            "--metric",
            "intent",
            "--intent-classifier",
            "m",
            "--samples",
            "1",
            "--format",
            "json",
        )
        inside("evaluate", *judged, "test.jsonl", "-o", "judged.json", "-q").silent()
        accuracy = json.loads((folder / "judged.json").read_bytes())["measures"][0]["value"]
        assert 100 * error == pytest.approx(100 - accuracy)
    assert result["labelled"]["measures"]["records"] == 6


def test_at_most_so_many_records_are_learnt_from(
    folder: Path, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, sizes = IntentClassifier.fit_sampled, []

    def counted(self: IntentClassifier, *learnt: Any) -> IntentClassifier:
        sizes.append(len(learnt[3]))
        return fit(self, *learnt)

    monkeypatch.setattr(f"{IntentClassifier.__module__}.POOL_SIZE", 3)
    monkeypatch.setattr(IntentClassifier, "fit_sampled", counted)
    found(f"music.jsonl {ALL} {LEARN} --random 0")
    assert set(sizes) == {0, 3}


def test_copies_of_what_is_tried_on_are_told(folder: Path, compare: Compare) -> None:
    write(folder / "dev.jsonl", [{"text": "play  adele"}, {"text": "hello"}])
    outcome = compare(f"music.jsonl {ALL} {LEARN} -o table.txt --random 0")
    assert outcome.code == 0
    for name, count in {"music.jsonl": 7, "all": 17}.items():
        assert f"warning: 1 records of {name} are copies of --dev text" in outcome.err
        assert f"warning: {count} records of {name} are copies of --test text" in outcome.err


def test_strangers_to_the_pool_are_told(folder: Path, compare: Compare) -> None:
    write(folder / "strange.jsonl", [*read(folder / "music.jsonl"), {"id": "x", "text": "hello"}])
    outcome = compare(f"strange.jsonl {ALL} -o table.txt --random 0")
    assert "warning: 1 of 21 records of strange.jsonl are not in the pool" in outcome.err


def test_a_selection_that_is_larger_than_the_pool_is_told(compare: Compare) -> None:
    done = compare(f"pool.jsonl --pool music.jsonl {DEV} --random 1 -o table.txt")
    assert "pool.jsonl has more records than the pool: random selections are smaller" in done.err


def test_without_a_pool_there_is_no_chance_to_compare_with(compare: Compare) -> None:
    outcome = compare(f"music.jsonl {DEV} -o table.txt")
    assert "warning: no --pool" in outcome.err
    table = Path("table.txt").read_text()
    assert "random" not in table.splitlines()[0]
    assert "better than random" not in table
    compare(f"music.jsonl mixed.jsonl {DEV} -q -o table.txt").silent()
    assert "by chance" not in Path("table.txt").read_text()


def test_an_assertion_that_holds_ends_with_3_after_the_table(
    folder: Path, compare: Compare
) -> None:
    outcome = compare(f"mixed.jsonl {ALL} -o table.txt -q --fail-if 'perplexity > 0.5 * random'")
    words = ("'perplexity > 0.5 * random' holds for mixed.jsonl: ", " against ")
    outcome.refused(3, *words)
    assert (folder / "table.txt").read_text().startswith(" ")
    passing = "--fail-if 'perplexity > random' --fail-if 'records < 20' --fail-if 'oov > 40%'"
    compare(f"music.jsonl {ALL} -o table.txt -q {passing}").silent()


def test_every_assertion_that_holds_is_named(compare: Compare) -> None:
    assertions = "--fail-if 'records != 10' --fail-if 'words < music.jsonl' --fail-if 'cost > 1'"
    compare(f"music.jsonl mixed.jsonl {ALL} -o t -q --cost duration {assertions}").refused(
        3,
        "'records != 10' holds for music.jsonl: 20 against 10; ",
        "'words < music.jsonl' holds for mixed.jsonl: ",
        "'cost > 1' holds for music.jsonl",
        "'cost > 1' holds for mixed.jsonl",
    )


def test_the_report_has_everything(folder: Path, compare: Compare) -> None:
    compare(f"music.jsonl {ALL} --format json -o found.json --report report.json -q").silent()
    report = json.loads((folder / "report.json").read_bytes())
    assert report["compare"] == json.loads((folder / "found.json").read_bytes())
    assert set(report["inputs"]) == {"music.jsonl", "pool.jsonl"}
    assert report["counts"] == {"read": 100, "kept": 100, "dropped": 0, "errors": 0}
    assert report["signature"] == report["compare"]["signature"]
    assert report["options"]["dev"] == "dev.jsonl"


def test_bad_records_are_dealt_with_as_asked(folder: Path, compare: Compare, found: Found) -> None:
    with (folder / "music.jsonl").open("a") as file:
        file.write('{"text": 3}\n')
    compare(f"music.jsonl {ALL} -o t").refused(1, "music.jsonl:21: field 'text' is a number")
    result = found(f"music.jsonl {ALL} --on-error bad.jsonl --report r.json")
    assert result["selections"]["music.jsonl"]["measures"]["records"] == 20
    assert [row["line"] for row in read(folder / "bad.jsonl")] == [21]
    counts = json.loads((folder / "r.json").read_bytes())["counts"]
    assert counts == {"read": 101, "kept": 100, "dropped": 0, "errors": 1}


def test_an_empty_selection_is_refused_or_has_no_figures(folder: Path, compare: Compare) -> None:
    (folder / "empty.jsonl").touch()
    compare(f"empty.jsonl {ALL} -o t").refused(3, "empty.jsonl: no good record", "--allow-empty")
    compare(f"empty.jsonl music.jsonl {ALL} -o t --allow-empty -q").silent()
    rows = [line.split() for line in (folder / "t").read_text().splitlines()]
    assert rows[1][:3] == ["records", "0", "0"]
    assert rows[3][:4] == ["dev", "perplexity", "-", "-"]


def test_an_empty_pool_gives_no_chance(folder: Path, compare: Compare) -> None:
    (folder / "empty.jsonl").touch()
    line = f"music.jsonl --pool empty.jsonl {DEV} -o t"
    compare(line).refused(3, "--pool: no good record")
    assert compare(f"{line} --allow-empty -q").code == 0


def test_one_record_is_enough(folder: Path, found: Found) -> None:
    write(folder / "one.jsonl", [{"text": "hello"}])
    write(folder / "dev.jsonl", [{"text": "hello"}])
    figures = found(f"one.jsonl {DEV}")["selections"]["one.jsonl"]["measures"]
    assert (figures["oov"], figures["distinct_1"]) == (0, 1)
    assert "coverage_2" not in figures
    assert "self_similarity" not in figures


def test_texts_of_markers_and_control_characters_are_texts(folder: Path, found: Found) -> None:
    odd = ["<s> </s>", "\0", "a\u2028b", "日本語", "<unk>"]
    write(folder / "odd.jsonl", [{"text": text} for text in odd])
    write(folder / "dev.jsonl", [{"text": text} for text in odd])
    figures = found(f"odd.jsonl {DEV}")["selections"]["odd.jsonl"]["measures"]
    assert (figures["records"], figures["oov"], figures["duplicates"]) == (5, 0, 0)


REFUSED = {
    "music.jsonl": (2, "Missing option '--dev'"),
    f"music.jsonl music.jsonl {DEV}": (2, "music.jsonl is given twice"),
    f"missing {DEV}": (1, "missing: No such file"),
    f"music.jsonl {DEV} --fail-if 'perplexity > random'": (2, "'random' needs --pool"),
    f"music.jsonl {ALL} --random 0 --fail-if 'oov > random'": (2, "'random' needs --pool"),
    f"music.jsonl {ALL} --fail-if 'error > 3'": (2, "measures are records, words"),
    f"music.jsonl {ALL} --fail-if 'hours > 3' --cost words": (2, "measures are records"),
    f"music.jsonl {DEV} --labelled labelled.jsonl": (2, "give both"),
    f"music.jsonl {DEV} -o dev.jsonl": (2, "also read"),
    f"music.jsonl {ALL} -o pool.jsonl": (2, "also read"),
    f"- {DEV} --pool -": (2, "standard input can be read once"),
    f"music.jsonl {ALL} --cost nothing": (1, "pool.jsonl:1: field 'nothing' is missing"),
    "music.jsonl --dev /dev/null": (1, "no text to try models on"),
    f"music.jsonl {DEV} --min-records 21": (3, "music.jsonl: 20 records, fewer than"),
    f"music.jsonl {DEV} --labelled labelled.jsonl --test dev.jsonl": (1, "dev.jsonl:1"),
}


@pytest.mark.parametrize("line", REFUSED)
def test_refuses_with_one_line(folder: Path, compare: Compare, line: str) -> None:
    code, words = REFUSED[line]
    compare(line).refused(code, words)


@pytest.mark.parametrize("name", ["random", "all", "in-domain", "labelled"])
def test_a_selection_is_not_called_like_a_column(folder: Path, compare: Compare, name: str) -> None:
    write(folder / name, read(folder / "music.jsonl"))
    compare(f"{name} {DEV}").refused(2, f"write ./{name}")
    compare(f"./{name} {ALL} -o t -q").silent()


def test_a_pattern_is_one_selection(folder: Path, found: Found) -> None:
    result = found(f"'m*.jsonl' {ALL} --random 0")
    assert result["selections"]["m*.jsonl"]["measures"]["records"] == 30


def test_a_full_disk_is_an_error(folder: Path, shell: Shell) -> None:
    shell(f"dataselect compare music.jsonl {ALL} -q > /dev/full").refused(1, "No space left")


def test_a_reader_that_leaves_is_success(folder: Path, shell: Shell) -> None:
    outcome = shell(f"dataselect compare music.jsonl {ALL} -q | true")
    assert (outcome.code, outcome.err) == (0, "")


def test_an_interrupt_leaves_nothing_half_written(folder: Path) -> None:
    arguments = ["compare", "-", "--dev", "dev.jsonl", "-o", "table.txt"]
    process = subprocess.Popen(
        [Path(sys.executable).with_name("dataselect"), *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    before = {path.name for path in folder.iterdir()}
    while {path.name for path in folder.iterdir()} == before:  # until its file is there
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert "stopped by SIGINT" in said
    assert {path.name for path in folder.iterdir()} == before
