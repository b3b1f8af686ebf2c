"""SRILM n-best lists in the three layouts of nbest-format(5)."""

import gzip
import math
from pathlib import Path

import pytest
from format_files import read_files, write_files

from dataselect.data.formats.nbest import srilm

BYTELOG = 1024 * math.log(1.0001) / math.log(10)


def test_scores_and_a_count_before_the_words(tmp_path: Path) -> None:
    files = {"utt1": "-100.5 -4.25 2 hello there\n-101 -3 0 \n", "utt2.nbest": "-1 -2 1 yes\n"}
    assert read_files(srilm.read, tmp_path, files) == [
        {
            "id": "utt1",
            "nbest": [
                {
                    "text": "hello there",
                    "features": {"ascore": -100.5, "lscore": -4.25, "nwords": 2},
                },
                {"text": "", "features": {"ascore": -101, "lscore": -3, "nwords": 0}},
            ],
        },
        {
            "id": "utt2.nbest",
            "nbest": [{"text": "yes", "features": {"ascore": -1, "lscore": -2, "nwords": 1}}],
        },
    ]


def test_bytelogs_become_logarithms_of_base_10(tmp_path: Path) -> None:
    [record] = read_files(
        srilm.read, tmp_path, {"u": "NBestList1.0\n(-230) hello there\n( -1 ) a\n"}
    )
    assert [each["text"] for each in record["nbest"]] == ["hello there", "a"]
    scores = [each["score"] for each in record["nbest"]]
    assert scores == pytest.approx([-230 * BYTELOG, -BYTELOG])
    assert pytest.approx(-10.23, abs=0.01) == -230 * BYTELOG  # 1 bytelog is 0.0445 of base 10


def test_phones_within_a_word_are_no_words(tmp_path: Path) -> None:
    line = (
        "(-9) hi ( st: 0.00 et: 0.20 g: -1 a: -2 ) h ( st: 0.00 et: 0.10 g: 0 a: -1 ) "
        "ay ( st: 0.11 et: 0.20 g: 0 a: -1 ) you ( st: 0.21 et: 0.40 g: -3 a: -3 )"
    )
    [record] = read_files(srilm.read, tmp_path, {"u": f"NBestList2.0\n{line}\n"})
    assert [each["text"] for each in record["nbest"]] == ["hi you"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("-1 -2 1 a\n-1 -2 3 a\n", "u:2: no list of SRILM; write ASCORE LSCORE NWORDS"),
        ("-1 x 1 a\n", "u:1: lscore 'x' is not a finite number"),
        ("NBestList1.0\n-1 a\n", "u:2: no score at the beginning; write (SCORE) WORD"),
        ("NBestList2.0\n(-1) a\n", "u:2: a word without times"),
        ("NBestList2.0\n(-1) a ( st: x et: 1 g: 0 a: 0 )\n", "u:2: a time 'x' is not a finite"),
        (b"-1 -2 1 \xff\n", "u:1: byte 0xff"),
    ],
)
def test_a_bad_line_costs_its_list(tmp_path: Path, content: str | bytes, message: str) -> None:
    [bad, good] = read_files(srilm.read, tmp_path, {"u": content, "v": "-1 -2 1 yes\n"})
    assert bad.startswith(message)
    assert good["id"] == "v"


def test_a_folder_is_told_by_its_first_file(tmp_path: Path) -> None:
    packed = gzip.compress(b"-1 -2 1 a\n")
    paths = write_files(tmp_path, {"n/a.gz": packed, "n/b": "", "n/.c": "", "m/a": "some text\n"})
    assert srilm.files_of(str(tmp_path / "n")) == paths[:2]
    assert srilm.files_of(str(tmp_path / "m")) == []
    assert srilm.files_of(str(tmp_path)) == []
    assert [record["id"] for record in read_files(srilm.read, tmp_path, {"n/a.gz": packed})] == [
        "a"
    ]
