"""Tokens that slots are made of, in any script and Unicode form."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.annotations import Slot
from dataselect.models.normalization import composed
from dataselect.models.slot_tagger.slot_tokens import Tokenizer

TOKENIZER = Tokenizer()


def forms(text: str, tokenizer: Tokenizer = TOKENIZER) -> list[str]:
    return [token.form for token in tokenizer(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("play adele's song", ["play", "adele", "'s", "song"]),
        ("wake me at 7:30pm", ["wake", "me", "at", "7", ":", "30pm"]),
        ("co\u00adop \u200fnow", ["coop", "now"]),
        ("明日の東京", ["明", "日", "の", "東", "京"]),
        ("カフェへgo", ["カ", "フ", "ェ", "へ", "go"]),
        ("น้ำมัน", ["น้", "ำ", "มั", "น"]),
        ("हिंदी गाने", ["हिंदी", "गाने"]),
        ("한국어 노래", ["한국어", "노래"]),
        ("(jazz!)", ["(", "jazz", "!", ")"]),
        ("a\u200bb", ["a", "b"]),
        ("  ", []),
    ],
)
def test_tokens_of_scripts(text: str, expected: list[str]) -> None:
    assert forms(text) == expected


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from("aé가が\u0301\u0323 '’ーก้明_1\u00ad"), max_size=12),
)


@given(TEXTS)
def test_offsets_are_those_of_the_text_as_it_is(text: str) -> None:
    found = TOKENIZER(text)
    ends = [0, *[token.end for token in found]]
    for token, before in zip(found, ends, strict=False):
        assert before <= token.start < token.end <= len(text)
        assert composed(text[token.start : token.end]) == token.form
    between = zip([0, *[t.end for t in found]], [*[t.start for t in found], len(text)], strict=True)
    assert all(not composed(text[start:end]).strip() for start, end in between)


@given(TEXTS)
def test_canonically_equal_texts_have_equal_tokens(text: str) -> None:
    assert forms(normalize("NFD", text)) == forms(normalize("NFC", text))


def test_edges_of_slots_cut_tokens() -> None:
    assert [t.form for t in TOKENIZER("in Berlins Mitte", [3, 9])] == ["in", "Berlin", "s", "Mitte"]
    assert [t[1:] for t in TOKENIZER("play\u00ad it", [4])] == [(0, 5), (6, 8)]


def test_what_most_annotated_words_are_cut_at_is_cut_off_others() -> None:
    texts = ["wake me at 7pm", "wake me at 9pm", "İstanbul'da hava", "call tom"]
    slots = [
        [Slot("hour", 11, 12, "7")],
        [Slot("hour", 11, 12, "9")],
        [Slot("city", 0, 8, "İstanbul")],
        [Slot("who", 5, 8, "tom")],
    ]
    learnt = Tokenizer.fit(texts, slots)
    assert learnt.tails == {"pm"}
    assert forms("at 12pm, tom", learnt) == ["at", "12", "pm", ",", "tom"]
    once = Tokenizer.fit([*texts, "the 4pm 5pm 6pm show"], [*slots, []])
    assert not once.tails
