"""Annotated utterances: what is read, and what is refused with file and line."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, run_inside
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.annotations import (
    Slot,
    Utterance,
    annotation,
    read_utterances,
    utterances,
    warnings,
)
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord
from dataselect.errors import InputError

TEXT = "play adèle now"
WHO = {"slot": "artist", "start": 5, "end": 10, "value": "adèle"}
GOOD = {"text": TEXT, "intent": "play", "slots": [WHO]}


def written(folder: Path, *found: dict[str, Any]) -> Inputs:
    path = folder / "annotated.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in found))
    return Inputs([str(path)])


def test_an_utterance_has_text_intent_slots_and_any_id(tmp_path: Path) -> None:
    found = read_utterances(written(tmp_path, {"id": {"a": 0}, **GOOD}))
    assert found == [Utterance(TEXT, "play", (Slot("artist", 5, 10, "adèle"),), {"a": 0})]


def test_slots_stand_in_the_order_of_the_text(tmp_path: Path) -> None:
    when = {"slot": "when", "start": 11, "end": 14}
    [found] = read_utterances(written(tmp_path, GOOD | {"slots": [when, WHO]}))
    assert found.slots == (Slot("artist", 5, 10, "adèle"), Slot("when", 11, 14, "now"))


@pytest.mark.parametrize("slots", [{}, {"slots": []}, {"slots": None}], ids=str)
def test_a_record_may_have_no_slots(tmp_path: Path, slots: dict[str, Any]) -> None:
    [found] = read_utterances(written(tmp_path, {"text": TEXT, "intent": 7, **slots}))
    assert found == Utterance(TEXT, "7", ())


@pytest.mark.parametrize("intent", [{}, {"intent": None}], ids=str)
def test_an_intent_may_be_missing_where_none_is_required(
    tmp_path: Path, intent: dict[str, Any]
) -> None:
    column = annotation(requires_intent=False)
    [found] = read_utterances(written(tmp_path, {"text": TEXT, **intent}), column)
    assert found.intent is None


def test_fields_may_be_elsewhere(tmp_path: Path) -> None:
    inputs = written(tmp_path, {"meta": {"t": TEXT, "i": "play"}, "gold": {"spans": [WHO]}})
    [found] = read_utterances(inputs, annotation("meta.t", "meta.i", "gold.spans"))
    assert found == Utterance(TEXT, "play", (Slot("artist", 5, 10, "adèle"),))


def slots(*found: Any) -> dict[str, Any]:
    return GOOD | {"slots": list(found)}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no text": ({"intent": "play"}, "field 'text' is missing; name another with --text-field"),
    "no intent": ({"text": "a"}, "field 'intent' is missing; name another with --intent-field"),
    "intent is null": ({"text": "a", "intent": None}, "field 'intent' is null, not a label;"),
    "intent is an object": ({"text": "a", "intent": {}}, "field 'intent' is an object,"),
    "slots are an object": (GOOD | {"slots": {}}, "field 'slots' is not an array; correct it"),
    "a slot is a string": (slots(WHO, "artist"), "field 'slots' item 2 is not an object;"),
    "a slot lacks its name": (slots({"start": 5, "end": 10}), "item 1 lacks 'slot';"),
    "a slot lacks its start": (slots({"slot": "a", "end": 10}), "item 1 lacks 'start';"),
    "a slot lacks its end": (slots({"slot": "a", "start": 5}), "item 1 lacks 'end';"),
    "a name is a number": (slots(WHO | {"slot": 5}), "item 1: 'slot' is a number, not a string;"),
    "a name is empty": (slots(WHO | {"slot": ""}), "item 1: 'slot' is empty;"),
    "an offset is a fraction": (slots(WHO | {"end": 10.0}), "an offset that is no whole number;"),
    "an offset is a boolean": (slots(WHO | {"start": True}), "an offset that is no whole number;"),
    "a slot is empty": (slots(WHO | {"start": 10}), "item 1, 'artist' from 10 to 10, is empty;"),
    "a slot ends before it starts": (slots(WHO | {"end": 3}), "'artist' from 5 to 3, is empty;"),
    "a slot starts before the text": (
        slots({"slot": "artist", "start": -2, "end": 4}),
        "item 1, 'artist' from -2 to 4, is outside the text of 14 characters; correct it",
    ),
    "a slot ends after the text": (
        slots(WHO | {"end": 15}),
        "item 1, 'artist' from 5 to 15, is outside the text of 14 characters; correct it",
    ),
    "a value is not in its place": (
        slots(WHO | {"start": 4, "end": 9}),
        "item 1, 'artist' from 4 to 9, has the value 'adèle', but the text ' adèl'; correct it",
    ),
    "a value is a number": (slots(WHO | {"value": 5}), "has the value 5, but the text 'adèle';"),
    "offsets count bytes": (
        slots({"slot": "when", "start": 12, "end": 15, "value": "now"}),
        "item 1, 'when' from 12 to 15, counts bytes; offsets count characters",
    ),
    "offsets count UTF-16 units": (
        {"text": "\N{GUITAR} play it", "intent": "a"}
        | {"slots": [{"slot": "who", "start": 3, "end": 7, "value": "play"}]},
        "item 1, 'who' from 3 to 7, counts UTF-16 units; offsets count characters, convert them",
    ),
    "offsets count UTF-16 units, and no value says so": (
        {"text": "\N{GUITAR} play it", "intent": "a"}
        | {"slots": [{"slot": "what", "start": 8, "end": 10}]},
        "item 1, 'what' from 8 to 10, counts UTF-16 units; offsets count characters",
    ),
    "slots overlap": (
        slots({"slot": "when", "start": 9, "end": 12}, WHO),
        "overlapping items, 'artist' from 5 to 10 and 'when' from 9 to 12; correct it",
    ),
}


@pytest.mark.parametrize(("record", "reason"), BAD.values(), ids=BAD)
def test_bad_annotations_are_refused_with_file_and_line(
    inside: Inside, tmp_path: Path, record: dict[str, Any], reason: str
) -> None:
    written(tmp_path, GOOD, record)
    inside("paraphrase", "pairs", "annotated.jsonl").refused(1, "annotated.jsonl:2: ", reason)


def test_bad_annotations_can_be_told_from_good_ones(tmp_path: Path) -> None:
    inputs = written(tmp_path, GOOD, GOOD | {"slots": 5}, GOOD)
    found = list(utterances(inputs, annotation()))
    assert [type(each) for each in found] == [Utterance, Utterance, BadRecord]
    with pytest.raises(InputError, match=r"annotated.jsonl:2: field 'slots' is not an array"):
        read_utterances(inputs)


@st.composite
def annotated(draw: st.DrawFn) -> dict[str, Any]:
    """A record whose text is cut into pieces, some of which are slots."""
    characters = st.characters(exclude_categories=["Cs"])
    pieces = draw(st.lists(st.text(characters, min_size=1), min_size=1))
    text = "".join(pieces) + "."
    found, start = [], 0
    for piece in pieces:
        end = start + len(piece)
        if draw(st.booleans()):
            found.append({"slot": draw(st.sampled_from("ab")), "start": start, "end": end})
        start = end
    return {"text": text, "intent": "i", "slots": draw(st.permutations(found))}


@given(annotated())
def test_every_slot_is_what_its_offsets_say(record: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        [found] = read_utterances(written(Path(folder), record))
    assert all(slot.value == found.text[slot.start : slot.end] for slot in found.slots)
    ordered = sorted(record["slots"], key=lambda slot: slot["start"])
    assert [(s.slot, s.start, s.end) for s in found.slots] == [
        (s["slot"], s["start"], s["end"]) for s in ordered
    ]


@given(annotated(), st.integers(-3, 3).filter(bool))
def test_moved_offsets_are_refused_unless_the_text_is_the_same_there(
    record: dict[str, Any], by: int
) -> None:
    text = record["text"]
    for slot in record["slots"]:
        slot["value"] = text[slot["start"] : slot["end"]]
        slot["start"], slot["end"] = slot["start"] + by, slot["end"] + by
    right = all(
        slot["start"] >= 0 and text[slot["start"] : slot["end"]] == slot["value"]
        for slot in record["slots"]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "moved.jsonl"
        path.write_text(json.dumps(record) + "\n")
        [found] = utterances(Inputs([str(path)]), annotation())
    assert isinstance(found, BadRecord) != right


def test_the_option_names_the_field_of_slots(tmp_path: Path) -> None:
    inputs = written(tmp_path, GOOD | {"spans": 5})
    outcome = run_inside("paraphrase", "pairs", inputs.paths[0], "--slots-field", "spans")
    outcome.refused(1, "field 'spans' is not an array")


# From and to, whether the value is stated, and whether that is inside of a word.
CUTS: dict[str, tuple[str, int, int, bool, bool]] = {
    "whole words": ("play Adele now", 5, 10, False, False),
    "begins inside a word": ("play Adele now", 6, 10, False, True),
    "ends inside a word": ("play Adele now", 5, 8, False, True),
    "inside, but stated": ("play Adele now", 6, 10, True, False),
    "a number before letters": ("at 3pm", 3, 4, False, False),
    "inside a number": ("at 300", 3, 4, False, True),
    "a script without spaces": ("播放爵士乐", 2, 4, False, False),
    "all of the text": ("play", 0, 4, False, False),
}


@pytest.mark.parametrize(("text", "start", "end", "states", "cuts"), CUTS.values(), ids=CUTS)
def test_slots_inside_of_words_are_counted(
    tmp_path: Path, text: str, start: int, end: int, states: bool, cuts: bool
) -> None:
    slot = {"slot": "s", "start": start, "end": end}
    record = {
        "text": text,
        "intent": "i",
        "slots": [slot | ({"value": text[start:end]} if states else {})],
    }
    column = annotation()
    read_utterances(written(tmp_path, record, record), column)
    assert [warning.split(" without")[0] for warning in warnings(column)] == ["2 slots"] * cuts


@pytest.mark.parametrize(
    "command",
    [
        ["paraphrase", "pairs", "--allow-empty", "annotated.jsonl"],
        [
            "label",
            "--labelled",
            "annotated.jsonl",
            "--rounds",
            "0",
            "--uncalibrated",
            "annotated.jsonl",
        ],
    ],
    ids=lambda command: command[0],
)
def test_a_run_warns_once_of_slots_inside_of_words(
    inside: Inside, tmp_path: Path, command: list[str]
) -> None:
    slots = [{"slot": "artist", "start": 6, "end": 11}]
    found = [{"text": "play Adele now", "intent": intent, "slots": slots} for intent in "ababab"]
    written(tmp_path, *found)
    run = inside(*command, "-o", "out.jsonl")
    assert run.code == 0
    assert run.err.count("6 slots without 'value' begin or end inside a word") == 1
