"""Exports of LUIS, CLU, Dialogflow, Alexa and Lex."""

import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from nlu_files import fields, read_files

from dataselect.data.formats.lines import Found, Layout
from dataselect.data.formats.nlu.assistants import alexa, dialogflow, luis
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

LUIS = """{"luis_schema_version": "7.0.0", "culture": "en-us",
"utterances": [
 {"text": "book Rome for 2", "intent": "Book", "entities": [
   {"entity": "Order", "startPos": 5, "endPos": 14, "children": []},
   {"entity": "City", "role": "to", "startPos": 5, "endPos": 8}]},
 {"text": "\U0001f3b5 play Adele now", "intent": "Play", "entities": [
   {"entity": "Artist", "startPos": 8, "endPos": 12}]},
 {"text": "stop", "intent": "None"},
 {"text": "stop", "intent": "None", "entities": [{"entity": "X", "startPos": 2, "endPos": 4}]},
 {"text": "", "intent": "None", "entities": []},
 "stop"
]}"""
CLU = """{"projectFileVersion": "2022-10-01-preview", "stringIndexType": "Utf16CodeUnit",
"metadata": {"projectKind": "Conversation"},
"assets": {"projectKind": "Conversation", "intents": [{"category": "Read"}], "utterances": [
 {"text": "\U0001f4e7 read Matt", "language": "en-us", "intent": "Read", "dataset": "Train",
  "entities": [{"category": "Sender", "offset": 8, "length": 4}]},
 {"text": "\U0001f4e7 read", "intent": "Read", "entities": [
   {"category": "X", "offset": 1, "length": 2}]}]}}"""
ALEXA = """{"interactionModel": {"languageModel": {"invocationName": "music", "intents": [
 {"name": "AMAZON.StopIntent", "samples": []},
 {"name": "PlayIntent", "slots": [{"name": "song", "type": "SONG"}], "samples": [
   "play {song}",
   7,
   "{ song } by {artist}"]}],
 "types": [{"name": "SONG", "values": [{"name": {"value": "hello", "synonyms": []}}]}]}}}"""
LEX = b"""{"name": "BookHotel", "sampleUtterances": [
 {"utterance": "book a {RoomType}"},
 {"wrong": 1}]}"""


def slot(name: str, start: int, end: int, value: str, **more: Any) -> dict[str, Any]:
    return {"slot": name, "start": start, "end": end, "value": value, **more}


def test_luis_ends_on_the_last_character(tmp_path: Path) -> None:
    good, bad = read_files(luis.read_luis, tmp_path, LUIS.encode())
    assert [item.fields for item in good] == [
        {
            "text": "book Rome for 2",
            "intent": "Book",
            "slots": [slot("Order", 5, 15, "Rome for 2")],
        },
        {
            "text": "\U0001f3b5 play Adele now",
            "intent": "Play",
            "slots": [slot("Artist", 7, 12, "Adele")],
        },
        {"text": "stop", "intent": "None", "slots": []},
    ]
    assert [item.line.number for item in good] == [3, 6, 8]
    assert [each.split(";")[0] for each in bad] == [
        "f0:9: entity 'X' from 2 to 4 is not in the text of 4 characters",
        "f0:10: the text is empty",
        "f0:11: another layout",
    ]


def test_luis_counts_characters_where_words_are_written_together(tmp_path: Path) -> None:
    """Letters on both sides of a place cut no word in Chinese: the places are not UTF-16 units."""
    text = "\U0001f3b5\u64ad\u653e\u97f3\u4e50"
    entity = {"entity": "What", "startPos": 3, "endPos": 4}
    made = {"luis_schema_version": "7.0.0"}
    made["utterances"] = [{"text": text, "intent": "Play", "entities": [entity]}]  # type: ignore[assignment]
    [found] = fields(luis.read_luis, tmp_path, orjson.dumps(made))
    assert found["slots"] == [slot("What", 3, 5, "\u97f3\u4e50")]


def test_luis_that_counts_tokens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="schema 1 count tokens"):
        read_files(luis.read_luis, tmp_path, LUIS.replace("7.0.0", "1.3.0").encode())


def test_clu_counts_utf16_units(tmp_path: Path) -> None:
    good, bad = read_files(luis.read_clu, tmp_path, CLU.encode())
    assert [item.fields for item in good] == [
        {
            "text": "\U0001f4e7 read Matt",
            "intent": "Read",
            "slots": [slot("Sender", 7, 11, "Matt")],
            "language": "en-us",
            "dataset": "Train",
        }
    ]
    assert [each.split(";")[0] for each in bad] == [
        "f0:6: entity 'X' from 1 of length 2 is not in the text of 7 UTF-16 units"
    ]


def test_clu_that_counts_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="places count 'TextElement_V8'"):
        read_files(luis.read_clu, tmp_path, CLU.replace("Utf16CodeUnit", "TextElement_V8").encode())


def test_samples_of_alexa_are_templates(tmp_path: Path) -> None:
    good, bad = read_files(alexa.read_alexa, tmp_path, ALEXA.encode())
    assert [(item.line.number, item.fields) for item in good] == [
        (
            4,
            {
                "text": "play {song}",
                "intent": "PlayIntent",
                "slots": [slot("song", 5, 11, "{song}")],
                "template": True,
            },
        ),
        (
            6,
            {
                "text": "{ song } by {artist}",
                "intent": "PlayIntent",
                "slots": [slot("song", 0, 8, "{ song }"), slot("artist", 12, 20, "{artist}")],
                "template": True,
            },
        ),
    ]
    assert [each.split(";")[0] for each in bad] == ["f0:3: another layout"]


