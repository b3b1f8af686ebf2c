"""Metrics and their bootstrap: by hand, against the reference implementations, and properties."""

import math
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from sacrebleu.significance import _compute_p_value
from sklearn.metrics import accuracy_score, f1_score

from dataselect.errors import OptionError
from dataselect.models.metrics import METRICS, Accuracy, MacroF1, Metric, bootstrap, metric
from dataselect.models.metrics.bootstrap import interval, p_value, paired_bootstrap, resampled
from dataselect.models.normalization import Normalization

WORDS = ["play", "some", "jazz", "now", "the", "don't", "Zürich", ".", "天気"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
PAIRS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6)


def value(measured: Metric, hypotheses: Sequence[str], references: Sequence[str]) -> float:
    return float(measured.value(measured.statistics(hypotheses, references).sum(axis=0)))


# Reference, hypothesis, then substitutions, deletions and insertions of words and of characters,
# as jiwer 4.0.0 counted them with its default transforms.
JIWER = [
    ("play some jazz now", "play jazz", (0, 2, 0), (0, 9, 0)),
    ("turn the lights off", "turn the light of please", (2, 0, 1), (1, 1, 6)),
    ("what's the weather in new york", "what is the whether in newyork", (3, 1, 1), (1, 2, 2)),
    ("wake me up at seven", "up wake me at eleven", (1, 1, 1), (1, 3, 4)),
    ("stop", "", (0, 1, 0), (0, 4, 0)),
    ("drei äpfel und zwei birnen", "zwei äpfel und drei bananen bitte", (3, 0, 1), (6, 0, 7)),
    ("今日 は いい 天気", "今日 も 天気 です", (3, 0, 0), (5, 0, 0)),
]


@pytest.mark.parametrize(("reference", "hypothesis", "words", "characters"), JIWER)
def test_edits_are_those_of_jiwer(
    reference: str, hypothesis: str, words: tuple[int, ...], characters: tuple[int, ...]
) -> None:
    word_row = metric("wer").statistics([hypothesis], [reference])[0]
    character_row = metric("cer").statistics([hypothesis], [reference])[0]
    assert word_row.tolist() == [*words, len(reference.split())]
    assert character_row.tolist() == [*characters, len(reference)]


def test_error_rates_of_a_set_by_hand() -> None:
    references, hypotheses = ["play some jazz now", "stop"], ["play jazz", "stop it"]
    assert value(metric("wer"), hypotheses, references) == 100 * (2 + 1) / (4 + 1)
    assert value(metric("cer"), hypotheses, references) == 100 * (9 + 3) / (18 + 4)
    assert metric("wer").counts(metric("wer").statistics(hypotheses, references).sum(axis=0)) == {
        "substitutions": 0,
        "deletions": 2,
        "insertions": 1,
        "reference_words": 5,
    }


def test_spaces_around_a_text_are_no_characters() -> None:
    assert value(metric("cer"), [" a b\n"], ["a b  "]) == 0


def test_error_rates_without_reference_words_are_those_of_jiwer() -> None:
    assert value(metric("wer"), ["two words", ""], ["", ""]) == 200
    assert value(metric("wer"), [""], [""]) == 0


@cache
def edit_distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """The definition, word by word."""
    if not one or not other:
        return len(one) + len(other)
    return min(
        edit_distance(one[1:], other) + 1,
        edit_distance(one, other[1:]) + 1,
        edit_distance(one[1:], other[1:]) + (one[0] != other[0]),
    )


@given(TEXT, TEXT)
def test_word_errors_are_the_edit_distance(hypothesis: str, reference: str) -> None:
    *edits, words = metric("wer").statistics([hypothesis], [reference])[0]
    assert sum(edits) == edit_distance(tuple(hypothesis.split()), tuple(reference.split()))
    assert words + edits[2] - edits[1] == len(hypothesis.split())


def test_bleu_by_hand() -> None:
    """5 of 6 words, 3 of 5 bigrams, 2 of 4 trigrams, 1 of 3 4-grams; no brevity penalty."""
    found = value(metric("bleu"), ["the cat sat on the mat"], ["the cat sat on a mat"])
    assert found == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_bleu_of_too_short_a_text_by_hand() -> None:
    """All n-grams match; the text has 4 words of 5."""
    found = value(metric("bleu"), ["a b c d"], ["a b c d e"])
    assert found == pytest.approx(100 * math.exp(1 - 5 / 4))


def test_bleu_smoothes_each_further_order_by_half() -> None:
    """2 of 4 words match and nothing longer: 1/2, 1/4 and 1/8 of a match instead."""
    found = value(metric("bleu"), ["a x b y"], ["a b c d"])
    assert found == pytest.approx(100 * (2 / 4 * 0.5 / 3 * 0.25 / 2 * 0.125 / 1) ** 0.25)


def test_chrf_by_hand() -> None:
    """1 of 2 characters, 0 of 1 bigram, precision and recall alike: F2 is their mean."""
    assert value(metric("chrf"), ["ab"], ["ac"]) == pytest.approx(25)


