"""Exposure: forms, ranks by hand, what is drawn and what is extrapolated."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataselect.models.memorization import exposure
from dataselect.models.memorization.canaries import Canary, CanaryForm
from dataselect.models.memorization.exposure import exposures


def by_digits(texts: Sequence[str]) -> NDArray[np.float64]:
    """The sum of the digits of each text."""
    return np.array([sum(int(c) for c in text if c.isdigit()) for text in texts], np.float64)


def found(text: str, form: str) -> exposure.Exposure:
    [only] = exposures([Canary.of(text, form)], by_digits, np.random.default_rng(0))
    return only


holes = st.sampled_from(["{digit}", "{digit:3}", "{letter}", "{a|b.|c d}", "{|x}"])
forms = st.lists(st.one_of(holes, st.sampled_from(["my code ", "(", " "])), max_size=4).map("".join)


@given(forms)
def test_a_form_has_its_texts_and_no_others(spelled: str) -> None:
    if "{" not in spelled:
        with pytest.raises(ValueError, match="leaves no choice"):
            CanaryForm(spelled)
        return
    form = CanaryForm(spelled)
    numbers = np.unique(np.linspace(0, form.size - 1, 50).astype(np.int64))
    texts = form.texts(numbers)
    assert all(map(form.has, [*texts, *form.drawn(5, np.random.default_rng(1))]))
    assert not any(form.has(text + "!") for text in texts)


def test_all_texts_are_enumerated_once() -> None:
    form = CanaryForm("{a|b}{digit}")
    assert sorted(form.texts(np.arange(20))) == [f"{a}{d}" for a in "ab" for d in range(10)]


@pytest.mark.parametrize(
    ("text", "form", "why"),
    [
        ("it is 5", "it is 5", "leaves no choice"),
        ("it is 5", "it is {number}", "has {number}, which is not known"),
        ("it is 5", "it is {digit:2}", "is not the form of the text"),
        ("it is 5", "it is " + "{digit:99}" * 20, "over 1,000 places"),
        ("a" * 60 + "b", "{a|aa}" * 40, "is not the form of the text"),
    ],
)
def test_what_is_no_canary_is_refused(text: str, form: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Canary.of(text, form)


def test_exposure_by_hand() -> None:
    # Of 100 texts, 99 comes first; 90 shares ranks 46 to 55 with nine others: 50.5 by mean.
    assert found("n 99", "n {digit:2}") == (math.log2(100), math.log2(100), "exact")
    assert found("n 90", "n {digit:2}").bits == pytest.approx(math.log2(100) - math.log2(50.5))


def test_a_model_that_knows_nothing_gives_one_bit() -> None:
    canary = Canary.of("n 123456789", "n {digit:9}")
    few = Canary.of("n 12", "n {digit:2}")

    def same(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.zeros(len(texts))

    large, small = exposures([canary, few], same, np.random.default_rng(0))
    assert large[::2] == (1.0, "sampled")
    assert small.bits == pytest.approx(1, abs=0.02)


def test_large_forms_are_drawn_and_their_tail_extrapolated() -> None:
    middle, high = found("555555555", "{digit:9}"), found("999999999", "{digit:9}")
    # Sums of nine digits have mean 40.5 and variance 74.25: 45 is half a deviation above.
    assert middle.method == "sampled"
    assert middle.bits == pytest.approx(1.7, abs=0.1)
    assert high.method == "extrapolated"
    assert 17 < high.bits < high.most == math.log2(10**9)


def test_a_canary_alone_above_equals_has_all_bits() -> None:
    canary = Canary.of("n 123456789", "n {digit:9}")

    def one(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([text == canary.text for text in texts], np.float64)

    [only] = exposures([canary], one, np.random.default_rng(0))
    assert only.bits == only.most


def test_a_form_may_have_more_texts_than_a_double_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "MOST_EXACT", 5_000)
    huge = found("9" * 400, "{digit:99}" * 4 + "{digit:4}")
    assert huge.most == pytest.approx(400 * math.log2(10))
    assert 20 < huge.bits <= huge.most


def test_the_sample_and_the_enumeration_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = found("n 8251", "n {digit:4}")
    monkeypatch.setattr(exposure, "MOST_EXACT", 5_000)
    sampled = found("n 8251", "n {digit:4}")
    assert (exact.method, sampled.method) == ("exact", "sampled")
    assert sampled.bits == pytest.approx(exact.bits, abs=0.1)
