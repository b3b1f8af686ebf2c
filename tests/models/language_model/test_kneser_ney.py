"""Estimation: against figures worked out on paper, against those of lmplz, and as a whole."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import InputError, OptionError
from dataselect.models.language_model import arpa
from dataselect.models.language_model.backoff import BackoffModel
from dataselect.models.language_model.discounts import FALLBACK
from dataselect.models.language_model.kneser_ney import Estimate, estimate, pruning
from dataselect.models.language_model.trainers import train
from dataselect.models.language_model.vocabulary import Vocabulary

LMPLZ = Path(__file__).parent / "lmplz"
"""A corpus, and what lmplz made of it: `lmplz -o 5 --discount_fallback`, and with pruning."""

Listed = dict[tuple[str, ...], tuple[float, float]]


def listed(model: BackoffModel) -> Listed:
    """Each n-gram, in words, to its log-probability and back-off, as the ARPA file has them."""
    found: Listed = {}
    for line in b"".join(arpa.write(model)).decode().splitlines():
        number, *rest = line.split("\t")
        if rest:
            found[tuple(rest[0].split(" "))] = float(number), float(rest[1] if rest[1:] else 0)
    return found


def probability(model: Listed, word: str, history: tuple[str, ...]) -> float:
    """By the definition of a back-off model."""
    if (*history, word) in model:
        return math.pow(10, model[(*history, word)][0])
    _, backoff = model.get(history, (0.0, 0.0))
    return math.pow(10, backoff) * probability(model, word, history[1:])


# -- by hand ----------------------------------------------------------------------------------

# Two sentences, "a b" and "a". Discounts fall back to 0.5, 1, 1.5. Every word is as likely as
# 1/4 to begin with: a, b, </s> and <unk>.
#   Unigrams are counted by their left neighbours: a 1 (<s>), b 1 (a), </s> 2 (b, a); 4 in all.
#     Discounting frees 0.5 + 0.5 + 1 = 2 of 4, which is shared evenly, 0.125 each.
#   Bigrams are counted as they are. After <s>: a 2. After a: b 1, </s> 1. After b: </s> 1.
#     Discounting frees half of each.
BY_HAND = {
    ("<unk>",): (0.125, 1),
    ("<s>",): (1, 0.5),
    ("a",): (0.5 / 4 + 0.125, 0.5),
    ("b",): (0.5 / 4 + 0.125, 0.5),
    ("</s>",): (1 / 4 + 0.125, 1),
    ("<s>", "a"): (1 / 2 + 0.5 * 0.25, 1),
    ("a", "b"): (0.5 / 2 + 0.5 * 0.25, 1),
    ("a", "</s>"): (0.5 / 2 + 0.5 * 0.375, 1),
    ("b", "</s>"): (0.5 / 1 + 0.5 * 0.375, 1),
}


def test_bigrams_worked_out_on_paper() -> None:
    found = listed(train(["a b", "a"], order=2).model)
    assert found.keys() == BY_HAND.keys()
    for ngram, expected in BY_HAND.items():
        assert found[ngram] == pytest.approx([math.log10(each) for each in expected], abs=1e-7)


def test_pruned_bigrams_leave_their_mass_to_the_back_off() -> None:
    # Only "<s> a" is seen twice. After a and b nothing is left: all comes from the unigrams.
    found = listed(train(["a b", "a"], order=2, prune=[0, 1]).model)
    assert found["a",][1] == found["b",][1] == 0
    assert [ngram for ngram in found if len(ngram) == 2] == [("<s>", "a")]
    assert found["<s>", "a"][0] == pytest.approx(math.log10(0.625), abs=1e-7)


def test_discounts_worked_out_on_paper() -> None:
    # Words seen once: 6, twice: 3, three times: 2, four times: 1, so the closed form has
    # Y = 6 / (6 + 2 * 3) = 1/2, D1 = 1 - 2Y * 3/6, D2 = 2 - 3Y * 2/3, D3 = 3 - 4Y * 1/2.
    counts = [1] * 6 + [2] * 3 + [3] * 2 + [4]
    texts = [f"w{number}" for number, count in enumerate(counts) for _ in range(count)]
    made = train(texts, order=1)
    assert made.discounts[0] == pytest.approx((0.5, 1.0, 2.0))
    assert made.fallbacks == ()


# -- by lmplz ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "order", "prune"),
    [("order5.arpa", 5, []), ("pruned.arpa", 3, [0, 1, 2]), ("order1.arpa", 1, [])],
)
def test_every_figure_is_that_of_lmplz(name: str, order: int, prune: list[int]) -> None:
    texts = (LMPLZ / "corpus.txt").read_text().splitlines()
    found = train(texts, order=order, prune=prune).model
    expected = arpa.read(str(LMPLZ / name))
    assert found.vocabulary.words == expected.vocabulary.words
    assert len(found.levels) == len(expected.levels) == order
    for ours, theirs in zip(found.levels, expected.levels, strict=True):
        np.testing.assert_array_equal(ours.histories, theirs.histories)
        np.testing.assert_array_equal(ours.words, theirs.words)
        np.testing.assert_allclose(ours.log_probs, theirs.log_probs, rtol=0, atol=1e-5)
        np.testing.assert_allclose(ours.backoffs, theirs.backoffs, rtol=0, atol=1e-5)


def test_discounts_are_those_of_lmplz() -> None:
    texts = (LMPLZ / "corpus.txt").read_text().splitlines()
    made = train(texts, order=5)
    assert made.fallbacks == (1, 5)
    assert made.warnings() == [
        (
            "too little or too repetitive text to estimate the discounts of order 1, 5; "
            "used 0.5, 1, 1.5"
        )
    ]
    assert made.discounts[0] == made.discounts[4] == FALLBACK
    assert made.discounts[1] == pytest.approx((0.348315, 0.919024, 2.21049), abs=1e-5)
    assert made.discounts[3] == pytest.approx((0.858065, 1.53196, 2.14194), abs=1e-5)
    pruned = train(texts, order=3, prune=[0, 1, 2])
    assert pruned.pruned == (0, 119 - 98, 267 - 39)


# -- as a whole -------------------------------------------------------------------------------

texts = st.lists(
    st.lists(st.sampled_from("abcde"), max_size=7).map(" ".join), min_size=1, max_size=12
)
thresholds = st.lists(st.integers(0, 2), max_size=2).map(lambda each: [0, *sorted(each)])


@given(texts, st.integers(1, 5), thresholds)
def test_after_every_history_the_probabilities_sum_to_one(
    texts: list[str], order: int, prune: list[int]
) -> None:
    model = listed(train(texts, order=order, prune=prune[:order]).model)
    words = [word for (word, *rest) in model if not rest and word != "<s>"]
    histories = [ngram for ngram in model if len(ngram) < order and ngram[-1] != "</s>"]
    for history in [(), *histories]:
        total = sum(probability(model, word, history) for word in words)
        assert total == pytest.approx(1, abs=1e-5), history


@given(texts, st.integers(2, 5), thresholds)
def test_what_is_left_of_a_pruned_model_has_its_history_and_its_suffix(
    texts: list[str], order: int, prune: list[int]
) -> None:
    model = listed(train(texts, order=order, prune=prune[:order]).model)
    for ngram in model:
        assert ngram[:-1] in model or ngram[:-1] == ()
        assert ngram[1:] in model or ngram[1:] == ()


@pytest.mark.parametrize("order", range(1, 7))
def test_one_sentence_of_one_word_makes_a_model(order: int) -> None:
    made = train(["yes"], order=order)
    assert (made.words, made.sentences) == (1, 1)
    assert made.model.order == min(order, 3)
    scores = made.model.score(made.model.vocabulary.encode(["yes"])).log_probs
    assert np.isfinite(scores).all()
    assert scores.sum() < 0


def test_a_model_that_is_shorter_than_asked_for_says_so() -> None:
    assert len(train(["yes"], order=3).warnings()) == 1
    assert train(["yes"], order=6).warnings()[1:] == [
        "no sentence has an n-gram of order 4; the model has order 3, not 6"
    ]


def test_a_word_of_the_vocabulary_that_the_text_lacks_is_as_likely_as_an_unknown_one() -> None:
    model = listed(train(["a b", "a"], order=2, words=[b"a", b"b", b"c"]).model)
    assert model["c",] == model["<unk>",]
    # The bigrams stay; the uniform share is now one of five.
    assert model["<unk>",][0] == pytest.approx(math.log10(0.5 / 5), abs=1e-7)


def test_words_outside_the_vocabulary_are_counted_as_one_word() -> None:
    model = listed(train(["a b", "a c"], order=2, words=[b"a"]).model)
    assert set(model) >= {("a", "<unk>"), ("<unk>", "</s>")}
    # a, <unk> and </s> have one left neighbour each, and there is no other word.
    assert model["<unk>",][0] == pytest.approx(math.log10(0.5 / 3 + 0.5 / 3), abs=1e-7)


def test_rare_words_are_counted_as_one_word() -> None:
    rare = train(["a b", "a c"], order=2, min_count=2)
    closed = train(["a b", "a c"], order=2, words=[b"a"])
    assert listed(rare.model) == listed(closed.model)


def test_no_text_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="no text to train on"):
        train([])


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ([0, 0, 0, 1], "more thresholds than order 3"),
        ([1], "would drop words; begin with 0"),
        ([0, 2, 1], "falls"),
    ],
)
def test_pruning_that_makes_no_sense_is_refused(given_: list[int], why: str) -> None:
    with pytest.raises(OptionError, match=why):
        pruning(given_, 3)


def test_an_order_that_kenlm_does_not_load_is_refused() -> None:
    with pytest.raises(OptionError, match="order 7"):
        train(["a"], order=7)


@given(texts, st.integers(1, 4))
def test_the_order_of_sentences_does_not_matter(texts: list[str], order: int) -> None:
    vocabulary = Vocabulary([b"a", b"b", b"c", b"d", b"e"])

    def made(given: list[str]) -> Estimate:
        return estimate(vocabulary.encode(given), vocabulary, order=order)

    assert list(arpa.write(made(texts).model)) == list(arpa.write(made(texts[::-1]).model))


def test_progress_reaches_its_end() -> None:
    totals: list[int] = []
    done: list[int] = []

    def report(_label: str, total: int) -> Callable[[int], None]:
        totals.append(total)
        return done.append

    train(["play some jazz", "play the blues"], order=3, report=report)
    assert totals == [sum(done)]
