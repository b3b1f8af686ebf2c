"""STM files of NIST: segments with speakers."""

from pathlib import Path

import pytest
from format_files import read_files

from dataselect.data.formats.speech import stm

FILE = """\
;; CATEGORY "0" "" ""
rec1 A spk1 0.5 1.25 <o,f0,male> hello  there
rec1 A spk2 1.25 2.0 <hesitation> uh
rec1 A spk1 2 3 yes <unk>
rec1 A spk1 3.1 3.4
"""


def test_a_segment_is_a_record(tmp_path: Path) -> None:
    found = read_files(stm.read, tmp_path, {"a.stm": FILE})
    assert found[0] == {
        "id": "rec1-A-0.5-1.25",
        "text": "hello  there",
        "recording": "rec1",
        "channel": "A",
        "speaker": "spk1",
        "start": 0.5,
        "duration": 0.75,
        "labels": ["o", "f0", "male"],
    }
    assert [record["text"] for record in found[1:]] == ["<hesitation> uh", "yes <unk>", ""]
    assert found[3]["duration"] == 0.3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("rec1 A spk1 0.5", "too few cells; write FILE CHANNEL SPEAKER BEGIN END WORDS"),
        ("rec1 A spk1 x 1 a", "the begin 'x' is not a finite number"),
        ("rec1 A spk1 3 1 a", "the end 1.0 lies before the start 3.0"),
        ("rec1 A spk1 -1 1 a", "the begin '-1' is negative"),
    ],
)
def test_one_bad_line_costs_one_record(tmp_path: Path, line: str, message: str) -> None:
    found = read_files(stm.read, tmp_path, {"a.stm": f"r A s 0 1 a\n{line}\nr A s 1 2 b\n"})
    assert found[1].startswith(f"a.stm:2: {message}")
    assert [found[0]["text"], found[2]["text"]] == ["a", "b"]
