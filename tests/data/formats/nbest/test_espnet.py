"""ESPnet's n-best folders, as asr_inference.py writes them."""

from pathlib import Path

import pytest
from format_files import read_files, write_files

from dataselect.data.formats.nbest import espnet
from dataselect.errors import InputError

FOLDERS = {
    "1best_recog/text": "utt-1 hello there\nutt-2\n",
    "1best_recog/score": "utt-1 tensor(-1.5)\nutt-2 -0.25\n",
    "2best_recog/text": "utt-1 hello their\n",
    "2best_recog/score": "utt-1 tensor(-2.5, device='cuda:0', grad_fn=<AddBackward0>)\n",
    "10best_recog/text": "utt-1 yellow\n",
    "10best_recog/score": "utt-1 -10\n",
}
RECORDS = [
    {
        "id": "utt-1",
        "nbest": [
            {"text": "hello there", "score": -1.5},
            {"text": "hello their", "score": -2.5},
            {"text": "yellow", "score": -10},
        ],
    },
    {"id": "utt-2", "nbest": [{"text": "", "score": -0.25}]},
]


def test_ranks_are_joined_by_id(tmp_path: Path) -> None:
    assert read_files(espnet.read, tmp_path, FOLDERS) == RECORDS


def test_ranks_are_listed_by_number(tmp_path: Path) -> None:
    write_files(tmp_path, {**FOLDERS, "1best_recog/token": "", "text": "", "logdir/x": ""})
    found = [str(Path(path).relative_to(tmp_path)) for path in espnet.files_of(str(tmp_path))]
    assert found == list(FOLDERS)
    assert espnet.files_of(str(tmp_path / "logdir")) == []


def test_texts_without_scores(tmp_path: Path) -> None:
    files = {name: FOLDERS[name] for name in FOLDERS if name.endswith("text")}
    [first, _] = read_files(espnet.read, tmp_path, files)
    texts = ["hello there", "hello their", "yellow"]
    assert first["nbest"] == [{"text": text} for text in texts]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"2best_recog/score": "utt-1 x\n"}, "2best_recog/score:1: score 'x' is not a finite"),
        (
            {"2best_recog/score": ""},
            "1best_recog/text:1: id 'utt-1' is not in 2best_recog/score",
        ),
        (
            {"2best_recog/text": "utt-1 a\nutt-1 b\n"},
            "2best_recog/text:2: id 'utt-1' stands twice",
        ),
        (
            {"1best_recog/score": "utt-1 tensor(nan)\nutt-2 -0.25\n"},
            "1best_recog/score:1: score 'nan' is not a finite",
        ),
    ],
)
def test_one_bad_line_costs_one_record(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    bad, second = read_files(espnet.read, tmp_path, {**FOLDERS, **changed})
    assert bad.startswith(message)
    assert second == RECORDS[1]


def test_an_id_that_only_a_later_rank_has_is_bad(tmp_path: Path) -> None:
    files = {**FOLDERS, "2best_recog/text": "utt-1 hello their\nutt-3 x\n"}
    found = read_files(espnet.read, tmp_path, files)
    assert found == [
        *RECORDS,
        "2best_recog/text:2: id 'utt-3' is not in the first text; add it there",
    ]


def test_the_folder_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name the folder that has it"):
        read_files(espnet.read, tmp_path, {"score": "a 1\n"})
