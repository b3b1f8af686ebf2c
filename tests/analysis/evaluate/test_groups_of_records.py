"""`evaluate --group` and `--weak-clusters`: groups that are named, and groups that nobody named."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside

from dataselect.analysis.evaluate.weak_clusters import cluster_losses


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


MUSIC = ["play jazz", "play the blues", "play a song", "some music now", "play music please"]
WEATHER = ["will it rain", "is it cold", "will it snow today", "how cold is it", "rain today"]


def records(count: int, chance_of_error: dict[str, float]) -> list[dict[str, Any]]:
    """Records of two topics, each recognised with its own chance of an error in the last word."""
    draw = random.Random(3)
    found = []
    for place in range(count):
        topic = draw.choice(["music", "weather"])
        ref = f"{draw.choice(MUSIC if topic == 'music' else WEATHER)} {draw.randint(0, 9)}"
        wrong = draw.random() < chance_of_error[topic]
        found.append(
            {"ref": ref, "text": f"{ref[:-1]}x" if wrong else ref, "topic": topic, "id": place}
        )
    return found


def evaluated(inside: Inside, *options: str) -> Any:
    inside("evaluate", "-m", "wer", "in.jsonl", *options, "-q", "-o", "out.json").silent()
    return json.loads(Path("out.json").read_text())


def test_each_group_is_measured_as_its_file_would_be(tmp_path: Path, inside: Inside) -> None:
    own = records(120, {"music": 0.1, "weather": 0.5})
    del own[0]["topic"]
    write(tmp_path / "in.jsonl", own)
    found = evaluated(inside, "--group", "topic", "--format", "json")
    [groups] = found["groups"]
    assert (groups["field"], groups["metric"], groups["worst"]) == ("topic", "wer", "weather")
    for each in groups["groups"]:
        part = [one for one in own if one.get("topic", "(none)") == each["group"]]
        assert each["records"] == len(part)
        write(tmp_path / "in.jsonl", part)
        [alone] = evaluated(inside, "--format", "json")["measures"]
        assert each["value"] == alone["value"]
    write(tmp_path / "in.jsonl", own)
    inside("evaluate", "-m", "wer", "in.jsonl", "--group", "topic", "-q", "-o", "t.txt").silent()
    table = (tmp_path / "t.txt").read_text()
    assert "worst WER: topic 'weather'" in table
    assert "(none)" in table
    assert "too few to say" in table


def test_a_weak_cluster_is_found_and_named(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", records(300, {"music": 0.02, "weather": 0.5}))
    found = evaluated(inside, "--weak-clusters", "--format", "json")["weak_clusters"]
    assert found
    for each in found:
        assert each["loss"] > 2 * each["others"]
        assert each["p_value"] <= 0.05
        assert {"rain", "cold", "snow", "will", "it", "is", "how", "today"} & set(
            each["typical"].replace(",", "").split()
        )
    inside("evaluate", "-m", "wer", "in.jsonl", "--weak-clusters", "-q", "-o", "t.txt").silent()
    assert "weak cluster" in (tmp_path / "t.txt").read_text()


def test_where_all_are_alike_none_is_found(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", records(300, {"music": 0.2, "weather": 0.2}))
    assert evaluated(inside, "--weak-clusters", "--format", "json")["weak_clusters"] == []
    inside("evaluate", "-m", "wer", "in.jsonl", "--weak-clusters", "-q", "-o", "t.txt").silent()
    assert "no cluster of texts is measured worse" in (tmp_path / "t.txt").read_text()


def test_without_a_difference_p_values_are_at_most_chance() -> None:
    """Under the null the smallest p-value is below 5 % in 5 % of the tries."""
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(8), 25)
    alarms = sum(
        cluster_losses(clusters, (rng.random(200) < 0.2).astype(float), rng).p_values.min() <= 0.05
        for _ in range(100)
    )
    assert 1 <= alarms <= 11  # 99.5 % of what a chance of 5 % gives


@pytest.mark.parametrize(
    ("clusters", "losses"), [([0, 0, 1, 1], [1, 1, 0, 0]), ([0] * 9 + [1], [0] * 9 + [1])]
)
def test_small_clusters_and_equal_losses_are_no_finding(
    clusters: list[int], losses: list[int]
) -> None:
    rng = np.random.default_rng(0)
    found = cluster_losses(np.array(clusters), np.array(losses, float), rng)
    assert found.p_values.min() > 0.05
    assert cluster_losses(np.zeros(9, np.intp), np.ones(9), rng).p_values.tolist() == [1.0]
