"""Copies of long texts: what they have in common is found a piece at a time."""

import random

import pytest

from dataselect.models import near_duplicates


def test_pieces_are_as_good_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(3)
    parts = ["Play", "don't", "'", "...", " ", "  ", "\t", "é", "e\u0301", "ẞ", "\u0301", "x", "-"]
    texts = [" ".join(draw.choices(parts, k=draw.randint(1, 9))) for _ in range(2_000)]
    whole = list(map(near_duplicates.canonical, texts))
    for piece in 1, 3, 7:
        monkeypatch.setattr(near_duplicates, "_PIECE", piece)
        assert list(map(near_duplicates.canonical, texts)) == whole
