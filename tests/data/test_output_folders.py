"""The output folder of a distributed run, given to other commands in place of a file."""

import json
from pathlib import Path

import pytest
from conftest import run_inside
from in_process_cluster import Here, joined

from dataselect.analysis.run_reports import lineages, read_stage
from dataselect.data.files.input_names import holds, is_output_folder
from dataselect.data.input_files import Inputs
from dataselect.execution.distributed.ray_engine import ray_cluster

TEXTS = ["play some jazz", "play jazz now", "some jazz", "jazz", "play play", "now play", "some"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path) -> Path:
    """A run over three shards: `kept`, `dropped` and `run.json`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ray_cluster, "RayCluster", lambda *_: Here())
    # In the order in which they are given, which is not that of their names.
    for name, numbers in ("b", (0, 1, 2)), ("c", ()), ("a", (3, 4, 5, 6)):
        lines = [json.dumps({"id": f"r{number}", "text": TEXTS[number]}) for number in numbers]
        Path(f"{name}.jsonl").write_text("".join(line + "\n" for line in lines))
    shards = ("b.jsonl", "c.jsonl", "a.jsonl")
    written = ("-o", "kept", "--rejects", "dropped", "--report", "run.json")
    run = ("relevance", "--model", model, "--top-k", 4, "--engine", "ray")
    assert run_inside(*run, *written, *shards).code == 0
    return tmp_path


def test_a_folder_stands_for_its_shards_in_the_order_of_the_run(folder: Path) -> None:
    assert Inputs(["kept"]).paths == ["kept/b.jsonl", "kept/c.jsonl", "kept/a.jsonl"]
    assert run_inside("select", "--by", "relevance", "kept", "-o", "again").code == 0
    assert Path("again").read_bytes() == b"".join(
        Path(p).read_bytes() for p in Inputs(["kept"]).paths
    )


def test_a_distributed_run_goes_on_from_another_ones_folder(folder: Path) -> None:
    run = run_inside(
        "select", "--by", "relevance", "--top-k", 2, "--engine", "ray", "-o", "best", "kept"
    )
    assert run.code == 0, run.err
    assert len(joined(folder / "best").splitlines()) == 2
    assert Inputs(["best"]).paths == ["best/b.jsonl", "best/c.jsonl", "best/a.jsonl"]


def test_a_shard_that_is_gone_is_told(folder: Path) -> None:
    (folder / "kept" / "b.jsonl").unlink()
    command = ("select", "--by", "relevance", "kept")
    run_inside(*command).refused(1, "kept/b.jsonl: No such file")
    run_inside(*command, "--engine", "ray", "-o", "best").refused(1, "kept/b.jsonl: missing")


def test_a_folder_without_a_manifest_is_no_input(folder: Path) -> None:
    (folder / "kept" / "_manifest.json").unlink()
    assert not is_output_folder("kept")
    run_inside("select", "--by", "relevance", "kept").refused(1, "kept: a folder, and of no format")


def test_a_folder_that_is_not_complete_is_no_input(folder: Path) -> None:
    (folder / "kept" / "_unfinished").mkdir()
    run_inside("select", "--by", "relevance", "kept").refused(1, "kept: an unfinished output")


def test_a_damaged_manifest_is_told(folder: Path) -> None:
    (folder / "kept" / "_manifest.json").write_text("{}")
    run_inside("select", "--by", "relevance", "kept").refused(1, "kept/_manifest.json: damaged")


def test_explain_finds_what_was_kept_and_dropped_in_folders(folder: Path) -> None:
    for name in "kept", "dropped":
        for line in joined(folder / name).splitlines():
            identity = json.loads(line)["id"]
            run = run_inside("explain", identity, "--report", "run.json", "-o", "told")
            assert run.code == 0, run.err
            told = Path("told").read_text()
            assert told.startswith(f"{identity}: {name} by relevance")
            assert "rank " in told


def test_ranks_in_folders_are_those_of_one_file(folder: Path, model: Path) -> None:
    lines = b"".join(Path(name).read_bytes() for name in ("b.jsonl", "c.jsonl", "a.jsonl"))
    Path("pool.jsonl").write_bytes(lines)
    written = ("-o", "local", "--rejects", "local.no", "--report", "local.json")
    run_inside("relevance", "--model", model, "--top-k", 4, *written, "pool.jsonl")
    for number in range(len(TEXTS)):
        found = []
        for report in "run.json", "local.json":
            run_inside("explain", f"r{number}", "--report", report, "-o", "told")
            found.append([line for line in Path("told").read_text().splitlines() if "rank" in line])
        assert found[0] == found[1]


def test_a_run_that_read_a_folder_comes_after_the_one_that_wrote_it(folder: Path) -> None:
    run_inside("select", "--by", "relevance", "kept", "-o", "again", "--report", "again.json")
    stages = [read_stage("again.json"), read_stage("run.json")]
    assert [[stage.path for stage in way] for way in lineages(stages)] == [
        ["run.json", "again.json"]
    ]


def test_a_page_is_made_of_folders(folder: Path) -> None:
    run = run_inside("report", "-o", "page.html", "run.json")
    assert run.code == 0, run.err
    assert "not there" not in run.err


def test_a_path_holds_itself_and_what_is_below_it(folder: Path) -> None:
    assert holds("kept", "kept/a.jsonl")
    assert holds("a.jsonl", "./a.jsonl")
    assert not holds("kept", "kept.jsonl")
    assert not holds("kept/a.jsonl", "kept")
