"""Moses n-best lines: the spellings of versions of Moses and its kin, and writing them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.nbest.moses_nbest import candidate, writer

LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "text alone": ("0 ||| a b", {"text": "a b"}),
    "no space before the first bar": ("0||| a", {"text": "a"}),
    "an empty translation": (
        "0 ||| ||| w: 0 ||| -1",
        {"text": "", "score": -1, "features": {"w0": 0}},
    ),
    "features without score": (
        "0 ||| a ||| lm: -4 -5",
        {"text": "a", "features": {"lm0": -4, "lm1": -5}},
    ),
    "a score without features": ("0 ||| a ||| -4.5e-1", {"text": "a", "score": -0.45}),
    "features left empty": ("0 ||| a ||| ||| 2", {"text": "a", "score": 2}),
    "a word alignment": (
        "0 ||| a ||| w= 1 ||| 2 ||| 0-0 1-1",
        {"text": "a", "score": 2, "features": {"w0": 1}, "alignment": "0-0 1-1"},
    ),
    "alignments of phrases and words": (
        "0 ||| a ||| w= 1 ||| 2 ||| 0-1=0-1 ||| 0-0 1-1",
        {
            "text": "a",
            "score": 2,
            "features": {"w0": 1},
            "phrase_alignment": "0-1=0-1",
            "alignment": "0-0 1-1",
        },
    ),
    "equals signs for colons": (
        "0 ||| a ||| d= 0 -7.6 w= -9 ||| 1",
        {"text": "a", "score": 1, "features": {"d0": 0, "d1": -7.6, "w0": -9}},
    ),
    "names that Moses numbers": (
        "0 ||| a ||| Distortion0= -2 LM0= -3 LexicalReordering0= -1 0 ||| 1",
        {
            "text": "a",
            "score": 1,
            "features": {
                "Distortion0": -2,
                "LM0": -3,
                "LexicalReordering0_0": -1,
                "LexicalReordering0_1": 0,
            },
        },
    ),
    "one word a feature": (
        "0 ||| a ||| glue=-2 pt_0=.5 ||| 1",
        {"text": "a", "score": 1, "features": {"glue": -2, "pt_0": 0.5}},
    ),
    "a group in two parts": (
        "0 ||| a ||| lm: -1 d: 0 lm: -2",
        {"text": "a", "features": {"lm0": -1, "lm1": -2, "d0": 0}},
    ),
}


@pytest.mark.parametrize(("line", "wanted"), LINES.values(), ids=LINES.keys())
def test_candidate(line: str, wanted: dict[str, Any]) -> None:
    assert candidate(line) == wanted


def test_features_keep_their_order() -> None:
    found = candidate("0 ||| a ||| tm: 1 lm: 2 d: 3 w: 4")
    assert list(found["features"]) == ["tm0", "lm0", "d0", "w0"]


@pytest.mark.parametrize("word", ["1_000", "nan", "inf", "0x10", "١", "1,5"])
def test_what_python_or_locales_take_for_a_number_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="is not a finite number"):
        candidate(f"0 ||| a ||| d: 1 ||| {word}")


def written(record: dict[str, Any]) -> str:
    return writer(Layout()).write(record).decode().removesuffix("\n")


def test_what_moses_wrote_comes_back_byte_for_byte() -> None:
    line = "0 ||| das Haus ||| LM0= -3.5 Distortion0= 2 ||| -1.25 ||| 0-1=0-1 ||| 0-0 1-1"
    assert written({"id": "0", "nbest": [candidate(line)]}) == line


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="|\n\r\0"))
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(WORDS.map(lambda text: text.strip(" \t")), st.dictionaries(NAMES, NUMBERS), NUMBERS)
def test_any_candidate_comes_back(text: str, features: dict[str, float], score: float) -> None:
    record = {"text": text, "score": score, **({"features": features} if features else {})}
    assert candidate(written({"id": 7, "nbest": [record]})) == record


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"nbest": [{"text": "a"}]}, "field 'id' is no id"),
        ({"id": "0", "text": "a"}, "field 'nbest' is no list of candidates"),
        ({"id": "0", "nbest": []}, "field 'nbest' is no list of candidates"),
        ({"id": "0", "nbest": [{"text": "a ||| b"}]}, "holds '|||'"),
        ({"id": "0", "nbest": [{"text": "a\nb"}]}, "holds '\\n'"),
        ({"id": "0", "nbest": [{"text": 1}]}, "is a number, not a string"),
        ({"id": "0", "nbest": [{"text": "a", "features": {"a b": 1}}]}, "white space"),
        ({"id": "0", "nbest": [{"text": "a", "score": "1"}]}, "not a number"),
        ({"id": "0", "nbest": [{"text": "a", "score": 10**400}]}, "not a finite number"),
    ],
)
def test_what_a_line_cannot_hold_is_refused(record: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        written(record)
