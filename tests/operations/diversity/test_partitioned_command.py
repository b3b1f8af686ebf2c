"""`diversity` of shards: picks in partitions, and what becomes of every record."""

import itertools
import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Outcome, run_inside
from in_process_cluster import MUSIC, WEATHER, Here, joined

from dataselect.errors import InputError, OutputError
from dataselect.execution.distributed.ray_engine import ray_cluster
from dataselect.operations.diversity.objectives.methods import Items
from dataselect.operations.diversity.partitions import partition_tasks

TRAVEL = ["book", "a", "flight", "train", "bus", "to", "for", "two", "three", "on", "monday"]
TOPICS = {"music": MUSIC, "weather": WEATHER, "travel": TRAVEL}


def sentence(draw: random.Random, topic: str) -> str:
    return " ".join(draw.sample(TOPICS[topic], draw.randint(3, 7)))


@pytest.fixture
def records() -> list[dict[str, Any]]:
    draw = random.Random(7)
    topics = [draw.choice(list(TOPICS)) for _ in range(120)]
    found: list[dict[str, Any]] = [
        {"id": f"r{number}", "text": sentence(draw, topic), "topic": topic, "hours": 0.25}
        for number, topic in enumerate(topics)
    ]
    found[50]["text"] = found[3]["text"].upper()  # a copy, in another shard
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: list[dict[str, Any]]) -> Path:
    """Labelled records, and the pool: as one file, as 5 shards and as 2."""
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps(record) + "\n" for record in records]
    (tmp_path / "pool.jsonl").write_text("".join(lines))
    for name, ends in ("five", (0, 30, 30, 31, 80, 120)), ("two", (0, 70, 120)):
        (tmp_path / name).mkdir()
        for number, (start, stop) in enumerate(itertools.pairwise(ends)):
            (tmp_path / name / f"part-{number}.jsonl").write_text("".join(lines[start:stop]))
    labelled = [json.dumps({"id": "l0", "text": "play some jazz"}) + "\n"]
    (tmp_path / "labelled.jsonl").write_text("".join(labelled))
    return tmp_path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    found = Here()
    monkeypatch.setattr(ray_cluster, "RayCluster", lambda *_: found)
    return found


def picked(out: str, *options: object, shards: str = "five") -> list[dict[str, Any]]:
    """What is kept of some shards, in their order."""
    outcome = over_shards(out, *options, shards=shards)
    assert outcome.code == 0, outcome.err
    return [json.loads(line) for line in joined(Path(out)).splitlines()]


def exact(*options: object) -> bytes:
    """What one machine keeps by the method of a cluster, where picks have no weights."""
    if "--method" not in options:
        options += ("--method", "features")
    labelled = ("--labelled", "labelled.jsonl")
    assert run_inside("diversity", *labelled, *options, "-o", "exact", "pool.jsonl").code == 0
    return re.sub(rb',"weight":[0-9]+', b"", Path("exact").read_bytes())


def over_shards(out: str, *options: object, shards: str = "five") -> Outcome:
    labelled = ("--labelled", "labelled.jsonl")
    return run_inside("diversity", *labelled, *options, "--engine", "ray", "-o", out, shards)


def test_one_partition_is_the_exact_result(folder: Path, here: Here) -> None:
    for rule in (("--top-k", 20), ("--budget", 40, "--cost", "words"), ("--min-novelty", 0.6)):
        over_shards("out", *rule, "--partitions", 1, "--resume")
        assert joined(folder / "out") == exact(*rule)


@pytest.mark.parametrize("method", ["facility", "kcenter"])
def test_so_it_is_with_vectors_while_the_encoder_knows_the_whole_pool(
    folder: Path, here: Here, method: str
) -> None:
    rule = ("--top-k", 20, "--method", method)
    over_shards("out", *rule, "--partitions", 1)
    assert joined(folder / "out") == exact(*rule)


def test_groups_take_turns_as_here(folder: Path, here: Here) -> None:
    rule = ("--top-k", 20, "--per", "topic")
    over_shards("out", *rule, "--partitions", 1)
    assert joined(folder / "out") == exact(*rule)


@pytest.mark.parametrize("method", ["features", "facility", "kcenter"])
def test_picks_do_not_depend_on_shards_or_on_who_finishes_first(
    folder: Path, here: Here, method: str
) -> None:
    rule = ("--top-k", 20, "--partitions", 4, "--method", method)
    first = picked("five-out", *rule)
    here.seed = 3
    assert picked("two-out", *rule, shards="two") == first
    assert len(first) == 20


def test_every_limit_holds_among_partitions(folder: Path, here: Here) -> None:
    parts = ("--partitions", 4)
    assert len(picked("a", "--share", "25%", *parts)) == 30
    assert sum(r["hours"] for r in picked("b", "--budget", 5, "--cost", "hours", *parts)) <= 5
    assert all(r["novelty"] >= 0.5 for r in picked("c", "--min-novelty", 0.5, *parts))
    turns = [r["topic"] for r in picked("d", "--top-k", 12, "--per", "topic", *parts)]
    assert {turns.count(topic) for topic in TOPICS} == {4}
    band = picked("e", "--top-k", 10, "--band", 0.2, 0.9, *parts)
    assert len(band) == 10


