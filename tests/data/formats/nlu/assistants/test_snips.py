"""SNIPS of both ages, JSON and YAML."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from nlu_files import fields, read_files, written

from dataselect.data.formats.nlu.assistants import snips, snips_yaml
from dataselect.errors import InputError

OF_2017 = b"""\
{
  "PlayMusic": [
    {
      "data": [
        {
          "text": "play "
        },
        {
          "text": "Ad\xc3\xa8le",
          "entity": "artist"
        },
        {
          "text": "now",
          "entity": "date",
          "slot_name": "when"
        }
      ]
    },
    {
      "data": [
        {
          "text": "music"
        }
      ]
    }
  ]
}
"""
OF_SNIPS_NLU = b"""{"language": "en", "entities": {"city": {"data": [{"value": "london"}]}},
"intents": {
 "searchFlight": {"utterances": [
  {"data": [{"text": "to "}, {"text": "Paris", "entity": "city", "slot_name": "origin"}]},
  {"data": [{"text": "fly"}]}]}}}"""
DATASET = """\
# two documents
---
type: intent
name: searchFlight
slots:
  - name: date
    entity: snips/datetime
utterances:
  - from [origin:city](Paris) to [destination:city](New York)
  - "[date](Monday) please"
  - leaving [date]
  - {a: b}
---
type: entity
name: city
values:
  - [paris, city of lights]
"""


def slot(name: str, start: int, end: int, value: str, **more: Any) -> dict[str, Any]:
    return {"slot": name, "start": start, "end": end, "value": value, **more}


def test_the_benchmark_comes_back_byte_for_byte(tmp_path: Path) -> None:
    records = fields(snips.read, tmp_path, OF_2017)
    assert records == [
        {
            "text": "play Adèlenow",
            "intent": "PlayMusic",
            "slots": [slot("artist", 5, 10, "Adèle"), slot("when", 10, 13, "now", entity="date")],
        },
        {"text": "music", "intent": "PlayMusic", "slots": []},
    ]
    assert written(records, snips.writer) == [OF_2017]


def test_datasets_of_snips_nlu(tmp_path: Path) -> None:
    good, bad = read_files(snips.read, tmp_path, OF_SNIPS_NLU)
    assert (bad, [item.line.number for item in good]) == ([], [4, 5])
    assert good[0].fields == {
        "text": "to Paris",
        "intent": "searchFlight",
        "slots": [slot("origin", 3, 8, "Paris", entity="city")],
    }


def test_yaml_datasets_with_slots_and_templates(tmp_path: Path) -> None:
    good, bad = read_files(snips_yaml.read, tmp_path, DATASET.encode())
    assert [item.fields for item in good] == [
        {
            "text": "from Paris to New York",
            "intent": "searchFlight",
            "slots": [
                slot("origin", 5, 10, "Paris", entity="city"),
                slot("destination", 14, 22, "New York", entity="city"),
            ],
        },
        {
            "text": "Monday please",
            "intent": "searchFlight",
            "slots": [slot("date", 0, 6, "Monday", entity="snips/datetime")],
        },
        {
            "text": "leaving [date]",
            "intent": "searchFlight",
            "slots": [slot("date", 8, 14, "[date]", entity="snips/datetime")],
            "template": True,
        },
    ]
    assert [item.line.number for item in good] == [9, 10, 11]
    assert bad == ["f0:12: the utterance; begun with a bracket, it is no text; quote it"]


def test_yaml_of_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another layout; a dataset of snips-nlu"):
        read_files(snips_yaml.read, tmp_path, b"nlu: []\n")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (OF_2017, True),
        (OF_SNIPS_NLU, True),
        (OF_2017.replace(b"PlayMusic", b'"'), False),
        (b'{"text": "a"}', False),
        (b'{"segments": [{"data": 1}]}', False),
        (b"", False),
    ],
)
def test_json_is_recognized_by_how_it_begins(file: bytes, expected: bool) -> None:
    assert snips.recognizes(file[:65536]) is expected


@pytest.mark.parametrize("bad", [{"data": "a"}, {"data": [{}]}, {"data": [1]}, {}])
def test_an_utterance_of_another_layout_costs_one_record(bad: Any, tmp_path: Path) -> None:
    file = orjson.dumps({"I": [bad, {"data": [{"text": "a"}]}]})
    good, said = read_files(snips.read, tmp_path, file)
    assert [item.fields["text"] for item in good] == ["a"]
    assert len(said) == 1
    assert said[0].startswith("f0:1: another layout; a SNIPS file holds")


def test_a_name_that_stands_twice_loses_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'I' stands twice in one object"):
        read_files(snips.read, tmp_path, b'{"I": [{"data": []}], "I": []}')
