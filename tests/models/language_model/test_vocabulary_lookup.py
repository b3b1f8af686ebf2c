"""Counting known words: the same as asking for each, whatever the words are."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.language_model.scoring import vocabulary_lookup
from dataselect.models.language_model.scoring.vocabulary_lookup import KnownWords

ALPHABET = "ab \t\n\x0b\x0c\r\x00\x1f\x7f\u00a0é"
WORDS = st.lists(st.text(st.sampled_from("abé"), min_size=1, max_size=20), max_size=6)
TEXTS = st.lists(
    st.one_of(st.text(st.sampled_from(ALPHABET), max_size=60), WORDS.map("  ".join)), max_size=8
)


def counted(counter: KnownWords, texts: Sequence[bytes]) -> list[tuple[int, int]]:
    words, known = counter.count(texts)
    return list(zip(words.tolist(), known.tolist(), strict=True))


@given(TEXTS, TEXTS, WORDS)
def test_counts_what_splitting_and_asking_would(
    first: list[str], second: list[str], vocabulary: list[str]
) -> None:
    known = {word.encode() for word in vocabulary}
    counter = KnownWords(known.__contains__)
    for texts in (first, second, [*second, *first]):
        encoded = [text.encode() for text in texts]
        expected = [
            (len(text.split()), sum(word in known for word in text.split())) for text in encoded
        ]
        assert counted(counter, encoded) == expected


def test_asks_once_for_each_word() -> None:
    asked: list[bytes] = []

    def knows(word: bytes) -> bool:
        asked.append(word)
        return word.startswith(b"a")

    counter = KnownWords(knows)
    long = b"a-word-of-more-than-sixteen-bytes"
    for _ in range(3):
        assert counted(counter, [b"a b", b"b " + long]) == [(2, 1), (2, 1)]
    assert sorted(asked) == [b"a", long, b"b"]


def test_words_that_share_a_slot_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary_lookup, "_SLOT_BITS", 1)
    words = [b"w%d" % number for number in range(50)]
    counter = KnownWords({*words[::2]}.__contains__)
    for _ in range(2):
        assert counted(counter, words) == [(1, 1), (1, 0)] * 25


def test_forgets_rather_than_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary_lookup, "_MOST_REMEMBERED", 3)
    counter = KnownWords({b"w1", b"w7"}.__contains__)
    words = [b"w%d" % number for number in range(10)]
    assert [known for _, known in counted(counter, words)] == [0, 1, 0, 0, 0, 0, 0, 1, 0, 0]


def test_texts_that_begin_alike_for_sixteen_bytes_are_told_apart() -> None:
    start = b"0123456789abcdef"
    counter = KnownWords({start, start + b"x"}.__contains__)
    texts = [start, start + b"x", start + b"y", start[:-1]]
    assert counted(counter, texts) == [(1, 1), (1, 1), (1, 0), (1, 0)]


def test_words_are_looked_up_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [b"play some jazz", b"", b"jazz " * 7, b"rain some"]
    whole = KnownWords({b"play", b"jazz"}.__contains__).count(texts)
    for portion in 1, 2, 5:
        monkeypatch.setattr(vocabulary_lookup, "_AT_ONCE", portion)
        found = KnownWords({b"play", b"jazz"}.__contains__).count(texts)
        assert [each.tolist() for each in found] == [each.tolist() for each in whole]
