"""`--unique` and `--exclude` at the command line, whatever reads, selects and writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Shell

from dataselect import TopK, select_file
from dataselect.errors import OptionError
from dataselect.operations.reselect.scorer import Field

POOL = [
    ("a", "Play jazz!", 0.5),
    ("b", "play  jazz", 0.9),
    ("c", "stop", 0.8),
    ("d", "PLAY JAZZ", 0.9),
    ("e", "caf\u00e9", 0.3),
    ("f", "cafe\u0301", 0.2),
    ("g", "rain", 0.1),
]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    write(tmp_path / "pool.jsonl", [{"id": i, "text": t, "s": s} for i, t, s in POOL])
    write(tmp_path / "test.jsonl", [{"text": "Stop."}])
    return tmp_path


SELECT = ("select", "pool.jsonl", "--by", "s", "-q", "-o", "kept.jsonl")


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (["--unique"], "bceg"),
        (["--exclude", "test.jsonl"], "abdefg"),
        (["--unique", "--exclude", "test.jsonl"], "beg"),
        (["--unique", "--top-k", "2"], "bc"),
        (["--unique", "--exclude", "test.jsonl", "--top-k", "2"], "be"),
        (["--exclude", "test.jsonl", "--threshold", "0.4"], "abd"),
        (["--unique", "--threshold", "0.4"], "bc"),
        (["--unique", "--budget", "3", "--cost", "words"], "bc"),
        (["--exclude", "test.jsonl", "--budget", "4", "--cost", "words"], "bd"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_left_fills_the_selection(
    pool: Path, inside: Inside, options: list[str], kept: str
) -> None:
    """Of equal scores the first stays; NFC and NFD are one text."""
    inside(*SELECT, *options).silent()
    assert ids(pool / "kept.jsonl") == list(kept)


def test_every_record_is_kept_or_has_its_reason(pool: Path, inside: Inside) -> None:
    with (pool / "pool.jsonl").open("a") as file:
        file.write("no record\n")
    options = ["--unique", "--exclude", "test.jsonl", "--top-k", "1", "--on-error", "bad.json"]
    inside(*SELECT, *options, "--rejects", "r.jsonl", "--report", "run.json").silent()
    reasons = {
        row["id"]: row["dropped"]
        for row in map(json.loads, (pool / "r.jsonl").read_text().splitlines())
    }
    assert reasons == {
        **dict.fromkeys("adf", "a copy of a better record, --unique"),
        "c": "in --exclude test.jsonl",
        **dict.fromkeys("eg", "not among the best by --top-k 1"),
    }
    report = json.loads((pool / "run.json").read_text())
    assert report["counts"] == {"read": 8, "kept": 1, "dropped": 6, "errors": 1}
    assert sorted(each["count"] for each in report["dropped"]) == [1, 2, 3]


def test_workers_write_the_same_bytes(pool: Path, inside: Inside) -> None:
    line = (pool / "pool.jsonl").read_text()
    (pool / "pool.jsonl").write_text(line * 5000)  # several blocks
    found = []
    for jobs in "1", "2":
        inside(*SELECT, "--unique", "--exclude", "test.jsonl", "--jobs", jobs).silent()
        found.append((pool / "kept.jsonl").read_bytes())
    assert found[0] == found[1]
    assert ids(pool / "kept.jsonl") == ["b", "e", "g"]


def test_a_test_set_has_its_text_in_a_field_of_its_own(pool: Path, inside: Inside) -> None:
    write(pool / "other.jsonl", [{"said": "RAIN"}])
    inside(*SELECT, "--exclude", "other.jsonl").refused(1, "other.jsonl:1", "--exclude-field")
    inside(*SELECT, "--exclude", "other.jsonl", "--exclude-field", "said").silent()
    assert "g" not in ids(pool / "kept.jsonl")


def test_a_test_set_of_plain_text_through_a_pipe(pool: Path, shell: Shell) -> None:
    (pool / "held_out.txt").write_text("rain\nStop\n")
    shell("dataselect select -q --by s pool.jsonl --exclude held_out.txt -o kept.jsonl").silent()
    assert ids(pool / "kept.jsonl") == list("abdef")
    shell("cat pool.jsonl | dataselect select -q --by s --exclude <(cat test.jsonl) > kept.jsonl")
    assert ids(pool / "kept.jsonl") == list("abdefg")


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing.jsonl", "No such file"), ("empty.jsonl", "check --exclude"), ("bad.jsonl", ":1:")],
)
def test_a_test_set_that_cannot_be_read_ends_the_run(
    pool: Path, inside: Inside, name: str, words: str
) -> None:
    (pool / "empty.jsonl").touch()
    (pool / "bad.jsonl").write_text("{\n")
    inside(*SELECT, "--exclude", name).refused(1, name, words)
    assert not (pool / "kept.jsonl").exists()


def test_the_pool_itself_leaves_nothing(pool: Path, inside: Inside) -> None:
    inside(*SELECT, "--exclude", "pool.jsonl").refused(3, "nothing was kept of 7 records")


# -- With other rules -----------------------------------------------------------------------------


def test_copies_go_over_all_values_of_per_and_none_comes_back(pool: Path, inside: Inside) -> None:
    rows = [("a", "yes", 0.5, "x"), ("b", "Yes", 0.9, "y"), ("c", "no", 0.1, "x")]
    write(pool / "pool.jsonl", [{"id": i, "text": t, "s": s, "g": g} for i, t, s, g in rows])
    inside(*SELECT, "--unique", "--per", "g", "--top-k", "1", "--min-per", "1").silent()
    assert ids(pool / "kept.jsonl") == ["b", "c"]


def test_a_share_is_one_of_all_records(pool: Path, inside: Inside) -> None:
    inside(*SELECT, "--unique", "--exclude", "test.jsonl", "--share", "30%").silent()
    assert ids(pool / "kept.jsonl") == ["b", "e"]  # two of seven


def test_a_sample_is_drawn_of_the_best_of_each_text(pool: Path, inside: Inside) -> None:
    for seed in range(5):
        inside(*SELECT, "--unique", "--sample", "4", "--seed", seed).silent()
        assert ids(pool / "kept.jsonl") == ["b", "c", "e", "g"]


def test_a_low_score_may_be_the_best(pool: Path, inside: Inside) -> None:
    inside(*SELECT, "--unique", "--best", "low").silent()
    assert ids(pool / "kept.jsonl") == ["a", "c", "f", "g"]


def test_shares_of_auto_are_compared_with_what_is_left(pool: Path, inside: Inside) -> None:
    write(pool / "dev.jsonl", [{"text": "play some rain"}])
    options = ("--unique", "--exclude", "test.jsonl", "--auto", "dev.jsonl")
    inside(*SELECT, *options, "--report", "report.json").silent()
    report = json.loads((pool / "report.json").read_text())
    assert report["auto"]["everything"]["records"] == 3
    assert set(ids(pool / "kept.jsonl")) <= set("beg")


# -- What is compared -----------------------------------------------------------------------------


def test_pairs_are_the_same_if_both_sides_are(pool: Path, inside: Inside) -> None:
    pairs = [("a b", "x"), ("a", "b x"), ("A B.", "X"), ("a b", "y"), ("c", "z")]
    rows = [{"id": str(n), "src": src, "tgt": tgt} for n, (src, tgt) in enumerate(pairs)]
    write(pool / "pool.jsonl", rows)
    write(pool / "test.jsonl", [{"src": "C!", "tgt": "Z"}, {"src": "other", "tgt": "x"}])
    options = ("--unique", "--exclude", "test.jsonl", "--max-length-ratio", "9")
    inside("bitext", "pool.jsonl", *options, "-q", "-o", "kept.jsonl").silent()
    assert ids(pool / "kept.jsonl") == ["0", "1", "3"]
    run = inside("bitext", "pool.jsonl", *options, "--exclude-field", "t", "-q", "-o", "no")
    run.refused(2, "--exclude is of pairs, which --src-field and --tgt-field name")


def test_a_record_without_a_text_is_a_bad_one(pool: Path, inside: Inside) -> None:
    write(pool / "pool.jsonl", [{"s": 1}, {"s": 2, "text": ""}, {"s": 3, "text": " "}])
    run = inside(*SELECT, "--unique")
    run.refused(1, "pool.jsonl:1: field 'text' is missing; name another with --text-field")
    inside(*SELECT, "--unique", "--on-error", "skip").silent()
    [kept] = (pool / "kept.jsonl").read_text().splitlines()  # empty texts are copies, too
    assert json.loads(kept)["s"] == 3


def test_from_python(pool: Path, inside: Inside) -> None:
    found = select_file(
        str(pool / "pool.jsonl"),
        Field("s"),
        TopK(2),
        output=str(pool / "kept.jsonl"),
        unique=True,
        exclude=str(pool / "test.jsonl"),
    )
    assert (found.counts.kept, ids(pool / "kept.jsonl")) == (2, ["b", "e"])
    with pytest.raises(OptionError, match="exclude_field is of the file of exclude"):
        select_file("pool.jsonl", Field("s"), output="no", exclude_field="t")


# -- What is said ---------------------------------------------------------------------------------


def test_explain_tells_what_would_have_kept_it(pool: Path, inside: Inside) -> None:
    options = ("--unique", "--exclude", "test.jsonl", "--top-k", "2")
    inside(*SELECT, *options, "--rejects", "no.jsonl", "--report", "run.json").silent()
    for name, *words in (
        ("a", "dropped, a copy of a better record, --unique", "kept with no --unique"),
        ("c", "dropped, in --exclude test.jsonl", "kept with no --exclude test.jsonl"),
        ("g", "dropped, not among the best by --top-k 2", "kept with --top-k 3"),
    ):
        inside("explain", name, "--report", "run.json", "-q", "-o", "said").silent()
        said = (pool / "said").read_text()
        assert all(each in said for each in words), said
