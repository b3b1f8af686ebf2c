"""Offsets: in which units they count, and whether they cut words."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data import text_offsets
from dataselect.data.text_offsets import Unit, cut_words, in_characters, length_in

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def test_examples() -> None:
    assert doctest.testmod(text_offsets).failed == 0


@given(TEXTS, st.data(), st.sampled_from(["UTF-16 units", "bytes"]))
def test_offsets_of_any_part_come_back(text: str, data: st.DataObject, unit: Unit) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    first, last = length_in(unit, text[:start]), length_in(unit, text[:end])
    assert in_characters(text, first, last, unit) == (start, end)


@pytest.mark.parametrize(
    ("start", "end", "unit"),
    [(1, 2, "UTF-16 units"), (0, 1, "UTF-16 units"), (2, 3, "UTF-16 units"), (3, 3, "bytes")],
)
def test_offsets_inside_a_character_or_outside_the_text_are_none(
    start: int, end: int, unit: Unit
) -> None:
    assert in_characters("\U0001f3b5", start, end, unit) is None


@pytest.mark.parametrize(
    ("text", "start", "end", "cut"),
    [
        ("play jazz", 5, 8, True),
        ("play jazz", 4, 9, False),
        ("room 101", 5, 7, True),
        ("5pm", 0, 1, False),
        ("\u64ad\u653e\u97f3\u4e50", 2, 4, False),
        ("\u05d4\u05d1\u05d9\u05ea", 1, 4, False),
    ],
    ids=["letters", "blanks", "digits", "a digit and a letter", "Chinese", "a Hebrew article"],
)
def test_words_are_cut_between_cased_letters_and_between_digits(
    text: str, start: int, end: int, cut: bool
) -> None:
    assert cut_words(text, start, end) is cut
