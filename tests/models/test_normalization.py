"""Text normalisation: what stays, what goes, and that it is stored and read back."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.normalization import Normalization, composed

PLAIN = Normalization()
SPOKEN = Normalization(lowercase=True, punctuation="remove", unknown="<unk>")

# What is normalised, and what becomes of it.
CASES = {
    "case and punctuation go": ("Play, JAZZ!", "play jazz"),
    "an apostrophe inside a word stays": ("don't", "don't"),
    "a typographic apostrophe becomes the plain one": ("don\u2019t", "don't"),
    "quotation marks go": ("'play' 'em' ''now''", "play em now"),
    "an apostrophe by itself goes": ("rock ' roll", "rock roll"),
    "digits of any script stay": ("7 ٣ ५", "7 ٣ ५"),
    "marks stay with their letters": ("हिन्दी वाक्य।", "हिन्दी वाक्य"),
    "an accent is composed with its letter": ("cafe\u0301", "caf\u00e9"),
    "a soft hyphen parts nothing": ("so\u00adphie", "sophie"),
    "a letter of two cases is composed in either": ("J\u030c", "\u01f0"),
    "a joiner without width stays inside a word": ("می\u200cخواهم", "می\u200cخواهم"),
    "a joiner without width goes elsewhere": ("\u200dplay\u200c now", "play now"),
    "a hyphen and an underscore part words": ("hip-hop_now", "hip hop now"),
    "symbols go": ("50€ ☺ a+b", "50 a b"),
    "white space is squeezed": ("\t play \u00a0\u3000 jazz\n", "play jazz"),
    "the unknown word stays": ("<unk> Play <unk>", "<unk> play <unk>"),
    "two unknown words in a row stay": ("<unk> <unk>", "<unk> <unk>"),
    "the unknown word is one by itself only": ("x<unk> <unk>, <UNK>", "x unk unk unk"),
    "nothing stays of punctuation alone": ("... ?!", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_normalised_by_hand(case: str) -> None:
    text, expected = CASES[case]
    assert SPOKEN(text) == expected


@given(st.text())
def test_nothing_but_the_form_changes_unless_asked(text: str) -> None:
    assert PLAIN(text) == composed(text)
    assert PLAIN(PLAIN(text)) == PLAIN(text)


@given(st.text())
def test_case_alone_is_that_of_python(text: str) -> None:
    found = Normalization(lowercase=True)(text)
    assert found == unicodedata.normalize("NFC", composed(text).lower())


def test_white_space_stays_beside_an_unknown_word() -> None:
    assert Normalization(lowercase=True, unknown="<UNK>")(" A  <UNK>\tB ") == " a  <UNK>\tb "


ALPHABET = st.text(alphabet="aB7 '\u2019\u200c-é\u0301<unk>,\n", max_size=20)


@given(
    st.lists(st.one_of(ALPHABET, st.just("<unk>"), st.text(max_size=6)), max_size=6).map(" ".join)
)
def test_normalising_again_changes_nothing(text: str) -> None:
    assert SPOKEN(SPOKEN(text)) == SPOKEN(text)


@given(st.lists(ALPHABET, max_size=5))
def test_words_are_normalised_one_by_one(words: list[str]) -> None:
    apart = " ".join(SPOKEN(word) for text in words for word in text.split())
    assert SPOKEN(" ".join(words)).split() == apart.split()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"lowercase": 1}, "'lowercase' is 1"),
        ({"punctuation": "some"}, "'punctuation' is 'some'; give keep or remove"),
        ({"unknown": "<u n k>"}, "one token without spaces"),
        ({"unknown": ""}, "one token without spaces"),
        ({"unknown": 7}, "one token without spaces"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Normalization(**wrong)


def test_signatures_tell_what_was_done() -> None:
    assert [str(PLAIN), str(SPOKEN)] == ["none", "lower+nopunct+unknown=<unk>"]
