"""The output of fairseq-generate, with its log lines, and as people sort and cut it."""

from pathlib import Path

import pytest
from format_files import read_files

from dataselect.data.formats.nbest import fairseq
from dataselect.errors import InputError

# Two sentences in the order of a batch, with a beam of two.
OUTPUT = """\
2026-01-05 10:00:00 | INFO | fairseq_cli.generate | {'_name': None, 'common': {}}
S-1\tgood morn@@ ing
T-1\tguten Morgen
H-1\t-0.25\tguten Mor@@ gen
D-1\t-0.25\tguten Morgen
P-1\t-0.5 -0.25 -0.125 -0.125
H-1\t-0.75\tMor@@ gen
D-1\t-0.75\tMorgen
P-1\t-1 -0.5 -0.75
S-0\thello
T-0\thallo
H-0\t-0.5\thallo
D-0\t-0.5\thallo
P-0\t-0.5 -0.5
A-0\t0-0
H-0\t-1.5\t
D-0\t-1.5\t
P-0\t-1.5
Generate test with beam=2: BLEU4 = 100.00, 100.0/100.0/100.0/100.0
"""
RECORDS = [
    {
        "id": "0",
        "src": "hello",
        "ref": "hallo",
        "nbest": [
            {"text": "hallo", "score": -0.5, "word_scores": [-0.5, -0.5]},
            {"text": "", "score": -1.5, "word_scores": [-1.5]},
        ],
    },
    {
        "id": "1",
        "src": "good morn@@ ing",
        "ref": "guten Morgen",
        "nbest": [
            {"text": "guten Morgen", "score": -0.25, "word_scores": [-0.5, -0.25, -0.125, -0.125]},
            {"text": "Morgen", "score": -0.75, "word_scores": [-1, -0.5, -0.75]},
        ],
    },
]


def test_sentences_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    assert read_files(fairseq.read, tmp_path, {"gen.out": OUTPUT}) == RECORDS


def test_sorted_by_line_it_is_the_same(tmp_path: Path) -> None:
    lines = OUTPUT.splitlines(keepends=True)
    by_letter = "".join(line for tag in "DHPST" for line in lines if line.startswith(f"{tag}-"))
    assert read_files(fairseq.read, tmp_path, {"gen.out": by_letter}) == RECORDS


def test_hypotheses_alone_are_enough(tmp_path: Path) -> None:
    found = read_files(fairseq.read, tmp_path, {"gen.out": "H-10\t-1\ta b\nH-9\t-2\tc\n"})
    assert found == [
        {"id": "9", "nbest": [{"text": "c", "score": -2}]},
        {"id": "10", "nbest": [{"text": "a b", "score": -1}]},
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("D-1\t-0.75\t", "D-1\tnan\t", "gen.out:8: score 'nan' is not a finite number"),
        ("D-1\t-0.75\t", "D-1\t-0.75", "gen.out:8: two cells, not three"),
        ("P-1\t-1 ", "P-1\tx ", "gen.out:9: word score 'x' is not a finite number"),
        ("D-1\t-0.75\tMorgen\n", "", "gen.out:2: sentence 1 has 2 H, 1 D, 2 P lines"),
    ],
)
def test_one_bad_line_costs_one_record(tmp_path: Path, old: str, new: str, message: str) -> None:
    first, bad = read_files(fairseq.read, tmp_path, {"gen.out": OUTPUT.replace(old, new)})
    assert first == RECORDS[0]
    assert bad.startswith(message)


def test_a_sentence_that_comes_back_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gen.out:21: sentence 1 comes back"):
        read_files(fairseq.read, tmp_path, {"gen.out": OUTPUT + OUTPUT})


def test_what_is_no_such_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no line begins with H-0 or D-0"):
        read_files(fairseq.read, tmp_path, {"gen.out": "S-0\thello\nT-0\thallo\n"})
