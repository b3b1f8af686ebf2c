"""The words of language models: split as KenLM splits, and numbered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.language_model import vocabulary
from dataselect.models.language_model.vocabulary import (
    BEGIN,
    END,
    MARKERS,
    Vocabulary,
    sentence,
    split,
)

TEXT = st.text(st.sampled_from("ab< >/sunkU\0\t\n\u00a0\u3000é"), max_size=30)


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "play some jazz": [b"play", b"some", b"jazz"],
        " a\tb\nc\x0bd\x0ce\rf ": [b"a", b"b", b"c", b"d", b"e", b"f"],
        "nul\0cuts": [b"nul", b"cuts"],
        "a\u00a0b\u3000c\u2028d": [b"a", b"b", b"c", b"d"],
        "<s> </s> <unk> <UNK>": [b"&lt;s&gt;", b"&lt;/s&gt;", b"&lt;unk&gt;", b"&lt;UNK&gt;"],
        "<s>x <S> <unk>. < s >": [b"<s>x", b"<S>", b"<unk>.", b"<", b"s", b">"],
        "": [],
    }.items(),
)
def test_splits(text: str, words: list[bytes]) -> None:
    assert split(text) == words


@given(st.lists(TEXT, max_size=5))
def test_a_text_is_one_sentence_and_never_holds_a_marker(texts: list[str]) -> None:
    vocabulary = Vocabulary()
    tokens = vocabulary.encode(texts, grow=True).tolist()
    assert tokens.count(BEGIN) == tokens.count(END) == len(texts)
    for text in texts:
        assert sentence(text).split() == split(text)
        assert not {*MARKERS, b"<UNK>"} & {*split(text)}


@given(st.lists(TEXT, max_size=5), st.lists(TEXT, max_size=5))
def test_a_word_keeps_its_number(first: list[str], second: list[str]) -> None:
    vocabulary = Vocabulary()
    before = vocabulary.encode(first, grow=True).tolist()
    vocabulary.encode(second, grow=True)
    assert vocabulary.encode(first).tolist() == before
    words = vocabulary.words
    assert [vocabulary.number(word) for word in words] == list(range(len(words)))


def test_unknown_words_stay_unknown_unless_it_grows() -> None:
    vocabulary = Vocabulary([b"play"])
    assert vocabulary.encode(["play jazz"]).tolist() == [1, 3, 0, 2]
    assert len(vocabulary) == 4


@pytest.mark.parametrize("at_once", [1, 2, 5, 20])
def test_a_long_text_is_numbered_some_words_at_a_time(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["play  some\tjazz ", "", "<s> play\nit in an extraordinarily small room", "  "]
    whole, parts = Vocabulary(), Vocabulary()
    expected = whole.encode(texts, grow=True)
    monkeypatch.setattr(vocabulary, "_BYTES_AT_ONCE", at_once)
    np.testing.assert_array_equal(parts.encode(texts, grow=True), expected)
    assert parts.words == whole.words
