"""CoNLL columns and the three files of SlotGated, there and back."""

from pathlib import Path
from typing import Any

import pytest
from nlu_files import fields, read_files, written

from dataselect.data.formats.nlu import bio, conll

XSID = """\
# id: 1
# text: Weck mich um 5, wird's?
# text-en: wake me at 5, will you?
# intent: alarm/set_alarm
# slots: 10:14:datetime
# dialect: de-ba
1\tWeck\talarm/set_alarm\tO
2\tmich\talarm/set_alarm\tO
3\tum\talarm/set_alarm\tB-datetime
4\t5\talarm/set_alarm\tI-datetime
5\t,\talarm/set_alarm\tO
6\twird\talarm/set_alarm\tO
7\t's\talarm/set_alarm\tO
8\t?\talarm/set_alarm\tO

# id: 2
# text: 2 3
# intent: Count
1\t2\tCount\tB-number
2\t3\tCount\tO
"""


def slot(name: str, start: int, end: int, value: str) -> dict[str, Any]:
    return {"slot": name, "start": start, "end": end, "value": value}


def test_xsid_has_the_text_of_its_comment(tmp_path: Path) -> None:
    assert fields(conll.read, tmp_path, XSID.encode()) == [
        {
            "id": "1",
            "text": "Weck mich um 5, wird's?",
            "intent": "alarm/set_alarm",
            "slots": [slot("datetime", 10, 14, "um 5")],
            "dialect": "de-ba",
            "text-en": "wake me at 5, will you?",
        },
        {"id": "2", "text": "2 3", "intent": "Count", "slots": [slot("number", 0, 1, "2")]},
    ]


def test_conll_comes_back_byte_for_byte(tmp_path: Path) -> None:
    file = """\
# intent: a/b
# id: 7
play\tO
Adèle\tB-artist
now\tB-date

# text: it  is\u00a0#
it\tO
is\tO
#\tB-x

""".encode()
    records = fields(conll.read, tmp_path, file)
    assert [record["text"] for record in records] == ["play Adèle now", "it  is\u00a0#"]
    assert written(records, conll.writer) == [file]


def test_three_files_come_back_byte_for_byte(tmp_path: Path) -> None:
    files = ["play the  beatles\n".replace("  ", " "), "O B-artist I-artist\n", "PlayMusic\n"]
    data = [line.encode() for line in files]
    records = fields(bio.read, tmp_path, *data)
    assert records[0]["slots"] == [slot("artist", 5, 16, "the beatles")]
    assert written(records, bio.tokens_writer, bio.tags_writer, bio.label_writer) == data


def test_three_files_are_told_by_their_names(tmp_path: Path) -> None:
    for name, line in {"seq.in": "a", "seq.out": "B-x", "label": "I"}.items():
        (tmp_path / name).write_text(line)
    assert [Path(path).name for path in bio.files_of(str(tmp_path))] == [
        "seq.in",
        "seq.out",
        "label",
    ]
    (tmp_path / "label").unlink()
    assert bio.files_of(str(tmp_path)) == []


SLOT = {"slot": "s", "start": 2, "end": 5}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a slot that begins inside a token": ({"text": "abc de"}, "begins inside the token 'abc'"),
    "a slot that ends inside a token": ({"text": "a cdef"}, "ends inside the token 'cdef'"),
    "a slot that begins with white space": ({"text": "a  de"}, "begins with white space"),
    "a name of two lines": (
        {"text": "a cde", "slots": [SLOT | {"slot": "a\nb"}]},
        "cannot hold 'a cde'",
    ),
    "an intent of two lines": ({"text": "a cde", "intent": "a\nb"}, "cannot hold 'a cde'"),
    "a slot that overlaps": ({"text": "a cde", "slots": [SLOT, SLOT]}, "overlapping items"),
    "text of two lines": ({"text": "a\ncde", "slots": []}, "cannot hold"),
}


@pytest.mark.parametrize("writer", [conll.writer, bio.tokens_writer, bio.label_writer])
@pytest.mark.parametrize(("record", "message"), REFUSED.values(), ids=REFUSED)
def test_what_tags_cannot_express_is_refused(
    record: dict[str, Any], message: str, writer: Any
) -> None:
    with pytest.raises(ValueError, match=message):
        written([{"intent": "i", "slots": [SLOT]} | record], writer)


def test_punctuation_at_the_edge_of_a_slot_is_a_token(tmp_path: Path) -> None:
    record = {
        "text": "at (half past six), one's e\u0301.",
        "slots": [
            slot("t", 4, 17, "half past six"),
            slot("p", 20, 23, "one"),
            slot("e", 26, 28, "e\u0301"),
        ],
    }
    [file] = written([record], conll.writer)
    assert file.decode().split("\n")[1:] == [
        *("at\tO", "(\tO", "half\tB-t", "past\tI-t", "six\tI-t", "),\tO", "one\tB-p", "'s\tO"),
        *("e\u0301\tB-e", ".\tO", "", ""),
    ]
    assert fields(conll.read, tmp_path, file) == [record]


def test_an_empty_id_is_none(tmp_path: Path) -> None:
    [file] = written([{"id": "", "text": "a"}, {"id": 7, "text": "a"}], conll.writer)
    assert file == b"a\tO\n\n# id: 7\na\tO\n\n"


def test_spaces_that_seq_in_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="put one between two tokens"):
        written([{"intent": "i", "text": "a  b"}], bio.tokens_writer)


@pytest.mark.parametrize("text", ["-DOCSTART- a", "-DOCSTART-", "a\r"])
def test_tokens_that_conll_takes_for_others_are_refused_or_kept(text: str, tmp_path: Path) -> None:
    try:
        [file] = written([{"text": text}], conll.writer)
    except ValueError as refusal:
        assert "cannot hold" in str(refusal)  # noqa: PT017  either way is right
    else:
        assert fields(conll.read, tmp_path, file) == [{"text": text, "slots": []}]


def test_a_comment_amid_a_sentence_is_a_new_one(tmp_path: Path) -> None:
    good, bad = read_files(conll.read, tmp_path, b"# id: 1\na\tO\n# id: 2\nb\tO\n\nc\tO\n")
    assert bad == ["f0:3: a second sentence begins here; put a blank line before it"]
    assert [item.fields["text"] for item in good] == ["c"]
