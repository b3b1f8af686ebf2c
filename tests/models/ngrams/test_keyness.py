"""N-grams that tell two samples apart."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.ngrams import keyness
from dataselect.models.ngrams.keyness import contrasts, weighted_log_odds

HERE = Counter({"a": 5, "b": 3, "d": 2})
THERE = Counter({"a": 1, "b": 4, "c": 6, "d": 9})
# What FightingWords (Jack Hessel's implementation of the paper) gives for these counts, with the
# frequencies of both samples, ten in all, as its vector of priors.
REFERENCE = [2.2870077, 0.5217602, -1.4997085, -1.2155574]


def test_the_formula_by_hand() -> None:
    # Of "a" and "b" 3 + 1 and 1 + 3 occurrences; a prior of 4 adds 2 to each.
    a, b = weighted_log_odds(Counter(a=3, b=1), Counter(a=1, b=3), prior=4)
    expected = (math.log(5 / 3) - math.log(3 / 5)) / math.sqrt(1 / 5 + 1 / 3)
    assert (a.ngram, a.here, a.there) == ("a", 3, 1)
    assert a.z_score == pytest.approx(expected)
    assert b.z_score == pytest.approx(-expected)


def test_the_reference_implementation_agrees() -> None:
    found = weighted_log_odds(HERE, THERE, prior=10)
    assert [each.ngram for each in found] == ["a", "b", "c", "d"]
    assert [each.z_score for each in found] == pytest.approx(REFERENCE, abs=1e-6)


def test_a_single_item_tells_nothing_apart() -> None:
    assert [each.z_score for each in weighted_log_odds(Counter(a=3), Counter(a=1))] == [0]


@given(*[st.dictionaries(st.sampled_from("abcde"), st.integers(1, 50), min_size=1)] * 2)
def test_exchanging_the_samples_turns_the_signs(
    here: dict[str, int], there: dict[str, int]
) -> None:
    forth = weighted_log_odds(Counter(here), Counter(there))
    back = weighted_log_odds(Counter(there), Counter(here))
    assert [each.z_score for each in back] == pytest.approx([-each.z_score for each in forth])


def test_words_and_pairs_of_words_are_compared_each_with_its_kind() -> None:
    found = contrasts(["Play some jazz!", "play it"], ["it rained"])
    assert (found[0].ngram, found[0].here, found[0].there) == ("play", 2, 0)
    assert found[-1].ngram in ("it rained", "rained")
    assert {each.ngram for each in found} == {
        *("play", "some", "jazz", "it", "rained"),
        *("play some", "some jazz", "play it", "it rained"),
    }
    alone = weighted_log_odds(Counter(play=2, some=1, jazz=1, it=1), Counter(it=1, rained=1))
    assert next(each for each in alone if each.ngram == "play") in found


@pytest.mark.parametrize("texts", [[], ["..."]])
def test_without_words_there_is_nothing_to_compare(texts: list[str]) -> None:
    assert contrasts(["play jazz"], texts) == []


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=6).map(" ".join), max_size=6),
    st.integers(1, 5),
)
def test_words_are_counted_few_at_a_time_as_all_at_once(texts: list[str], at_once: int) -> None:
    other = ["a b", "c a"]
    expected = contrasts(texts, other, order=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyness, "_WORDS_AT_ONCE", at_once)
        assert contrasts(texts, other, order=3) == expected
