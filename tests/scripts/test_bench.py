"""`scripts/bench`: that it measures and reports. What it measures is not judged here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "scripts" / "benchmarks"
ON_RAY = ("ray", "ray-large")
PARTITIONS = "diversity-partitions"
SECTIONS = (
    *("relevance", "winnow", "rescore", "lm-train", "bitext", "diversity", "diversity-large"),
    *("neural", "review", "cut", "memory", "bitext-memory", "startup"),
)

LOOP = "orjson.loads + orjson.dumps"
OURS = "dataselect relevance --model"


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
def sections(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Most sections, measured once on a small pool, without programs of others."""
    cache = tmp_path_factory.mktemp("bench")
    found = cache / "found.json"
    size = ("--records", "400", "--rounds", "1")
    run = bench(*SECTIONS, *size, "--cache", str(cache), "--json", str(found), path=cache)
    assert (run.returncode, run.stderr) == (0, "")
    sections = json.loads(found.read_text("utf-8"))["sections"]
    assert all(f"## {section['title']}\n" in run.stdout for section in sections.values())
    return sections


def test_relevance_is_timed_beside_the_bare_loop(sections: Any) -> None:
    rows = sections["relevance"]["rows"]
    assert [row["what"] for row in rows] == [LOOP, OURS, "… --threshold 0.5", "… --jobs 2"]
    assert all(len(row["measured"]["seconds"]) == 1 for row in rows)


def test_winnowing_is_timed_beside_a_loop_that_asks_kenlm(sections: Any) -> None:
    rows = sections["winnow"]["rows"]
    assert [row["what"] for row in rows] == [
        "orjson.loads + kenlm.Model.score + orjson.dumps",
        "dataselect winnow --lm",
        "… --jobs 2",
        "… --background music.arpa",
        "… --lm general.binary",
    ]
    assert all(len(row["measured"]["seconds"]) == 1 for row in rows[:-1])


def test_rescoring_is_timed_beside_plain_scripts(sections: Any) -> None:
    rows = sections["rescore"]["rows"]
    assert [row["what"] for row in rows] == [
        "plain script, orjson + kenlm",
        "dataselect rescore --lm",
        "… --jobs 2",
        "scripts in the style of Moses",
    ]
    assert all(len(row["measured"]["seconds"]) == 1 for row in rows)


def test_distances_are_timed_beside_the_bare_loop(sections: Any) -> None:
    rows = sections["bitext"]["rows"]
    ours = "dataselect bitext --model"
    assert [row["what"] for row in rows] == [LOOP, ours, "… --threshold 0", "… --jobs 2"]
    assert all(len(row["measured"]["seconds"]) == 1 for row in rows)
    assert [row["bar"] and row["bar"]["words"] for row in rows][1] == "≥ 50,000 records/s"


def test_a_neural_encoder_is_timed_where_there_is_one(sections: Any) -> None:
    section = sections["neural"]
    assert (section["rows"], section["notes"]) == ([], ["Not run: give a model with --encoder."])


def test_training_is_timed_alone_where_lmplz_is_missing(sections: Any) -> None:
    rows = sections["lm-train"]["rows"]
    assert [row["what"] for row in rows] == ["dataselect lm train"]
    assert len(rows[0]["measured"]["seconds"]) == 1


def test_what_cannot_be_run_is_in_the_table_with_the_reason(sections: Any) -> None:
    [*_, binary] = sections["winnow"]["rows"]
    assert binary["records"] == "not run: no build_binary on the PATH"
    assert binary["measured"] == {}


@pytest.mark.parametrize("name", ["relevance", "winnow", "bitext"])
def test_too_few_records_are_not_judged(sections: Any, name: str) -> None:
    assert {row["met"] for row in sections[name]["rows"]} == {None}
    assert "nothing is judged" in sections[name]["notes"][-1]


