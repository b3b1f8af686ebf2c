"""CTM files of NIST: words with times."""

from pathlib import Path

import pytest
from format_files import read_files

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.speech import ctm
from dataselect.errors import InputError

FILE = """\
;; made by a recogniser
rec1 A 0.11 0.20 hello 0.9
rec1 A 0.4\t0.3 caf\u00e9 1
rec1 B 1 0.5 yes
rec2 A 2.1 0.1 no
"""


def test_the_words_of_a_channel_are_a_record(tmp_path: Path) -> None:
    found = read_files(ctm.read, tmp_path, {"a.ctm": FILE}, Layout(text_field="t"))
    assert found[0] == {
        "id": "rec1-A",
        "t": "hello caf\u00e9",
        "recording": "rec1",
        "channel": "A",
        "start": 0.11,
        "duration": 0.59,
        "words": [
            {"word": "hello", "start": 0.11, "duration": 0.2, "confidence": 0.9},
            {"word": "caf\u00e9", "start": 0.4, "duration": 0.3, "confidence": 1},
        ],
    }
    assert [(record["id"], record["t"]) for record in found[1:]] == [
        ("rec1-B", "yes"),
        ("rec2-A", "no"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rec1 B 1 0.5 yes", "rec1 B 1 yes", "a.ctm:4: 4 cells; write FILE CHANNEL BEGIN"),
        ("rec1 B 1 ", "rec1 B -1 ", "a.ctm:4: the begin '-1' is negative"),
        ("rec1 B 1 ", "rec1 B 1e999 ", "a.ctm:4: the begin '1e999' is not a finite number"),
        ("0.5 yes", "0.5 yes nan", "a.ctm:4: the confidence 'nan' is not a finite number"),
    ],
)
def test_one_bad_line_costs_one_record(tmp_path: Path, old: str, new: str, message: str) -> None:
    found = read_files(ctm.read, tmp_path, {"a.ctm": FILE.replace(old, new)})
    assert found[1].startswith(message)
    assert [item["id"] for item in found if isinstance(item, dict)] == ["rec1-A", "rec2-A"]


def test_a_recording_that_comes_back_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a.ctm:6: the words of 'rec1 A' are not together"):
        read_files(ctm.read, tmp_path, {"a.ctm": FILE + "rec1 A 9 1 x\n"})
