"""Interaction models that are written: samples, types with synonyms, the way back."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside
from nlu_files import read_files

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.nlu.assistants.alexa import read_alexa
from dataselect.data.formats.nlu.assistants.alexa_writer import AlexaWriter
from dataselect.data.json_lines.json_values import encoded


def record(text: str, intent: str, *slots: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A record with slots as (name, value), in the order of the text."""
    found, at = [], 0
    for name, value in slots:
        at = text.index(value, at)
        found.append({"slot": name, "start": at, "end": at + len(value), "value": value, **more})
        at += len(value)
    return {"text": text, "intent": intent, "slots": found}


RECORDS = [
    record("fly to NYC at six", "Fly", ("city", "NYC"), ("time", "six")),
    record("fly to Boston at 6", "Fly", ("city", "Boston"), ("time", "6")),
    record("from Rome to Boston", "Fly", ("city", "Rome"), ("city", "Boston")),
    record("stop", "Stop"),
]


def model(records: list[dict[str, Any]], layout: Layout | None = None) -> dict[str, Any]:
    writer = AlexaWriter(layout or Layout())
    pieces = [writer.write(each) for each in records]
    found = json.loads(b"".join([*pieces, writer.finish()]))["interactionModel"]["languageModel"]
    assert isinstance(found, dict)
    return found


def test_values_go_from_samples_to_types() -> None:
    found = model(RECORDS)
    assert found["intents"] == [
        {
            "name": "Fly",
            "slots": [
                {"name": "city", "type": "city"},
                {"name": "time", "type": "time"},
                {"name": "city_b", "type": "city"},
            ],
            "samples": ["fly to {city} at {time}", "from {city} to {city_b}"],
        },
        {"name": "Stop", "slots": [], "samples": ["stop"]},
    ]
    assert [each["name"] for each in found["types"]] == ["city", "time"]
    assert [each["name"] for each in found["types"][0]["values"]] == [
        {"value": "NYC"},
        {"value": "Boston"},
        {"value": "Rome"},
    ]


def test_what_is_written_is_read_as_templates_and_written_the_same(tmp_path: Path) -> None:
    writer = AlexaWriter(Layout())
    for each in RECORDS:
        writer.write(each)
    good, bad = read_files(read_alexa, tmp_path, writer.finish())
    assert [item.fields["text"] for item in good] == [
        "fly to {city} at {time}",
        "from {city} to {city_b}",
        "stop",
    ]
    assert bad == []
    again = model([item.fields for item in good])
    assert [each["samples"] for each in again["intents"]] == [
        ["fly to {city} at {time}", "from {city} to {city_b}"],
        ["stop"],
    ]
    assert again["types"] == []


def test_a_canonical_form_of_the_record_makes_a_synonym() -> None:
    found = model([record("to LA", "Fly", ("city", "LA"), canonical="Los Angeles")])
    [city] = found["types"]
    assert city["values"] == [{"name": {"value": "Los Angeles", "synonyms": ["LA"]}}]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (record("press { now", "Press"), "a brace in the text"),
        (record("to Rome", "Fly", ("to city", "Rome")), "'to city' can be no name of a slot"),
        ({"text": "stop"}, "no 'intent'"),
    ],
)
def test_what_no_sample_can_hold_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=f"{why}.*; "):
        model([wrong])


TABLE = """slot,value,canonical
city,NYC,New York
city,new york,New York
city,Rome,
city,Big Apple,New York
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = b"".join(encoded(each) + b"\n" for each in RECORDS)
    (tmp_path / "in.jsonl").write_bytes(lines)
    (tmp_path / "values.csv").write_text(TABLE)
    return tmp_path


def test_a_table_gives_types_their_synonyms(folder: Path, inside: Inside) -> None:
    inside("convert", "-q", "--values", "values.csv", "--to", "alexa", "in.jsonl", "-o", "m.json")
    found = json.loads((folder / "m.json").read_text())["interactionModel"]["languageModel"]
    assert [each["name"] for each in found["types"][0]["values"]] == [
        {"value": "New York", "synonyms": ["NYC", "Big Apple"]},
        {"value": "Boston"},
        {"value": "Rome"},
    ]


def test_a_table_gives_rasa_its_synonyms(folder: Path, inside: Inside) -> None:
    inside("convert", "-q", "--values", "values.csv", "in.jsonl", "-o", "nlu.yml").silent()
    written = (folder / "nlu.yml").read_text()
    assert written.endswith('- synonym: "New York"\n  examples: |\n    - NYC\n    - Big Apple\n')
    inside("convert", "-q", "--to", "jsonl", "nlu.yml", "-o", "back.jsonl").silent()
    first = json.loads((folder / "back.jsonl").read_text().splitlines()[0])
    assert first["slots"][0]["canonical"] == "New York"


WRONG = {
    "slot,value\ncity\n": "v.csv:2: ",
    "slot,value,canonical\ncity,,x\n": "v.csv:2: 'value' is empty; correct it",
    "slot,word\ncity,x\n": "v.csv:2: no field 'value'; a table of values has slot, value and",
    "slot,value,canonical\ncity,a,b\ncity,A,c\n": "v.csv:3: value 'A' of slot 'city' has the "
    "canonical form 'b' in line 2; leave one of the rows out",
    "slot,value,canonical\ncity,a,b\ncity,b,c\n": "v.csv:2: canonical form 'b' is a synonym of "
    "'c' itself, in line 3; give both rows the same",
    "slot,value,canonical\ncity,a,b\nname,a,c\n": "v.csv:3: value 'a' is 'c' in slot 'name', and "
    "'b' in slot 'city' in line 2; Rasa has one for all slots, give both the same",
}


@pytest.mark.parametrize("table", WRONG)
def test_a_wrong_table_is_refused_with_its_line(table: str, folder: Path, inside: Inside) -> None:
    (folder / "v.csv").write_text(table)
    inside("convert", "--values", "v.csv", "in.jsonl", "-o", "nlu.yml").refused(1, WRONG[table])
    assert not (folder / "nlu.yml").exists()


def test_a_cell_of_a_table_is_a_string(folder: Path, inside: Inside) -> None:
    (folder / "v.jsonl").write_text('{"slot":"time","value":6}\n')
    inside("convert", "--values", "v.jsonl", "in.jsonl", "-o", "nlu.yml").refused(
        1, "v.jsonl:1: 'value' is a number, not a string; quote it"
    )


def test_a_table_is_for_formats_with_synonyms(folder: Path, inside: Inside) -> None:
    inside("convert", "--values", "values.csv", "in.jsonl", "-o", "out.csv").refused(
        2, "--values is for rasa and alexa"
    )
