"""`Check` from Python says what the command says."""

import json
from pathlib import Path

from conftest import Inside

from dataselect import Check, Utterance

INTENTS = ["music", "weather"]
TEXTS = [["play song {}", "put on the record {}"], ["will it rain in {}", "is {} sunny"]]
SAID = [
    Utterance(TEXTS[n % 2][n % 4 // 2].format(f"number {n}"), INTENTS[n % 2], (), f"id-{n}")
    for n in range(40)
]
SAID[5] = SAID[5]._replace(intent="music")


def test_scores_and_problems_are_those_of_the_command(tmp_path: Path, inside: Inside) -> None:
    lines = [
        json.dumps({"id": each.id, "text": each.text, "intent": each.intent}) + "\n"
        for each in SAID
    ]
    (tmp_path / "in.jsonl").write_text("".join(lines))
    inside("check", "-q", "in.jsonl", "-o", "out.jsonl").silent()
    told = list(map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()))
    check = Check()
    assert check.score(SAID).tolist() == [each["doubt"] for each in told]
    assert check.problems(SAID) == [each["problems"] for each in told]
    assert check.score(SAID).argmax() == 5
    assert check.problems(SAID)[5][0]["suggestion"] == {"intent": "weather", "slots": None}


def test_places_name_what_has_no_id() -> None:
    check = Check(rule=["in_test", "conflicting_intents"])
    check.fit([Utterance("stop", "off")], test=["go", "Stop."])
    [[first, second]] = check.problems([Utterance("stop!", "on")])
    assert (first["problem"], first["conflicts_with"]) == ("conflicting_intents", "labelled[0]")
    assert (second["problem"], second["conflicts_with"]) == ("in_test", "test[1]")
