"""`compare --group`: who is kept, conditions on that, and the remedy and its price."""

import json
import random
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Outcome
from hypothesis import given
from hypothesis import strategies as st

from dataselect.analysis.compare.groups.group_assertions import parse_group_assertion
from dataselect.analysis.compare.groups.group_shares import NO_GROUP, FieldGroups, GroupShare
from dataselect.errors import OptionError
from dataselect.models.metrics.wilson import wilson_interval

Compare = Callable[[str], Outcome]

SOUTH = ["play", "some", "jazz", "please", "wake", "me", "at", "noon", "alarm", "song"]
NORTH = ["fettle", "summat", "jazz", "pet", "knock", "us", "gone", "noon", "knocker", "tune"]
OTHER = ["will", "it", "rain", "tomorrow", "order", "a", "pizza", "snow", "the", "north"]


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def dialects(draw: random.Random, count: int, every: int) -> list[dict[str, Any]]:
    """Utterances, every so many of them in a dialect that shares two words with the other."""
    found = []
    for place in range(count):
        words, name = (NORTH, "north") if place % every == 0 else (SOUTH, "south")
        text = " ".join(draw.choices(words, k=5))
        found.append({"id": place, "text": text, "dialect": name, "intent": "music"})
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pool of 400 with a quarter of it in the dialect that is rare in the seed."""
    draw = random.Random(0)
    write(tmp_path / "seed.jsonl", dialects(draw, 20, 20))
    pool = dialects(draw, 200, 4)
    others: list[dict[str, Any]] = [
        {"text": " ".join(draw.choices(OTHER, k=5)), "intent": "other"} for _ in range(200)
    ]
    for place, each in enumerate(others):
        each |= {"id": 200 + place, "dialect": "north" if place % 4 == 0 else "south"}
    pool[7]["dialect"] = "west"
    del pool[6]["dialect"]
    write(tmp_path / "pool.jsonl", [*pool, *others])
    write(tmp_path / "dev.jsonl", dialects(draw, 60, 4))
    return tmp_path


@pytest.fixture
def compare(folder: Path, inside: Inside) -> Compare:
    """Select a fifth in both ways, and compare the selections."""
    select = ("relevance", "--in-domain", "seed.jsonl", "--share", "20%", "-q", "pool.jsonl")
    inside(*select, "-o", "kept.jsonl").silent()
    inside(*select, "-o", "fair.jsonl", "--per", "dialect", "--on-error", "skip")

    def run(line: str) -> Outcome:
        files = "kept.jsonl fair.jsonl --pool pool.jsonl --dev dev.jsonl --random 0"
        return inside("compare", *shlex.split(f"{files} {line}"))

    return run


def shares(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "out.json").read_text())
    return {name: own["groups"]["dialect"] for name, own in found["selections"].items()}


def counted(path: Path, value: str) -> int:
    lines = path.read_text().splitlines()
    return sum(json.loads(line).get("dialect") == value for line in lines)


def test_shares_are_counts_over_counts(folder: Path, compare: Compare) -> None:
    compare("--group dialect --format json -o out.json -q").silent()
    for name, own in shares(folder).items():
        assert [*own] == ["south", "north", "(none)", "west"]
        for value in ("south", "north", "west"):
            pool, kept = counted(folder / "pool.jsonl", value), counted(folder / name, value)
            assert (own[value]["pool"], own[value]["kept"]) == (pool, kept)
            assert own[value]["share"] == kept / pool
        assert own["west"]["of_best"] is None
        assert own["north"]["of_best"] == pytest.approx(
            own["north"]["share"] / own["south"]["share"]
            if own["south"]["share"] > own["north"]["share"]
            else 1
        )


def test_the_rare_dialect_is_dropped_and_the_remedy_helps(folder: Path, compare: Compare) -> None:
    done = compare("--group dialect -o out.txt")
    own = (folder / "out.txt").read_text()
    assert "warning: kept.jsonl keeps" in done.err
    assert "select with --per dialect" in done.err
    assert "fair.jsonl keeps" not in done.err
    assert "too few to say" in own
    assert "fair.jsonl serves every dialect at least" in own
    compare("--group dialect --format json -o out.json -q").silent()
    before, after = (
        shares(folder)[name]["north"]["of_best"] for name in ("kept.jsonl", "fair.jsonl")
    )
    assert before < 0.8 < after


def test_a_field_that_no_record_has_is_told_once(compare: Compare) -> None:
    done = compare("--group dilaect -o out.txt")
    assert done.code == 0
    assert done.err.count("no record of --pool has the field 'dilaect', which --group names") == 1


def test_conditions_end_with_3(compare: Compare) -> None:
    rule = "kept_share(dialect) < 0.8 * max"
    done = compare(f"--group dialect --fail-if '{rule}' -q -o out.txt")
    assert done.code == 3
    assert f"--fail-if '{rule}' holds for kept.jsonl: 'north'" in done.err
    assert "holds for fair.jsonl" not in done.err
    assert compare("--group dialect --fail-if 'kept_share(dialect) > 90%' -q -o o.txt").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--fail-if 'kept_share(dialect) < 0.5'", "needs --group dialect"),
        ("--group dialect --fail-if 'kept_share(dialect) <'", "is nothing to compare with"),
        ("--group dialect --fail-if 'kept_share(dialect) < 0.8 max'", "is nothing to compare with"),
        ("--group dialect --fail-if 'kept_share(dialect) < * max'", "is nothing to compare with"),
        ("--group dialect --fail-if 'kept_share(dialect) < 5% * max'", "nothing to compare with"),
        (
            "--group dialect --fail-if 'oov(dialect) > 1'",
            "measures of groups are kept_share, error",
        ),
        ("--group dialect --fail-if 'error(dialect) > 0.1'", "needs --labelled and --test"),
    ],
)
def test_what_is_no_condition(compare: Compare, options: str, words: str) -> None:
    compare(f"{options} -q").refused(2, words)


def test_groups_need_a_pool(inside: Inside, folder: Path) -> None:
    done = inside("compare", "--dev", "dev.jsonl", "--group", "dialect", "pool.jsonl")
    done.refused(2, "--group", "--pool")


def test_errors_by_group(folder: Path, compare: Compare) -> None:
    """A classifier that knows one dialect alone errs in the other."""
    draw = random.Random(1)
    labelled = [each for each in dialects(draw, 40, 4) if each["dialect"] == "south"]
    labelled += [{"text": " ".join(draw.choices(OTHER, k=5)), "intent": "other"} for _ in range(20)]
    write(folder / "labelled.jsonl", labelled)
    write(folder / "test.jsonl", dialects(draw, 200, 4))
    options = "--group dialect --labelled labelled.jsonl --test test.jsonl --rounds 0"
    compare(f"{options} -o out.txt -q").silent()
    assert "the error is highest for dialect 'north'" in (folder / "out.txt").read_text()
    done = compare(f"{options} -o out.txt -q --fail-if 'error(dialect) > 2 * min'")
    assert done.code == 3
    compare(f"{options} --format json -o out.json -q").silent()
    own = shares(folder)["kept.jsonl"]
    assert (own["north"]["tested"], own["south"]["tested"]) == (50, 150)
    assert own["north"]["error"] > own["south"]["error"]
    assert own["west"]["error"] is None


def test_the_report_page_shows_who_is_kept(folder: Path, compare: Compare, inside: Inside) -> None:
    pytest.importorskip("matplotlib")
    compare("--group dialect --report compare.json -o out.txt -q").silent()
    inside("report", "compare.json", "-o", "page.html", "-q").silent()
    page = (folder / "page.html").read_text()
    assert "Kept of each dialect" in page
    assert "too few to say" in page


@given(st.integers(1, 500), st.data())
def test_wilson_bounds_solve_their_equation(trials: int, data: st.DataObject) -> None:
    """Each bound is the share whose standard deviation is 1.96 times smaller than its distance."""
    successes = data.draw(st.integers(0, trials))
    share = successes / trials
    low, high = wilson_interval(successes, trials)
    assert 0 <= low <= share <= high <= 1
    for bound in (low, high):
        distance = (share - bound) ** 2
        assert distance == pytest.approx(1.959964**2 * bound * (1 - bound) / trials, abs=1e-7)


def test_small_groups_are_not_judged() -> None:
    groups = [GroupShare("a", 100, 50), GroupShare("b", 29, 0), GroupShare("c", 50, 25)]
    [own] = [FieldGroups("accent", groups)]
    rule = parse_group_assertion("kept_share(accent) < .8*max", ["accent"], trains=False)
    assert rule is not None
    assert rule.fired("kept", [own]) == ""
    groups[1] = GroupShare("b", 30, 0)
    assert "'b' 0 against 0.4" in rule.fired("kept", [own])
    with pytest.raises(OptionError):
        parse_group_assertion("kept_share(accent) < 1", [], trains=False)


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        ([GroupShare(NO_GROUP, 900, 90)], "no record has the field"),
        ([GroupShare("b", 29, 0)], "no group has enough records"),
        ([GroupShare("a", 900, 90), GroupShare("b", 29, 0)], "only one group has enough records"),
    ],
)
def test_a_condition_that_cannot_be_judged_does_not_pass(
    groups: list[GroupShare], why: str
) -> None:
    for spelled in "kept_share(accent) < 0.8 * max", "error(accent) > 2 * min":
        rule = parse_group_assertion(spelled, ["accent"], trains=True)
        assert rule is not None
        said = rule.fired("kept", [FieldGroups("accent", groups)])
        assert said.startswith(f"--fail-if '{spelled}' cannot be checked for kept: ")
        assert why in said or spelled.startswith("error")


def test_a_field_that_no_record_has_ends_the_run(compare: Compare) -> None:
    done = compare("--group accent --fail-if 'kept_share(accent) < 0.5' -o out.txt -q")
    done.refused(3, "cannot be checked", "no record has the field")
