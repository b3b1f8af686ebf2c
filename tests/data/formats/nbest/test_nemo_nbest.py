"""NeMo's preds_out_*.tsv, which do not say where a list ends."""

from pathlib import Path

import pytest
from format_files import read_files

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.nbest import nemo_nbest
from dataselect.errors import InputError, OptionError

TWO = Layout(list_size=2)


def test_as_many_lines_as_the_beam_make_a_list(tmp_path: Path) -> None:
    found = read_files(nemo_nbest.read, tmp_path, {"p.tsv": "a b\t-1.5\n\t-2\nx\t-3\ny\t-4\n"}, TWO)
    assert found == [
        {"id": "0", "nbest": [{"text": "a b", "score": -1.5}, {"text": "", "score": -2}]},
        {"id": "1", "nbest": [{"text": "x", "score": -3}, {"text": "y", "score": -4}]},
    ]


def test_without_a_size_nothing_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="do not say where a list ends; give the beam size"):
        read_files(nemo_nbest.read, tmp_path, {"p.tsv": "a\t-1\n"})


def test_a_short_last_list_shows_that_the_size_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"p.tsv:3: the last list has 1 lines, not 2"):
        read_files(nemo_nbest.read, tmp_path, {"p.tsv": "a\t-1\nb\t-2\nc\t-3\n"}, TWO)


def test_one_bad_line_costs_one_list(tmp_path: Path) -> None:
    found = read_files(nemo_nbest.read, tmp_path, {"p.tsv": "a\t-1\nb -2\nc\t-3\nd\tinf\n"}, TWO)
    assert found == [
        "p.tsv:2: no tab; write TEXT, a tab and SCORE",
        "p.tsv:4: score 'inf' is not a finite number; correct it",
    ]
