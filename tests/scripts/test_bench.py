"""`scripts/bench`: that it measures and reports. What it measures is not judged here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "scripts" / "benchmarks"
PARTS = ("startup", "relevance", "winnow", "lm-train", "neural", "diversity")

LOOP = "orjson.loads + orjson.dumps"
OURS = "dataselect relevance"


def bench(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run it; programs of others are looked for in `path`."""
    return subprocess.run(
        [sys.executable, str(BENCH), *arguments, "--no-peers"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "PATH": str(path or os.environ["PATH"])},
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what some parts wrote, measured once on little, without others' programs."""
    cache = tmp_path_factory.mktemp("bench")
    written = ("--json", str(cache / "found.json"), "--results", str(cache / "RESULTS.md"))
    run = bench(*PARTS, "bars", "--small", "--cache", str(cache), *written, path=cache)
    assert (run.returncode, run.stderr) == (0, "")
    return cache


@pytest.fixture(scope="module")
def sections(measured: Path) -> Any:
    """What was written as JSON."""
    return json.loads((measured / "found.json").read_text("utf-8"))["sections"]


def names(section: Any) -> list[str]:
    """What stands in the first column."""
    return [row["what"] for row in section["rows"]]


def test_relevance_is_timed_beside_the_bare_loop(sections: Any) -> None:
    rows = sections["relevance"]["rows"]
    assert names(sections["relevance"]) == [LOOP, OURS, "… --threshold 0.5"]
    assert all(len(row["measured"]["seconds"]) == 1 for row in rows)
    loop, ours, _ = rows
    ratio = ours["measured"]["seconds"][0] / loop["measured"]["seconds"][0]
    assert ours["time ÷ loop"] == f"{ratio:.2f}"
    assert loop["time ÷ loop"] == "–"


def test_a_bar_is_held_against_the_median_of_its_figure(sections: Any) -> None:
    ours = sections["relevance"]["rows"][1]
    [verdict] = ours["verdicts"]
    assert verdict == {
        "what": OURS,
        "bar": "≤ 1 × the bare loop",
        "measured": ours["time ÷ loop"],
        "met": None,  # too little was run to judge
    }


def test_what_cannot_be_run_is_in_the_table_with_the_reason(sections: Any) -> None:
    binary = sections["winnow"]["rows"][2]
    assert binary["what"] == "… --lm general.binary"
    assert binary["records"] == "not run: no build_binary on the PATH"
    assert binary["measured"] == {}
    assert [verdict["measured"] for verdict in binary["verdicts"]] == ["–"]


def test_training_is_not_judged_where_lmplz_is_missing(sections: Any) -> None:
    ours, peer = sections["lm-train"]["rows"]
    assert peer["records"] == "not run: no lmplz on the PATH"
    assert len(ours["measured"]["seconds"]) == 1
    assert [verdict["measured"] for verdict in ours["verdicts"]] == ["–"]


def test_a_neural_encoder_is_timed_where_there_is_one(sections: Any) -> None:
    found = {row["records"] for row in sections["neural"]["rows"]}
    assert found == {"not run: give a model with --encoder"}


def test_diversity_is_measured_by_time_and_by_what_was_picked(sections: Any) -> None:
    rows = sections["diversity"]["rows"]
    assert names(sections["diversity"]) == [
        "dataselect diversity --method facility",
        "… --method features",
        "… --method kcenter",
        "random",
    ]
    values = [float(row["facility location"]) for row in rows]
    assert max(values) == values[0] > values[-1]


def test_results_have_a_section_a_part_and_a_table_of_all_bars(measured: Path) -> None:
    text = (measured / "RESULTS.md").read_text("utf-8")
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [*PARTS, "bars"]
    assert "`scripts/bench relevance --small --no-peers`" in text
    bars = text.partition("## bars")[2]
    assert bars.count("| relevance ") == 1
    assert bars.count("| startup ") == 3


def test_a_missing_corpus_is_named_and_other_parts_go_on(tmp_path: Path) -> None:
    run = bench(
        "relevance", "startup", "--small", "--data", str(tmp_path), "--cache", str(tmp_path)
    )
    assert run.returncode == 1
    assert "sgd_user.jsonl.gz: No such file" in run.stderr
    assert "## Start-up" in run.stdout


def test_shards_are_measured_on_ray(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    run = bench("ray", "--small", "--cache", str(tmp_path), "--json", str(found))
    assert (run.returncode, run.stderr) == (0, "")
    [section] = json.loads(found.read_text("utf-8"))["sections"].values()
    assert [row["records"] for row in section["rows"]] == ["300"] * 4


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    run = bench("nothing", "--cache", str(tmp_path))
    assert run.returncode == 2
    assert "nothing is none of all, startup, relevance" in run.stderr