def test_ter_by_hand() -> None:
    """One shift of three words."""
    assert value(metric("ter"), ["b c a"], ["a b c"]) == pytest.approx(100 / 3)


SACREBLEU: dict[str, Any] = {"bleu": BLEU(force=True), "chrf": CHRF(), "ter": TER()}


@pytest.mark.parametrize("name", SACREBLEU)
@given(PAIRS)
def test_sums_give_the_corpus_score_of_sacrebleu(name: str, pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = map(list, zip(*pairs, strict=True))
    expected = SACREBLEU[name].corpus_score(hypotheses, [references]).score
    assert value(metric(name), hypotheses, references) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", SACREBLEU)
def test_signatures_are_those_of_sacrebleu(name: str) -> None:
    reference = SACREBLEU[name]
    title = reference.corpus_score(["a"], [["a"]]).name
    assert metric(name).signature == f"{title}|{reference.get_signature()}"


@pytest.mark.parametrize("tokenize", ["intl", "char", "zh", "none"])
def test_bleu_takes_the_tokenisers_of_sacrebleu(tokenize: Any) -> None:
    hypothesis, reference = (
        "Play jazz, don't stop: 今日は天気.",
        "Play jazz; don't stop, 今日は天気!",
    )
    expected = BLEU(tokenize=tokenize, force=True).corpus_score([hypothesis], [[reference]])
    own = metric("bleu", tokenize=tokenize)
    assert value(own, [hypothesis], [reference]) == pytest.approx(expected.score)
    assert f"tok:{tokenize}|" in own.signature


@pytest.mark.parametrize("name", METRICS)
def test_normalisation_is_applied_to_both_sides_and_told(name: str) -> None:
    normalized = metric(name, Normalization(lowercase=True, punctuation="remove"))
    pairs = ["Play some JAZZ, now!"], ["play some jazz now"]
    assert (
        value(normalized, *pairs)
        == value(normalized, *reversed(pairs))
        == value(metric(name), pairs[1], pairs[1])
    )
    assert value(metric(name), *pairs) != value(normalized, *pairs)
    assert "lower+nopunct" in normalized.signature
    assert "lower" not in metric(name).signature


@pytest.mark.parametrize("name", METRICS)
@given(PAIRS, st.integers(1, 3))
def test_statistics_of_a_segment_depend_on_it_alone(
    name: str, pairs: list[tuple[str, str]], times: int
) -> None:
    hypotheses, references = map(list, zip(*pairs * times, strict=True))
    together = metric(name).statistics(hypotheses, references)
    apart = [metric(name).statistics([one], [other]) for one, other in pairs * times]
    np.testing.assert_array_equal(together, np.concatenate(apart))


@pytest.mark.parametrize("name", METRICS)
@given(PAIRS)
def test_many_sums_are_valued_at_once(name: str, pairs: list[tuple[str, str]]) -> None:
    own = metric(name)
    rows = own.statistics(*map(list, zip(*pairs, strict=True)))
    one_by_one = [float(own.value(row)) for row in rows]
    np.testing.assert_array_equal(own.value(rows), one_by_one)
    np.testing.assert_array_equal(own.value(rows.reshape(1, *rows.shape)), [one_by_one])


@pytest.mark.parametrize("name", METRICS)
def test_no_segment_has_no_statistics(name: str) -> None:
    assert metric(name).statistics([], []).shape == (0, len(METRICS[name].columns))


def test_hypotheses_without_references_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        metric("wer").statistics(["a", "b"], ["a"])


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(OptionError, match="'meteor' is not a metric; choose from wer, cer, bleu"):
        metric("meteor")


# -- intents

TRUE = ["play", "play", "play", "rain", "rain", "stop"]
GIVEN = ["play", "play", "rain", "rain", "rain", "alarm"]


def test_intent_figures_by_hand() -> None:
    """F1: play 4/5, rain 4/5, stop 0, alarm 0."""
    macro = MacroF1.of(TRUE, GIVEN)
    assert value(Accuracy(), GIVEN, TRUE) == pytest.approx(100 * 4 / 6)
    assert value(macro, GIVEN, TRUE) == pytest.approx(100 * (0.8 + 0.8) / 4)
    counts = macro.counts(macro.statistics(GIVEN, TRUE).sum(axis=0))
    assert counts["rain"] == pytest.approx(
        {"precision": 100 * 2 / 3, "recall": 100, "f1": 80, "references": 2}
    )
    assert counts["stop"] == {"precision": 0, "recall": 0, "f1": 0, "references": 1}


LABELS = st.lists(st.tuples(*[st.sampled_from("abcde")] * 2), min_size=1, max_size=20)


@given(LABELS)
def test_intent_figures_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    given_, true = map(list, zip(*pairs, strict=True))
    macro = MacroF1.of("abcdefgh")  # those that do not occur change nothing
    f1 = f1_score(true, given_, average="macro", zero_division=0)
    assert value(macro, given_, true) == pytest.approx(100 * f1)
    assert value(Accuracy(), given_, true) == pytest.approx(100 * accuracy_score(true, given_))


# -- bootstrap


class Total(Metric):
    """The sum of one statistic."""

    higher_is_better = True

    def statistics(self, hypotheses: Sequence[str], references: Sequence[str]) -> NDArray[Any]:
        raise NotImplementedError

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return sums[..., 0]

    def counts(self, sums: NDArray[np.float64]) -> dict[str, Any]:
        raise NotImplementedError

    @property
    def signature(self) -> str:
        raise NotImplementedError


class Cost(Total):
    higher_is_better = False


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def column(*numbers: float) -> NDArray[np.float64]:
    return np.array(numbers, np.float64)[:, np.newaxis]


def test_a_single_segment_leaves_nothing_to_chance() -> None:
    found = interval(Total(), column(3), rng(), samples=20)
    assert (found.value, found.low, found.high) == (3, 3, 3)


def test_each_sample_draws_as_many_segments_as_there_are() -> None:
    rows = np.hstack([np.ones((9, 1)), np.eye(9)])
    columns = [resampled(Total(), [row[:, np.newaxis]], rng(), 2000)[0] for row in rows.T]
    sums = np.stack(columns, axis=1)
    assert (sums[:, 0] == 9).all()
    np.testing.assert_array_equal(sums[:, 1:].sum(axis=1), sums[:, 0])
    # Binomial: mean 1 and variance 8/9, here to five standard errors.
    np.testing.assert_allclose(sums[:, 1:].mean(axis=0), 1, atol=5 * math.sqrt(8 / 9 / 2000))
    np.testing.assert_allclose(sums[:, 1:].var(axis=0), 8 / 9, atol=0.2)


def test_samples_do_not_depend_on_how_many_are_drawn_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = rng().random((13, 1))
    (at_once,) = resampled(Total(), [rows], rng(), 50)
    monkeypatch.setattr(bootstrap, "_CELLS", 40)
    np.testing.assert_allclose(resampled(Total(), [rows], rng(), 50)[0], at_once, rtol=1e-12)


def test_memory_of_intents_does_not_grow_with_their_number_a_record() -> None:
    """Dense, the statistics of these would take 24 GB."""
    labels = [f"i{number}" for number in range(31_623)]
    macro = MacroF1.of(labels)
    rows = macro.statistics(labels, [*labels[1:], labels[-1]])
    assert rows.nnz == 2 * len(labels) + 1
    assert interval(macro, rows, rng(), samples=2).value == pytest.approx(
        100 * (2 / 3) / len(labels)
    )


def test_the_p_value_by_hand() -> None:
    """Two of four differences stray from their mean, 2.5, by 1.5; the observed one is added."""
    assert p_value(np.array([1.0, 2.0, 3.0, 4.0]), -1.5) == (2 + 1) / (4 + 1)


def test_the_p_value_is_that_of_sacrebleu() -> None:
    differences = rng().normal(0.5, 1, 1000)
    for observed in (0.3, 1.1, -2.0):
        strays = np.abs(differences - differences.mean())
        assert p_value(differences, observed) == _compute_p_value(strays, abs(observed))


def test_a_system_that_is_always_better_wins_every_sample() -> None:
    baseline, system = column(1, 2, 3), column(3, 4, 5)
    found = paired_bootstrap(Total(), baseline, system, rng(), samples=99)
    assert (found.baseline, found.system, found.difference) == (6, 12, 6)
    assert (found.low, found.high, found.wins, found.samples) == (6, 6, 1, 99)
    assert found.p_value == 1 / 100
    assert paired_bootstrap(Cost(), baseline, system, rng()).wins == 0


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
def test_a_system_does_not_differ_from_itself(numbers: list[int]) -> None:
    found = paired_bootstrap(Total(), column(*numbers), column(*numbers), rng(), samples=20)
    assert (found.difference, found.low, found.high) == (0, 0, 0)
    assert (found.p_value, found.wins) == (1, 0)


@given(st.lists(st.tuples(*[st.integers(-5, 5)] * 2), min_size=1, max_size=9))
def test_exchanging_the_systems_changes_the_sign(pairs: list[tuple[int, int]]) -> None:
    one, other = (column(*numbers) for numbers in zip(*pairs, strict=True))
    there = paired_bootstrap(Total(), one, other, rng(), samples=40)
    back = paired_bootstrap(Total(), other, one, rng(), samples=40)
    assert back.difference == -there.difference
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert back.p_value == there.p_value


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """95 % intervals of the mean of 60 draws, 300 times: between 90 % and 98 % hold the mean."""
    draws = random.Random(3)
    held = 0
    for _ in range(300):
        found = interval(Total(), column(*[draws.random() / 60 for _ in range(60)]), rng(), 200)
        held += found.low <= 0.5 <= found.high
    assert 270 <= held <= 294


def test_statistics_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="do not pair"):
        paired_bootstrap(Total(), column(1, 2), column(1), rng())
