"""Hashed n-grams: what counts as a word, and that batches change nothing."""

import pickle
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.ngrams import ngrams as ngrams_module
from dataselect.models.ngrams import tokens
from dataselect.models.ngrams.ngrams import Analyzer, Ngrams
from dataselect.models.ngrams.tokens import word_spans
from dataselect.models.relevance.weights import NgramWeights

TEXTS = st.lists(st.text(max_size=40), max_size=8)


def words(text: str, **options: object) -> list[str]:
    return [ngram for _, ngram in Ngrams(order=1, **options).strings(text)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Play  Adele!", ["play", "adele"], id="punctuation and runs of spaces part"),
        pytest.param("don't 'quote'", ["don't", "quote"], id="an apostrophe inside a word stays"),
        pytest.param("don\u2019t", ["don't"], id="a typographic apostrophe is an apostrophe"),
        pytest.param("«olá» — mundo…", ["olá", "mundo"], id="typographic punctuation parts"),
        pytest.param("नमस्ते दुनिया", ["नमस्ते", "दुनिया"], id="Hindi vowel signs belong to words"),
        pytest.param("a\u2028b\u00a0c\nd", ["a", "b", "c", "d"], id="Unicode spaces part"),
        pytest.param("e\u0301t\u00e9", ["été"], id="composed and decomposed letters are the same"),
        pytest.param("ÉTÉ", ["été"], id="case is ignored beyond ASCII"),
        pytest.param("a\0b", ["a", "b"], id="NUL parts"),
        pytest.param("a" * 40, ["a" * 40], id="a long word is one word"),
        pytest.param("...", [], id="punctuation alone has no words"),
        pytest.param("7 days", ["7", "days"], id="one-character words count"),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_case_can_be_kept() -> None:
    assert words("Play", lowercase=False) == ["Play"]


def test_characters_of_chinese_with_runs_of_spaces_as_one() -> None:
    found = [ngram for _, ngram in Ngrams(order=2, analyzer="char").strings("播放  歌")]
    assert found == ["播", "放", " ", "歌", "播放", "放 ", " 歌"]


def test_ngrams_by_hand() -> None:
    found = [ngram for _, ngram in Ngrams(order=3).strings("a b c d")]
    assert found == ["a", "b", "c", "d", "a b", "b c", "c d", "a b c", "b c d"]


def test_buckets_are_the_same_on_every_machine() -> None:
    """A change here breaks every saved model."""
    assert Ngrams().strings("play adele") == [
        (1901921, "play"),
        (Ngrams().strings("adele")[0][0], "adele"),
        (Ngrams().strings("play adele")[2][0], "play adele"),
    ]


@pytest.mark.parametrize("length", [7, 8, 9, 15, 16, 17, 24, 25])
def test_words_that_differ_in_their_last_byte_differ(length: int) -> None:
    first, second = (Ngrams().tokens(["x" * (length - 1) + end]).hashes[0] for end in "ab")
    assert first != second


@given(TEXTS, st.sampled_from(["word", "char"]))
def test_a_batch_has_the_ngrams_of_its_texts(texts: list[str], analyzer: str) -> None:
    ngrams = Ngrams(analyzer=analyzer, bits=12)  # type: ignore[arg-type]
    counts = ngrams.matrix(texts)
    for row, text in enumerate(texts):
        alone = ngrams.matrix([text])
        start, end = counts.indptr[row], counts.indptr[row + 1]
        assert sorted(counts.indices[start:end]) == sorted(alone.indices)
        assert counts.data[start:end].sum() == len(ngrams.strings(text))


@given(TEXTS, st.integers(1, 3))
def test_sums_are_those_of_the_matrix_exactly(texts: list[str], sets: int) -> None:
    ngrams = Ngrams(bits=12)
    counts = ngrams.matrix([*texts, "play some jazz"])
    buckets = np.unique(counts.indices).astype(np.intp)[::2]  # some were never seen
    drawn = np.random.default_rng(0).normal(size=(sets, len(buckets)))
    weights = NgramWeights.of(ngrams, buckets, drawn)
    sums, lengths = weights.sums(texts)
    expected = counts[: len(texts)] @ weights.of_buckets(np.arange(1 << ngrams.bits)).T
    np.testing.assert_array_equal(sums, expected.T)
    np.testing.assert_array_equal(lengths, np.diff(ngrams.tokens(texts).bounds))


@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_columns_are_those_of_the_matrix_that_occur(analyzer: Analyzer) -> None:
    ngrams, texts = Ngrams(analyzer=analyzer), ["a b a b", "", "b c é"]
    counts, buckets, orders, totals = ngrams.columns(texts)
    expected = ngrams.matrix(texts)
    np.testing.assert_array_equal(buckets, np.unique(expected.indices))
    np.testing.assert_array_equal(counts.toarray(), expected[:, buckets].toarray())
    np.testing.assert_array_equal(totals, np.diff(ngrams.tokens(texts).bounds))
    glue = 1 if analyzer == "char" else 2  # an n-gram of words has n - 1 spaces
    longest = {bucket: (len(spelt) + glue - 1) // glue for bucket, spelt in spelled(ngrams, texts)}
    assert orders.tolist() == [longest[bucket] for bucket in buckets.tolist()]


def spelled(ngrams: Ngrams, texts: list[str]) -> list[tuple[int, str]]:
    return [each for text in texts for each in ngrams.strings(text)]


def test_pickles_are_small_and_score_the_same() -> None:
    ngrams = Ngrams()
    buckets = np.unique(ngrams.matrix(["a b c"]).indices).astype(np.intp)
    weights = NgramWeights.of(ngrams, buckets, np.ones((1, len(buckets))))
    before = weights.sums(["a b"])[0]
    pickled = pickle.dumps(weights)
    assert len(pickled) < 2_000
    np.testing.assert_array_equal(pickle.loads(pickled).sums(["a b"])[0], before)


@given(TEXTS, st.integers(1, 9), st.booleans())
def test_characters_that_are_read_in_pieces_are_the_same(
    texts: list[str], at_once: int, lowercase: bool
) -> None:
    ngrams = Ngrams(analyzer="char", lowercase=lowercase)
    expected = ngrams.tokens(texts), ngrams.strings(" ".join(texts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_AT_ONCE", at_once)
        found = ngrams.tokens(texts), ngrams.strings(" ".join(texts))
    for one, other in zip(found[0], expected[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert found[1] == expected[1]


@given(st.text())
def test_words_are_made_of_letters_marks_digits_and_symbols(text: str) -> None:
    for word in words(text):
        for character in word.replace("'", ""):
            assert unicodedata.category(character)[0] in "LMNSC"
            assert not character.isspace()


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("sets", [1, 2])
def test_texts_that_are_read_in_pieces_score_the_same(
    size: int, sets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["play a b c", "", "don't 'stop' ''it''", "caf\u00e9 \u091c\u093c", "a\nb", "x" * 30]
    ngrams = Ngrams(bits=12)
    spans, (hashes, bounds) = word_spans(texts, lowercase=True), ngrams.tokens(texts)
    buckets = np.unique(ngrams.matrix(texts).indices).astype(np.intp)
    drawn = np.random.default_rng(0).normal(size=(sets, len(buckets)))
    weights = NgramWeights.of(ngrams, buckets, drawn)
    whole = weights.sums(texts)
    monkeypatch.setattr(tokens, "_AT_ONCE", size)
    monkeypatch.setattr("dataselect.models.relevance.weights._AT_ONCE", size)
    for found, expected in zip(word_spans(texts, lowercase=True), spans, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(ngrams.tokens(texts).hashes, hashes)
    np.testing.assert_array_equal(ngrams.tokens(texts).bounds, bounds)
    for found, expected in zip(weights.sums(texts), whole, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_largest_weights_do_not_overflow() -> None:
    ngrams = Ngrams(order=3, bits=12)
    buckets = np.unique(ngrams.matrix(["a b c"]).indices).astype(np.intp)
    weights = NgramWeights.of(ngrams, buckets, np.full((1, len(buckets)), 2047.0))
    assert weights.sums(["a b c"])[0].tolist() == [[6 * 2047.0]]


@given(TEXTS.filter(bool), st.sampled_from(["word", "char"]), st.integers(1, 9))
def test_ngrams_of_few_tokens_at_a_time_are_those_of_all(
    texts: list[str], analyzer: Analyzer, at_once: int
) -> None:
    ngrams = Ngrams(analyzer=analyzer, bits=12)
    expected, matrix = ngrams.columns(texts), ngrams.matrix(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams_module, "_AT_ONCE", at_once)
        found, of_pieces = ngrams.columns(texts), ngrams.matrix(texts)
    np.testing.assert_array_equal(found.buckets, expected.buckets)
    np.testing.assert_array_equal(found.orders, expected.orders)
    for one, other in (found.counts, expected.counts), (of_pieces, matrix):
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_array_equal(one.indptr, other.indptr)
        np.testing.assert_array_equal(one.data, other.data)


@given(TEXTS.filter(bool), st.sampled_from(["word", "char"]), st.integers(1, 9))
def test_a_bucket_is_spelt_as_the_first_of_its_shortest_ngrams(
    texts: list[str], analyzer: Analyzer, at_once: int
) -> None:
    ngrams = Ngrams(analyzer=analyzer, bits=4)
    expected = {
        (row, bucket): spelt
        for row, text in enumerate(texts)
        for bucket, spelt in reversed(ngrams.strings(text))
    }
    some = list(expected)[::2]
    owners, buckets = np.array(some, np.intp).reshape(-1, 2).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams_module, "_AT_ONCE", at_once)
        assert ngrams.spellings(texts, owners, buckets) == [expected[each] for each in some]
