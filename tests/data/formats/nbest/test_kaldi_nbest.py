"""Kaldi's n-best lists, and the folders of steps/rnnlmrescore.sh."""

from pathlib import Path

import pytest
from format_files import read_files, write_files

from dataselect.data.formats.nbest import kaldi_nbest
from dataselect.errors import InputError

FOLDER = {
    "words_text": "spk-u1-1 hello there\nspk-u1-2 hello their\nspk-u2-1\n",
    "acwt": "spk-u1-1 100.5\nspk-u1-2 100\nspk-u2-1 3\n",
    "lmwt.nolm": "spk-u1-1 4\nspk-u1-2 5\nspk-u2-1 1\n",
}


def test_candidates_of_an_utterance_make_a_list(tmp_path: Path) -> None:
    assert read_files(kaldi_nbest.read, tmp_path, FOLDER) == [
        {
            "id": "spk-u1",
            "nbest": [
                {"text": "hello there", "features": {"acwt": 100.5, "lmwt.nolm": 4}},
                {"text": "hello their", "features": {"acwt": 100, "lmwt.nolm": 5}},
            ],
        },
        {"id": "spk-u2", "nbest": [{"text": "", "features": {"acwt": 3, "lmwt.nolm": 1}}]},
    ]


def test_files_of_a_folder(tmp_path: Path) -> None:
    paths = write_files(tmp_path, FOLDER)
    write_files(tmp_path, {"words": "", "ali": ""})
    assert kaldi_nbest.files_of(str(tmp_path)) == paths
    assert kaldi_nbest.files_of(str(tmp_path.parent)) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"acwt": "spk-u1-1 x\nspk-u1-2 1\nspk-u2-1 3\n"}, "acwt:1: the cost 'x' is not a finite"),
        ({"acwt": "spk-u1-1 1\nspk-u2-1 3\n"}, "words_text:2: id 'spk-u1-2' is not in acwt"),
        (
            {"words_text": "spk-u1-1 a\nspk-u1-1 b\nspk-u2-1 c\n"},
            "words_text:2: id 'spk-u1-1' stands twice",
        ),
        ({"words_text": "u1 a\nspk-u2-1 c\n"}, "words_text:1: id 'u1' has no number at its end"),
        ({"words_text": "u1-x a\nspk-u2-1 c\n"}, "words_text:1: id 'u1-x' has no number"),
    ],
)
def test_one_bad_line_costs_one_list(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    bad, second = read_files(kaldi_nbest.read, tmp_path, {**FOLDER, **changed})
    assert bad.startswith(message)
    assert second["id"] == "spk-u2"


def test_an_utterance_that_comes_back_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="text:3: the lines of 'a' are not together"):
        read_files(kaldi_nbest.read, tmp_path, {"text": "a-1 x\nb-1 y\na-2 z\n"})
