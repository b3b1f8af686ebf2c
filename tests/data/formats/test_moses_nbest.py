"""Moses n-best lines: the spellings that versions of Moses and its kin have used."""

from typing import Any

import pytest

from dataselect.data.formats.moses_nbest import candidate

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
    "alignments are passed over": (
        "0 ||| a ||| w= 1 ||| 2 ||| 0-0 1-1",
        {"text": "a", "score": 2, "features": {"w0": 1}},
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
