"""`--unique` and `--exclude` at the command line, whatever reads, selects and writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Shell

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
