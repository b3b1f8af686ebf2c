"""Rasa's YAML: real layouts, hard text, what is refused, and the way back."""

from pathlib import Path
from typing import Any

import pytest
from nlu_files import fields, read_files, written

from dataselect.data.formats.nlu.assistants import rasa
from dataselect.errors import InputError

NLU = """\
version: "3.1"

nlu:
- intent: book/flight   # a retrieval intent
  examples: |
    - to [Rome](city) from [LA]{"entity": "city", "role": "from", "value": "Los Angeles"}
    - [NYC](city:New York), seat [12]{"entity": "seat", "group": "1"}

    - "quoted": yes # no comment
- synonym: Rome
  examples: |
    - roma
- regex: zip
  examples: |
    - \\d{5}
- intent: yes
  metadata: {topic: plain}
  examples:
  - text: |
      to [Roma](city)
    metadata: {sentiment: neutral}
  - ja
stories: []
"""


def test_examples_with_markup_in_all_three_forms(tmp_path: Path) -> None:
    good, bad = read_files(rasa.read, tmp_path, NLU.encode())
    assert bad == []
    assert [item.line.number for item in good] == [6, 7, 9, 19, 22]
    assert [item.fields for item in good] == [
        {
            "text": "to Rome from LA",
            "intent": "book/flight",
            "slots": [
                {"slot": "city", "start": 3, "end": 7, "value": "Rome"},
                {
                    "slot": "city",
                    "start": 13,
                    "end": 15,
                    "value": "LA",
                    "canonical": "Los Angeles",
                    "role": "from",
                },
            ],
        },
        {
            "text": "NYC, seat 12",
            "intent": "book/flight",
            "slots": [
                {"slot": "city", "start": 0, "end": 3, "value": "NYC", "canonical": "New York"},
                {"slot": "seat", "start": 10, "end": 12, "value": "12", "group": "1"},
            ],
        },
        {"text": '"quoted": yes # no comment', "intent": "book/flight", "slots": []},
        {
            "text": "to Roma",
            "intent": "yes",
            "slots": [{"slot": "city", "start": 3, "end": 7, "value": "Roma", "canonical": "Rome"}],
            "metadata": {"sentiment": "neutral"},
        },
        {"text": "ja", "intent": "yes", "slots": [], "metadata": {"topic": "plain"}},
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("header", ["|", "|-", "|+", "|4", "|  # text"])
def test_lines_are_counted_in_every_block(ending: str, header: str, tmp_path: Path) -> None:
    file = f"nlu:\n- intent: a\n  examples: {header}\n\n    - one\n    - two\n".replace(
        "\n", ending
    )
    header_of_four = header == "|4"  # the indentation is then part of the text
    file = file.replace("    -", "      -") if header_of_four else file
    good, bad = read_files(rasa.read, tmp_path, file.encode())
    assert (bad, [item.line.number for item in good]) == ([], [5, 6])


BAD = {
    "an example without its dash": ("    one", "4: the line does not begin with '-'"),
    "an empty example": ("    -  ", "4: the text is empty"),
    "markup that is no JSON": ("    - [x]{entity}", "4: the markup of 'x' is not JSON: {entity}"),
    "markup without entity": ('    - [x]{"role": "r"}', "4: the entity of 'x' is empty"),
    "a value of two entities": (
        '    - [x][{"entity": "a"}, {"entity": "b"}]',
        "4: 'x' has several entities",
    ),
    "a NUL": ("    - a\0b", "4: holds a NUL"),
    "a byte that is no UTF-8": ("    - caf\udce9", "4: byte 0xe9 after ' caf' is not UTF-8"),
}


@pytest.mark.parametrize(("line", "message"), BAD.values(), ids=BAD)
def test_a_bad_example_costs_one_record(line: str, message: str, tmp_path: Path) -> None:
    file = f"nlu:\n- intent: a\n  examples: |\n{line}\n    - two\n"
    good, bad = read_files(rasa.read, tmp_path, file.encode(errors="surrogateescape"))
    assert [item.fields["text"] for item in good] == ["two"]
    assert len(bad) == 1
    assert bad[0].startswith(f"f0:{message}")


def test_metadata_that_is_bad_costs_its_examples(tmp_path: Path) -> None:
    """Aliases are refused: nine of nine of nine of them are a billion."""
    file = (
        "nlu:\n- intent: a\n  metadata: &x [y]\n  examples:\n  - text: one\n"
        "  - text: two\n    metadata: [*x, *x]\n  - text: three\n    metadata: caf\udce9\n"
    )
    good, bad = read_files(rasa.read, tmp_path, file.encode(errors="surrogateescape"))
    assert [item.fields["metadata"] for item in good] == [["y"]]
    assert [each.split(";")[0] for each in bad] == [
        "f0:6: metadata with an alias (*)",
        "f0:8: byte 0xe9 after 'caf' is not UTF-8",
    ]


def test_characters_that_yaml_refuses_are_text(tmp_path: Path) -> None:
    text = "a\x07b\u2028c\x85d\ufeffe \U0001f3b5 \U000f0000\U000f0001\U00100000 f\rg"
    file = f"nlu:\n- intent: a\n  examples: |\n    - {text}\n    - \udce9\n"
    good, bad = read_files(rasa.read, tmp_path, file.encode(errors="surrogateescape"))
    assert [item.fields["text"] for item in good] == [text]
    assert len(bad) == 1
    assert bad[0].startswith("f0:5: byte 0xe9")


LOST = {
    "no YAML": ("nlu:\n- intent: a\n  examples: |\n - b\n", "f0:4: not YAML ("),
    "another layout": ("stories: []\n", "f0:1: another layout; a Rasa file holds 'nlu:'"),
    "UTF-16": ("n\0l\0u\0:\0", "f0:1: looks like UTF-16"),
}


@pytest.mark.parametrize(("file", "message"), LOST.values(), ids=LOST)
def test_a_file_that_is_lost_as_a_whole(file: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the whole file is lost") as error:
        read_files(rasa.read, tmp_path, file.encode())
    assert message in str(error.value)


def test_intents_without_a_name_or_a_list_are_bad_once_an_example(tmp_path: Path) -> None:
    file = b'nlu:\n- intent: ""\n  examples: |\n    - a\n    - b\n- intent: c\n  examples: {d: e}\n'
    good, bad = read_files(rasa.read, tmp_path, file)
    assert good == []
    assert [each[:9] for each in bad] == ["f0:4: the", "f0:5: the", "f0:7: the"]


def test_the_files_of_a_folder_are_those_with_training_data(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, data in {
        "nlu.yml": "nlu: []\n",
        "stories.yml": "stories:\n",
        "a.txt": "nlu:",
    }.items():
        (tmp_path / "data" / name).write_text(data)
    assert rasa.files_of(str(tmp_path)) == [str(tmp_path / "data" / "nlu.yml")]


def test_a_file_comes_back_byte_for_byte(tmp_path: Path) -> None:
    file = b"""\
version: "3.1"
nlu:
- intent: book/flight
  examples: |
    - to [Rome](city) from [LA]{"entity": "city", "role": "from", "value": "Los Angeles"}
    - caf\xc3\xa9 [12]{"entity": "seat: no", "group": "1"} # [x] (y)
- intent: "yes"
  examples:
  - text: |
      ja
  - text: |
      doch
    metadata: {"sentiment":"neutral"}
"""
    assert written(fields(rasa.read, tmp_path, file), rasa.writer) == [file]


def test_examples_are_grouped_by_intent_as_they_come() -> None:
    records = [{"text": text, "intent": text[0]} for text in ("b1", "a1", "b2")]
    [file] = written(records, rasa.writer)
    assert file.decode().split("nlu:\n")[1] == (
        "- intent: b\n  examples: |\n    - b1\n    - b2\n- intent: a\n  examples: |\n    - a1\n"
    )


def test_a_canonical_value_that_is_the_text_is_none() -> None:
    slot = {"slot": "s", "start": 0, "end": 1, "value": "a", "canonical": "a", "role": ""}
    [file] = written([{"text": "a", "intent": "i", "slots": [slot]}], rasa.writer)
    assert file.endswith(b"    - [a](s)\n")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "text that is markup": ({"text": "see [docs](http://x)"}, "would read"),
    "a bracket in a value": (
        {"text": "a]b", "slots": [{"slot": "s", "start": 0, "end": 3}]},
        "would read",
    ),
    "a line break": ({"text": "a\nb"}, "a line break"),
    "what Rasa takes for a line break": ({"text": "a\u2028b"}, "a line break"),
    "a blank at the end": ({"text": "a "}, "blanks that Rasa strips"),
    "a control character": ({"text": "a\x07b"}, "YAML cannot hold"),
    "a line break in a name": (
        {"text": "abc", "slots": [{"slot": "a\nb", "start": 0, "end": 3}]},
        "a line break",
    ),
    "no intent": ({"text": "a", "intent": None}, "no 'intent', and the format"),
    "offsets in bytes": (
        {"text": "é Rom", "slots": [{"slot": "city", "start": 3, "end": 6, "value": "Rom"}]},
        "counts bytes",
    ),
}


@pytest.mark.parametrize(("record", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_markup_cannot_express_is_refused(record: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        written([{"intent": "i"} | record], rasa.writer)
