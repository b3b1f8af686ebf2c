"""Each rule on its folder of cases: `found` has what it must find, `not_found` what it must not."""

import json
from pathlib import Path

import pytest
from conftest import Inside

from dataselect.operations.check.rules import RULES

CASES = Path(__file__).parent / "cases"
FILES = sorted(CASES.glob("*/*/*.jsonl"))


def test_every_rule_has_cases_of_both_kinds() -> None:
    for rule in RULES:
        for kind in "found", "not_found":
            assert list((CASES / rule.name / kind).glob("*.jsonl")), (rule.name, kind)
    assert {path.name for path in CASES.iterdir()} == {rule.name for rule in RULES}


@pytest.mark.parametrize("path", FILES, ids=[str(each.relative_to(CASES)) for each in FILES])
def test_a_rule_finds_what_is_marked_and_nothing_else(path: Path, inside: Inside) -> None:
    rule, kind = path.parts[-3:-1]
    test = path.parent.parent / "test.jsonl"
    options = ["--test", str(test)] if test.exists() else []
    inside("check", "-q", "--rule", rule, *options, str(path), "-o", "out.jsonl").silent()
    records = list(map(json.loads, Path("out.jsonl").read_text().splitlines()))
    found = [record["text"] for record in records if record["problems"]]
    assert found == [record["text"] for record in records if record.get("found")]
    assert bool(found) == (kind == "found")
    for record in records:
        assert all(each["problem"] == rule and each["evidence"] for each in record["problems"])
        assert (record["doubt"] > 0) >= bool(record["problems"])
