"""`evaluate --group` and `--weak-clusters`: groups that are named, and groups that nobody named."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Inside
from scipy.cluster.hierarchy import linkage

from dataselect.analysis.evaluate.weak_clusters import Subtrees, subtree_losses, subtrees_of


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


def test_subtrees_are_those_of_the_dendrogram() -> None:
    """Against the leaves of each merge, joined as sets."""
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    own = subtrees_of(vectors)
    members = [{place} for place in range(40)]
    for one, other in linkage(vectors, "ward")[:, :2].astype(int).tolist():
        members.append(members[one] | members[other])
    expected = sorted(sorted(each) for each in members if 5 <= len(each) <= 20)
    found = zip(own.starts.tolist(), own.ends.tolist(), strict=True)
    assert sorted(sorted(own.order[start:end].tolist()) for start, end in found) == expected


def test_without_a_difference_p_values_are_at_most_chance() -> None:
    """Under the null the smallest p-value is below 5 % in 5 % of the tries."""
    rng = np.random.default_rng(0)
    trees = subtrees_of(rng.normal(size=(120, 4)).astype(np.float32))
    alarms = sum(
        subtree_losses(trees, (rng.random(120) < 0.2).astype(float), rng)[1].min() <= 0.05
        for _ in range(100)
    )
    assert 1 <= alarms <= 11  # 99.5 % of what a chance of 5 % gives


def test_p_values_by_hand() -> None:
    """All errors in one subtree of ten: no permutation of 30 has that once in a thousand."""
    trees = Subtrees(np.arange(30), np.array([0, 5, 10]), np.array([10, 15, 20]))
    losses = np.repeat([1.0, 0.0], [10, 20])
    deviations, p_values = subtree_losses(trees, losses, np.random.default_rng(0))
    # A mean of 1 against 1/3, in standard errors of sqrt(2/9) / sqrt(10).
    assert deviations[0] == pytest.approx((2 / 3) / (2 / 9 / 10) ** 0.5)
    assert p_values[0] == 1 / 1000
    assert p_values[2] == 1.0
    assert subtree_losses(trees, np.ones(30), np.random.default_rng(0))[1].tolist() == [1.0] * 3


def test_too_few_texts_or_no_words_are_no_finding(tmp_path: Path, inside: Inside) -> None:
    for own in (
        records(9, {"music": 0.5, "weather": 0.5}),
        [{"ref": "...", "text": "!"} for _ in range(20)],
    ):
        write(tmp_path / "in.jsonl", own)
        assert evaluated(inside, "--weak-clusters", "--format", "json")["weak_clusters"] == []


def test_texts_are_clustered_where_only_labels_are_measured(tmp_path: Path, inside: Inside) -> None:
    own = [
        {"text": each["ref"], "intent": "b" if each["text"] != each["ref"] else "a", "ref": "a"}
        for each in records(300, {"music": 0.02, "weather": 0.5})
    ]
    write(tmp_path / "in.jsonl", own)
    fields = ("--intent-reference-field", "ref", "--weak-clusters", "--format", "json")
    inside("evaluate", "-m", "intent", *fields, "in.jsonl", "-q", "-o", "out.json").silent()
    assert json.loads((tmp_path / "out.json").read_text())["weak_clusters"]


def test_a_field_of_groups_that_no_record_has_is_told(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", records(40, {"music": 0.1, "weather": 0.5}))
    done = inside("evaluate", "-m", "wer", "--group", "tpoic", "in.jsonl", "-o", "out.txt")
    assert done.code == 0
    assert "no record has the field 'tpoic', which --group names" in done.err
