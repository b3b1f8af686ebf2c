"""Run reports that are read back."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from conftest import Inside

from dataselect.analysis.run_reports import lineages, read_stage
from dataselect.errors import InputError
from dataselect.execution.counting.counts import Counts


def select(inside: Inside, source: str, threshold: float, name: str, *more: str) -> None:
    inside(
        *("select", "-q", "--by", "a", "--threshold", threshold, "--allow-empty"),
        *("--report", f"{name}.json", "-o", f"{name}.jsonl", *more, source),
    ).silent()


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    (tmp_path / "pool.jsonl").write_text("".join(f'{{"text": "x", "a": {n}}}\n' for n in range(9)))
    return tmp_path


def test_a_stage_knows_its_counts_cut_and_files(inside: Inside, pool: Path) -> None:
    select(inside, "pool.jsonl", 6, "kept", "--rejects", "left.jsonl")
    stage = read_stage("kept.json")
    assert (stage.command, stage.counts) == ("select", Counts(read=9, kept=3, dropped=6))
    assert (stage.cut.field, stage.cut.rule, stage.cut.score) == ("a", "--threshold 6", 6.0)
    assert (stage.read, stage.kept, stage.dropped) == (("pool.jsonl",), "kept.jsonl", "left.jsonl")
    assert stage.text_field == "text"


def test_nothing_kept_leaves_no_cut(inside: Inside, pool: Path) -> None:
    select(inside, "pool.jsonl", 10, "none")
    assert read_stage("none.json").cut.score is None


@pytest.mark.parametrize(
    ("rule", "by_score"),
    [
        ("--top-k 3", True),
        ("--budget 3", False),
        ("--sample 3", False),
        ("--top-k 1 --per a", False),
    ],
)
def test_a_cut_knows_whether_the_score_alone_decided(
    inside: Inside, pool: Path, rule: str, by_score: bool
) -> None:
    inside(
        *("select", "-q", "--by", "a", *rule.split(), "--report", "kept.json"),
        *("-o", "kept.jsonl", "pool.jsonl"),
    ).silent()
    cut = read_stage("kept.json").cut
    assert (cut.selects, cut.by_score) == (True, by_score)


def test_files_are_found_beside_the_report(
    inside: Inside, pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    select(inside, "pool.jsonl", 6, "kept")
    (pool / "elsewhere").mkdir()
    monkeypatch.chdir(pool / "elsewhere")
    stage = read_stage("../kept.json")
    assert stage.located(stage.kept) == "../kept.jsonl"
    assert stage.located("gone.jsonl") is None


def test_files_of_the_same_name_elsewhere_are_not_mistaken(
    inside: Inside, pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    select(inside, "pool.jsonl", 6, "kept")
    (pool / "elsewhere").mkdir()
    monkeypatch.chdir(pool / "elsewhere")
    Path("kept.jsonl").write_text("")
    stage = read_stage("../kept.json")
    assert stage.located(stage.kept) == "../kept.jsonl"
    Path("kept.json").write_bytes(Path("../kept.json").read_bytes())  # a report that was moved
    assert read_stage("kept.json").located("kept.jsonl") == "kept.jsonl"
    Path("moved.json").write_bytes(Path("../kept.json").read_bytes())
    assert read_stage("moved.json").located("kept.jsonl") == "kept.jsonl"


def test_ways_follow_files_whatever_the_order_of_reports(inside: Inside, pool: Path) -> None:
    select(inside, "pool.jsonl", 2, "one")
    select(inside, "one.jsonl", 4, "two")
    select(inside, "one.jsonl", 6, "three")
    select(inside, "pool.jsonl", 8, "alone")
    stages = [read_stage(f"{name}.json") for name in ("three", "alone", "two", "one")]
    names = [[Path(stage.path).stem for stage in way] for way in lineages(stages)]
    assert names == [["one", "three"], ["alone"], ["one", "two"]]


def test_what_is_written_to_standard_output_ends_a_way(inside: Inside, pool: Path) -> None:
    inside("select", "-q", "--by", "a", "--report", "one.json", "pool.jsonl").silent()
    select(inside, "pool.jsonl", 2, "two")
    assert len(lineages([read_stage("one.json"), read_stage("two.json")])) == 2


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", r"not the report of a run that scores, selects or measures \(not JSON\)"),
        ("[]", r"not the report of a run that scores, selects or measures \(not an object\)"),
        ('{"command": "lm train"}', r"not the report of .* \(version: missing\)"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(InputError, match=f"report.json: {word}"):
        read_stage(str(tmp_path / "report.json"))


def test_a_report_without_its_files_is_still_read(inside: Inside, pool: Path) -> None:
    select(inside, "pool.jsonl", 6, "kept")
    (pool / "kept.jsonl").unlink()
    report = json.loads((pool / "kept.json").read_text())
    stage = read_stage("kept.json")
    assert stage.facts == report | {"counts": stage.counts, "cut": stage.cut}
    assert (asdict(stage.counts), asdict(stage.cut)) == (report["counts"], report["cut"])
    assert stage.located(stage.kept) is None