def test_the_intents_of_a_lex_export(tmp_path: Path) -> None:
    folder = tmp_path / "Bot" / "BotLocales" / "en_US" / "Intents"
    for name, data in {
        "BookHotel": LEX,
        "Fallback": b'{"name": "F", "sampleUtterances": null}',
    }.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "Intent.json").write_bytes(data)
    paths = alexa.files_of(str(tmp_path))
    assert [Path(path).parent.name for path in paths] == ["BookHotel", "Fallback"]
    [book, bad] = alexa.read_lex(Inputs(paths), Layout())
    assert isinstance(book, Found)
    assert book.fields == {
        "text": "book a {RoomType}",
        "intent": "BookHotel",
        "slots": [slot("RoomType", 7, 17, "{RoomType}")],
        "template": True,
    }
    assert "Intent.json:3: another layout" in str(bad)


def test_a_folder_of_dialogflow(tmp_path: Path) -> None:
    folder = tmp_path / "intents"
    folder.mkdir()
    pieces = [
        {"text": "to ", "userDefined": False},
        {"text": "Rome", "alias": "to", "meta": "@city", "userDefined": True},
        {"text": " please", "meta": "@sys.ignore"},
    ]
    says = [
        {"id": "1", "data": pieces, "isTemplate": False, "count": 0},
        {"data": [{"text": "on "}, {"text": "@sys.date:date"}], "isTemplate": True},
        {"data": [{"alias": "x"}]},
    ]
    (folder / "Book a trip.json").write_bytes(orjson.dumps({"name": "Book a: trip"}))
    (folder / "Book a trip_usersays_en.json").write_bytes(orjson.dumps(says))
    (folder / "Stop_usersays_de.json").write_bytes(orjson.dumps([{"data": [{"text": "halt"}]}]))
    assert dialogflow.files_of(str(folder)) == []
    found = list(dialogflow.read(Inputs(dialogflow.files_of(str(tmp_path))), Layout()))
    assert [item.fields for item in found if isinstance(item, Found)] == [
        {
            "text": "to Rome please",
            "intent": "Book a: trip",
            "slots": [slot("to", 3, 7, "Rome", entity="city")],
            "language": "en",
        },
        {
            "text": "on @sys.date:date",
            "intent": "Book a: trip",
            "slots": [],
            "language": "en",
            "template": True,
        },
        {"text": "halt", "intent": "Stop", "slots": [], "language": "de"},
    ]
    assert len(found) == 4


def zipped(folder: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return folder / "export.zip"


def test_archives_are_read_as_they_come(tmp_path: Path) -> None:
    says = b'[\n{"data": [{"text": "halt"}]},\n{"data": []}]'
    members = {
        "package.json": b"{}",
        "agent.json": b'{"name": "a"}',
        "intents/Stop_usersays_de.json": says,
        "intents/Stop.json": b'{"name": "Stop!"}',
        "entities/city.json": b'{"name": "city"}',
        "entities/city_entries_de.json": b'[{"value": "Rom", "synonyms": ["Rom"]}]',
    }
    path = zipped(tmp_path, members)
    assert dialogflow.recognizes(path.read_bytes())
    [halt, bad] = dialogflow.read(Inputs([str(path)]), Layout())
    assert isinstance(halt, Found)
    assert (halt.fields["intent"], halt.fields["language"]) == ("Stop!", "de")
    assert str(bad).startswith(f"{path}/intents/Stop_usersays_de.json:3: the text is empty")
    intent = "LexBot/BotLocales/en_US/Intents/BookHotel/Intent.json"
    path = zipped(tmp_path, {"Manifest.json": b"{}", intent: LEX})
    assert alexa.recognizes_lex(path.read_bytes())
    [book, bad] = alexa.read_lex(Inputs([str(path)]), Layout())
    assert isinstance(book, Found)
    assert str(bad).startswith(f"{path}/{intent}:3: another layout")


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"intents/Stop_usersays_de.json": b"[]" * 1000})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="no zip archive that can be read"):
        list(dialogflow.read(Inputs([str(path)]), Layout()))


def test_members_longer_than_lines_may_be_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"intents/Stop_usersays_de.json": b" " * 3000})
    inputs = Inputs([str(path)])
    inputs.longest = 2000
    with pytest.raises(InputError, match="longer than 2,000 bytes"):
        list(dialogflow.read(inputs, Layout()))


@pytest.mark.parametrize(
    "reader", [luis.read_luis, luis.read_clu, alexa.read_alexa, alexa.read_lex]
)
def test_another_layout_loses_the_file(reader: Any, tmp_path: Path) -> None:
    for file in (b"[]", b'{"a": 1}', b'{"assets": {"utterances": 1}}'):
        with pytest.raises(InputError, match="f0:1: another layout"):
            read_files(reader, tmp_path, file)


def test_exports_are_recognized() -> None:
    recognizers = {
        "luis": luis.recognizes_luis,
        "clu": luis.recognizes_clu,
        "alexa": alexa.recognizes_alexa,
        "lex": alexa.recognizes_lex,
        "dialogflow": dialogflow.recognizes,
    }
    says = b'[\n {"id": "1", "data": [\n {"text": "a"}]}]'
    files = {"luis": LUIS.encode(), "clu": CLU.encode(), "alexa": ALEXA.encode(), "lex": LEX}
    for name, file in {**files, "dialogflow": says, "": b'{"text": "a"}'}.items():
        found = [other for other, asks in recognizers.items() if asks(file)]
        assert found == ([name] if name else [])


def test_utterances_may_hold_any_text(tmp_path: Path) -> None:
    text = "a\u2028\t\x07\U0001f3b5 {x} [y](z) |||"
    made = {"luis_schema_version": "7.0.0", "utterances": [{"text": text, "intent": "i"}]}
    assert fields(luis.read_luis, tmp_path, orjson.dumps(made))[0]["text"] == text
