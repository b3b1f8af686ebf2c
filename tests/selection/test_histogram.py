"""The run report: quantiles in constant memory, and what it says."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dataselect.cli import main
from dataselect.selection.histogram import Distribution

SCORES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6))


@given(SCORES)
def test_quantiles_are_within_half_a_percent(scores: np.ndarray) -> None:
    distribution = Distribution()
    distribution.add(scores)
    found = distribution.quantiles()
    assert found["0"] == scores.min()
    assert found["1"] == scores.max()
    for quantile, value in found.items():
        exact = np.quantile(scores, float(quantile), method="lower")
        assert value == pytest.approx(exact, rel=0.005, abs=1e-300)


@given(SCORES, st.integers(1, 10))
def test_quantiles_do_not_depend_on_batches(scores: np.ndarray, size: int) -> None:
    whole, parts = Distribution(), Distribution()
    whole.add(scores)
    for start in reversed(range(0, len(scores), size)):
        parts.add(scores[start : start + size])
    assert parts.quantiles() == whole.quantiles()


def test_quantiles_of_nothing() -> None:
    assert Distribution().quantiles() == {}


@pytest.fixture
def report(tmp_path: Path) -> dict[str, object]:
    pool = tmp_path / "pool.jsonl"
    lines = [{"score": i / 10, "kind": "ab"[i % 2]} for i in range(10)]
    pool.write_text("".join(json.dumps(line) + "\n" for line in lines) + "not JSON\n")
    arguments = ["select", "-q", "--by", "score", "--top-k", "2", "--per", "kind"]
    files = ["--on-error", "skip", "--report", str(tmp_path / "report.json")]
    assert main([*arguments, *files, "-o", str(tmp_path / "out.jsonl"), str(pool)]) == 0
    found: dict[str, object] = json.loads((tmp_path / "report.json").read_text())
    return found


def test_report_counts_every_record(report: dict[str, object]) -> None:
    assert report["counts"] == {"read": 11, "kept": 4, "dropped": 6, "errors": 1}
    assert report["per"] == {
        "a": {"read": 5, "kept": 2, "dropped": 3, "errors": 0},
        "b": {"read": 5, "kept": 2, "dropped": 3, "errors": 0},
    }


def test_report_tells_the_cut(report: dict[str, object]) -> None:
    assert report["cut"] == {
        "field": "score",
        "rule": "--top-k 2 --per kind",
        "score": 0.6,
        "direction": "high",
        "options": {"top_k": 2, "per": "kind"},
        "by_score": False,
    }


def test_report_names_versions_options_and_inputs(report: dict[str, object]) -> None:
    assert {"python", "numpy", "dataselect"} <= set(report["versions"])  # type: ignore[call-overload]
    assert report["options"]["top_k"] == 2  # type: ignore[index]
    (digest,) = report["inputs"].values()  # type: ignore[attr-defined]
    assert len(digest) == 64
    assert str(report["signature"]).startswith("select|by:score|best:high|select:--top-k 2")


def test_what_is_too_small_to_tell_from_zero_is_zero() -> None:
    found = Distribution()
    found.add(np.array([-1.0, 0.0, -0.0, 5e-311, 1.0]))
    assert found.quantiles()["0.5"] == 0
