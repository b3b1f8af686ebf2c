"""Marian n-best lines, as `--n-best` writes them, with and without alignments and word scores."""

import re
from typing import Any

import pytest

from dataselect.data.formats.nbest import fairseq, marian, moses_nbest
from dataselect.data.formats.nbest.marian import marian_candidate

LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "features and score": (
        "0 ||| ein Haus ||| F0= -1.5 ||| -0.75",
        {"text": "ein Haus", "score": -0.75, "features": {"F0": -1.5}},
    ),
    "one score of a single model has no space": (
        "0 ||| ein Haus ||| F0=-1.5 ||| -0.75",
        {"text": "ein Haus", "score": -0.75, "features": {"F0": -1.5}},
    ),
    "an ensemble": (
        "7 ||| a ||| F0= -1 F1= 2e-05 ||| -3",
        {"text": "a", "score": -3, "features": {"F0": -1, "F1": 2e-05}},
    ),
    "a hard alignment": (
        "0 ||| a b ||| 0-0 1-1 ||| F0= -1 ||| -2",
        {"text": "a b", "score": -2, "features": {"F0": -1}, "alignment": "0-0 1-1"},
    ),
    "a soft alignment": (
        "0 ||| a ||| 0.9,0.1 0.2,0.8 ||| F0= -1 ||| -2",
        {"text": "a", "score": -2, "features": {"F0": -1}, "alignment": "0.9,0.1 0.2,0.8"},
    ),
    "word scores": (
        "0 ||| a b ||| WordScores= -0.1 -0.2 -0.3 ||| F0= -1 ||| -2",
        {"text": "a b", "score": -2, "features": {"F0": -1}, "word_scores": [-0.1, -0.2, -0.3]},
    ),
    "alignment and word scores": (
        "0 ||| a ||| 0-0 ||| WordScores= -0.1 ||| F0= -1 ||| -2",
        {
            "text": "a",
            "score": -2,
            "features": {"F0": -1},
            "word_scores": [-0.1],
            "alignment": "0-0",
        },
    ),
    "an empty translation without an aligned word": (
        "0 |||  |||  ||| F0= -1 ||| -2",
        {"text": "", "score": -2, "features": {"F0": -1}, "alignment": ""},
    ),
    "a translation that looks like an alignment": (
        "0 ||| 0-0 ||| F0= -1 ||| -2",
        {"text": "0-0", "score": -2, "features": {"F0": -1}},
    ),
    "bars in the text": (
        "0 ||| a ||| b ||| F0= -1 ||| -2",
        {"text": "a ||| b", "score": -2, "features": {"F0": -1}},
    ),
}


@pytest.mark.parametrize(("line", "wanted"), LINES.values(), ids=LINES.keys())
def test_candidate(line: str, wanted: dict[str, Any]) -> None:
    assert marian_candidate(line) == wanted


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("0 ||| a", "no features and score at the end"),
        ("0 ||| a ||| -1", "no features and score at the end"),
        ("0 ||| a ||| F0= -1", "no features and score at the end"),
        ("0 ||| a ||| F0= -1 ||| -2 ||| 0-0", "no features and score at the end"),
        ("0 ||| a ||| F0= -1 ||| nan", "'nan' is not a finite number"),
        ("0 ||| a ||| WordScores= x ||| F0= -1 ||| -2", "word score 'x'"),
        ("a house", "no '|||'"),
        (" ||| a ||| F0= -1 ||| -2", "no id before"),
    ],
)
def test_what_is_no_line_of_marian_is_refused(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        marian_candidate(line)


@pytest.mark.parametrize(
    ("line", "own"),
    [
        ("0 ||| a ||| F0= -1 ||| -2", moses_nbest),  # either reads it alike
        ("0 ||| a ||| lm: -1 ||| -2", moses_nbest),
        ("0 ||| a ||| lm: -1 ||| -2 ||| 0-0", moses_nbest),
        ("0 ||| a ||| 0-0 ||| F0= -1 ||| -2", marian),
        ("0 ||| a ||| WordScores= -1 ||| F0= -1 ||| -2", marian),
        ("H-0\t-0.5\ta b\nD-0\t-0.5\tab", fairseq),
        ("0 ||| a house", None),
        ("a ||| b ||| c", None),
        ("hello there", None),
        ("H-0\t-0.5\tab", None),
    ],
)
def test_lists_are_told_apart_by_their_first_line(line: str, own: Any) -> None:
    for module in (moses_nbest, marian, fairseq):
        assert module.recognizes(f"{line}\n".encode()) is (module is own)
        assert module.recognizes(line.encode()) is (module is own and module is fairseq)