def test_memory_is_measured_on_the_pool_and_on_ten_times_as_much(sections: Any) -> None:
    rows = sections["memory"]["rows"]
    assert [row["dataselect relevance"] for row in rows] == ["--threshold 0.9", "--top-k 1000"]
    assert all({"MiB at 400", "MiB at 4,000"} < set(row) for row in rows)


def test_what_looking_back_takes_is_measured(sections: Any) -> None:
    rows = sections["review"]["rows"]
    assert [row["what"] for row in rows] == [
        "dataselect report",
        "dataselect report, memory",
        "dataselect explain",
        "dataselect compare --random 5",
    ]
    assert [row["bar"]["words"] for row in rows[:2]] == ["≤ 60 s", "≤ 1 GiB"]
    assert all(len(rows[place]["measured"]["seconds"]) == 1 for place in (0, 2, 3))


def test_memory_for_pairs_is_measured_on_half_of_them_and_on_five_times_as_many(
    sections: Any,
) -> None:
    [row] = sections["bitext-memory"]["rows"]
    assert row["dataselect bitext"] == "--threshold 0"
    assert {"MiB at 200", "MiB at 1,000"} < set(row)


def test_startup_times_help_beside_a_bare_interpreter(sections: Any) -> None:
    rows = sections["startup"]["rows"]
    assert [row["what"] for row in rows] == [
        "python -c pass",
        "dataselect --help",
        "dataselect relevance --help",
    ]


@pytest.mark.parametrize(
    ("section", "corpus"), [("relevance", "sgd_user"), ("bitext", "bcontrast_en-de/train")]
)
def test_a_missing_corpus_is_named(tmp_path: Path, section: str, corpus: str) -> None:
    run = bench(section, "--data", str(tmp_path), "--cache", str(tmp_path))
    assert run.returncode == 1
    assert f"{corpus}.jsonl.gz: No such file" in run.stderr


def test_diversity_is_measured_by_time_and_by_what_was_picked(sections: Any) -> None:
    rows = sections["diversity"]["rows"]
    assert [row["what"] for row in rows] == [
        "dataselect diversity --method facility",
        "… --method features",
        "… --method kcenter",
        "random",
    ]
    values = [float(row["facility location"]) for row in rows]
    assert max(values) == values[0] > values[-1]


def test_a_large_pool_is_held_against_the_bar_of_memory(sections: Any) -> None:
    rows = sections["diversity-large"]["rows"]
    assert [row["dataselect diversity"] for row in rows] == [
        "--method features",
        "--method kcenter",
    ]
    assert all(row["met"] for row in rows)


def test_cuts_are_measured_on_ten_times_as_many_scores(sections: Any) -> None:
    rows = sections["cut"]["rows"]
    assert {row["met"] for row in rows} <= {True, False}
    assert len(rows) == 7


def test_picks_in_partitions_are_held_against_exact_ones(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    size = ("--records", "300", "--cache", str(tmp_path))
    run = bench(PARTITIONS, *size, "--json", str(found), path=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    rows = json.loads(found.read_text("utf-8"))["sections"][PARTITIONS]["rows"]
    assert {row["method"] for row in rows} == {"features", "facility", "kcenter"}
    assert {row["partitions"] for row in rows} == {"exact", "random picks", "4", "4, random"}


def test_shards_are_measured_on_ray(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    size = ("--records", "200", "--rounds", "1", "--cache", str(tmp_path))
    run = bench(*ON_RAY, *size, "--json", str(found))
    assert (run.returncode, run.stderr) == (0, "")
    sections = json.loads(found.read_text("utf-8"))["sections"]
    assert [row["records"] for row in sections["ray"]["rows"]] == ["200"] * 5
    assert [row["records"] for row in sections["ray-large"]["rows"]] == ["2,000", "20,000"]


def test_every_section_is_tried(tmp_path: Path) -> None:
    told = bench("nothing", "--cache", str(tmp_path)).stderr
    _, names = told.rstrip().split("nothing is none of all, ")
    assert set(names.split(", ")) == {*SECTIONS, *ON_RAY, PARTITIONS}
