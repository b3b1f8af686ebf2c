"""Copies of long texts: what they have in common is found a piece at a time."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models import near_duplicates


def test_pieces_are_as_good_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(3)
    parts = ["Play", "don't", "'", "...", " ", "  ", "\t", "é", "e\u0301", "ẞ", "\u0301", "x", "-"]
    texts = [" ".join(draw.choices(parts, k=draw.randint(1, 9))) for _ in range(2_000)]
    whole = list(map(near_duplicates.canonical, texts))
    for piece in 1, 3, 7:
        monkeypatch.setattr(near_duplicates, "_PIECE", piece)
        assert list(map(near_duplicates.canonical, texts)) == whole


PIECES = ["a", "b", "O'", "'", "''", " ", ".", "\n", "\t", "é", "e\u0301", "ß", "SS", "…", "\u2019"]
PIECES += ["1", "_", "\x00", "x" * 600, "\u200d", "中", "\ud800"]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=12))
def test_texts_have_the_same_key_if_their_canonical_form_is_the_same(texts: list[str]) -> None:
    forms = list(map(near_duplicates.canonical, texts))
    keys = near_duplicates.text_keys(texts).tolist()
    assert [keys.index(key) for key in keys] == [forms.index(form) for form in forms]
    assert keys == [int(near_duplicates.text_keys([text])[0]) for text in texts]
