"""Texts as numbers, and what is measured of them: coverage, distinct n-grams, likeness."""

import random
from collections import Counter
from itertools import combinations
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as reference_entropy
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from dataselect.analysis.compare.diversity_statistics import (
    distinct,
    duplicates,
    entropy,
    self_similarity,
)
from dataselect.models.language_model.corpus import TokenizedCorpus
from dataselect.models.language_model.development_set import DevelopmentSet
from dataselect.models.language_model.vocabulary import Vocabulary

TEXTS = ["play jazz", "play jazz", "play it again and play it", "again"]

texts = st.lists(st.lists(st.sampled_from("abcdé"), max_size=6).map(" ".join), max_size=8)


def corpus(texts: list[str]) -> TokenizedCorpus:
    return TokenizedCorpus.encoded([texts], Vocabulary())


def runs(text: str, n: int) -> list[tuple[str, ...]]:
    words = text.split()
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]


@given(texts, texts)
def test_texts_come_back_from_any_part(first: list[str], second: list[str]) -> None:
    vocabulary = Vocabulary()
    both = TokenizedCorpus.encoded([first, second], vocabulary)
    kept = np.arange(len(both)) % 2 == 0
    assert both.texts(vocabulary) == first + second
    assert both.part(kept).texts(vocabulary) == (first + second)[::2]
    assert (len(both), both.words) == (len(first + second), len(" ".join(first + second).split()))


@given(texts)
def test_texts_have_equal_keys_where_their_words_are_equal(given: list[str]) -> None:
    keys = corpus(given).keys().tolist()
    for (one, key), (other, other_key) in combinations(zip(given, keys, strict=True), 2):
        assert (one.split() == other.split()) == (key == other_key)


@given(texts, st.integers(1, 3))
def test_ngrams_stay_inside_their_text(given: list[str], n: int) -> None:
    expected = [(run, place) for place, text in enumerate(given) for run in runs(text, n)]
    found = corpus(given)
    hashes, owners = found.ngrams(n).tolist(), found.text_numbers(n).tolist()
    assert owners == [place for _, place in expected]
    names = dict(zip(hashes, [run for run, _ in expected], strict=True))
    assert [names[each] for each in hashes] == [run for run, _ in expected]
    assert len(names) == len({run for run, _ in expected})


def test_text_of_a_second_corpus_is_found_whatever_its_spaces() -> None:
    vocabulary = Vocabulary()
    first = TokenizedCorpus.encoded([TEXTS], vocabulary)
    second = TokenizedCorpus.encoded([["play  jazz ", "Play jazz", "jazz play"]], vocabulary)
    assert (first.copies_of(second), second.copies_of(first)) == (2, 1)


def test_coverage_by_hand() -> None:
    vocabulary = Vocabulary()
    dev = TokenizedCorpus.encoded([["play it now", "play jazz"]], vocabulary)
    train = TokenizedCorpus.encoded([["play it", "some jazz"]], vocabulary)
    beside = TokenizedCorpus.encoded([["it now"]], vocabulary)
    trial = DevelopmentSet(vocabulary, dev)
    assert [trial.coverage(train, n) for n in (1, 2, 3)] == [4 / 5, 1 / 3, 0]
    assert DevelopmentSet(vocabulary, dev, beside).coverage(train, 2) == 2 / 3
    assert DevelopmentSet(vocabulary, train).coverage(dev, 3) is None


def test_distinct_ngrams_by_hand() -> None:
    # Words: play jazz play jazz play it again and play it again; 2-grams: play jazz twice,
    # play it twice, it again, again and, and play.
    found = corpus(TEXTS)
    assert distinct(found, 1) == 5 / 11
    assert distinct(found, 2) == 5 / 7
    assert distinct(found, 3) == 1
    assert distinct(found, 7) is None


def test_duplicates_are_texts_with_the_words_of_an_earlier_one() -> None:
    assert duplicates(corpus([*TEXTS, " play   jazz", "Play jazz", "jazz play"])) == 2 / 7
    assert duplicates(corpus([])) is None


def test_self_similarity_by_hand() -> None:
    # "play jazz" has 3 grams, "play it" 3, one in common; "stop" has nothing in common.
    assert self_similarity(corpus(["play jazz", "play it"])) == pytest.approx(1 / 3)
    assert self_similarity(corpus(["play jazz", "play it", "stop"])) == pytest.approx(1 / 9)
    assert self_similarity(corpus(["a b", "a b"])) == pytest.approx(1)
    assert self_similarity(corpus(["a b"])) is None


def test_self_similarity_is_the_mean_cosine_of_scikit_learn() -> None:
    draw = random.Random(0)
    given = [" ".join(draw.choices("abcdefgh", k=draw.randint(1, 9))) for _ in range(40)]
    counts = CountVectorizer(ngram_range=(1, 2), token_pattern=r"\w").fit_transform(given)
    pairs = cosine_similarity(counts)[~np.eye(len(given), dtype=bool)]
    assert self_similarity(corpus(given)) == pytest.approx(pairs.mean())


@given(texts)
def test_self_similarity_does_not_depend_on_the_order(given: list[str]) -> None:
    one, other = self_similarity(corpus(given)), self_similarity(corpus(given[::-1]))
    assert one == pytest.approx(other, abs=1e-12) if one is not None else other is None


def test_entropy_by_hand_and_by_scipy() -> None:
    assert entropy([3]) == 0
    assert entropy([1, 1, 1, 1]) == 2
    assert entropy([3, 1, 0]) == pytest.approx(-(0.75 * log2(0.75) + 0.25 * log2(0.25)))
    counts = list(Counter("the labels of some records").values())
    assert entropy(counts) == pytest.approx(reference_entropy(counts, base=2))