def test_each_record_gets_its_reason_and_picks_their_nearest(folder: Path, here: Here) -> None:
    kept = picked("out", "--top-k", 30, "--partitions", 3, "--rejects", "no", "--round-size", 10)
    dropped = [json.loads(line) for line in joined(folder / "no").splitlines()]
    assert len(kept) + len(dropped) == 120
    [copy] = [record for record in dropped if record["id"] == "r50"]
    assert copy["dropped"] == "a copy of an earlier record"
    assert (copy["novelty"], copy["nearest"]) == (0.0, None)
    names = {record["id"] for record in kept} | {"l0"}
    assert all(record["nearest"] in names for record in kept)
    assert sorted(record["round"] for record in kept) == [1] * 10 + [2] * 10 + [3] * 10


def test_a_record_without_an_id_is_called_by_its_line(folder: Path, here: Here) -> None:
    for path in (folder / "five").iterdir():
        path.write_text(path.read_text().replace('"id": "r', '"number": "r'))
    kept = picked("out", "--top-k", 10, "--partitions", 3)
    nearest = {record["nearest"] for record in kept} - {"l0"}
    assert nearest
    for name in nearest:
        path, _, line = name.rpartition(":")
        record = json.loads(Path(path).read_text().splitlines()[int(line) - 1])
        assert record["number"] in {other["number"] for other in kept}


def test_bad_records_are_left_out_and_counted_once(folder: Path, here: Here) -> None:
    with (folder / "five" / "part-2.jsonl").open("a") as shard:
        shard.write('{"text": \n{"text": ""}\n')
    rule = ("--top-k", 10, "--partitions", 3)
    over_shards("out", *rule).refused(1, "five/part-2.jsonl:2: not JSON")
    skipped = over_shards("skipped", *rule, "--on-error", "skip")
    assert "kept 10 of 122 records (8.2 %); 2 bad records left out; dropped:" in skipped.err


def test_the_report_tells_of_partitions(folder: Path, here: Here) -> None:
    picked("out", "--top-k", 20, "--partitions", 3, "--report", "r.json", "--per", "topic")
    report = json.loads((folder / "r.json").read_bytes())
    found = report["diversity"]
    assert found["method"] == "features"
    assert found["partitions"] >= 3
    assert found["candidates"] >= found["picked"] == 20
    assert {each["rule"]: each["count"] for each in report["dropped"]}["copy"] == 1
    assert sum(found["per"].values()) == 20
    kept = picked(
        "spent", "--budget", 5, "--cost", "hours", "--partitions", 3, "--report", "s.json"
    )
    found = json.loads((folder / "s.json").read_bytes())["diversity"]
    assert found["spent"] == pytest.approx(sum(record["hours"] for record in kept))


def test_a_partition_has_some_records(folder: Path, here: Here) -> None:
    picked("out", "--top-k", 20, "--partitions", 100, "--report", "r.json")
    report = json.loads((folder / "r.json").read_bytes())
    found = report["diversity"]
    assert 2 <= found["partitions"] <= 12


def test_what_shards_cannot_do_is_refused(folder: Path, here: Here) -> None:
    local = run_inside("diversity", "--top-k", 5, "--partitions", 2, "pool.jsonl")
    local.refused(2, "--partitions is for --engine ray")
    options = ("--top-k", 5, "--method", "kcenter", "--vectors", "v.npy")
    vectors = run_inside("diversity", *options, "--engine", "ray", "-o", "out", "five")
    vectors.refused(2, "--vectors are of one file")


def test_a_pool_without_a_good_record_is_told(folder: Path, here: Here) -> None:
    (folder / "empty").mkdir()
    (folder / "empty" / "part-0.jsonl").write_text("\n\n")
    over_shards("out", "--top-k", 5, shards="empty").refused(3, "no good record to pick from")


def test_nothing_is_left_of_what_tasks_leave_each_other(folder: Path, here: Here) -> None:
    picked("out", "--top-k", 10, "--partitions", 3)
    assert sum(name.startswith("PickWithin") for name in here.ran) >= 3
    assert not (folder / "out" / "_unfinished").exists()
    here.fails = {"PickWithin partition 1": OutputError("a full disk")}
    over_shards("failed", "--top-k", 10, "--partitions", 3).refused(1, "a full disk")
    assert not (folder / "failed").exists()


def test_texts_to_pick_from_come_back_from_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "items")
    for costs in None, np.array([0.5, 2.0]):
        items = Items(np.array([3, 7]), ["ü\0", "b"], costs, vectors=np.ones((2, 3), np.float16))
        partition_tasks.save_items(items, path)
        found = partition_tasks.load_items(path)
        assert found.texts == items.texts
        assert (found.groups, found.weights) == (None, None)
        np.testing.assert_equal(found.costs, items.costs)
        np.testing.assert_equal(found.vectors, items.vectors)
    Path(path).write_bytes(Path(path).read_bytes()[:-9])
    with pytest.raises(InputError, match="damaged"):
        partition_tasks.load_items(path)
