"""The best paraphrase of a text among many, and `paraphrase score`."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataselect.models.encoders.base import unit
from dataselect.models.paraphrase_detector import best_match
from dataselect.models.paraphrase_detector.best_match import Matcher

WORDS = ["play", "some", "jazz", "by", "the", "blue", "band", "will", "it", "rain"]
texts_ = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join), min_size=1, max_size=12
)


class Overlap:
    """A detector that counts shared words; `asked` are the pairs that it was given."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        self.asked += pairs
        return np.array([overlap(*pair) for pair in pairs])

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [[float(word in text.split()) for word in WORDS] for text in texts]
        return unit(np.array(rows, np.float32).reshape(len(texts), len(WORDS)))


def overlap(one: str, other: str) -> float:
    ours, theirs = set(one.split()), set(other.split())
    return len(ours & theirs) / len(ours | theirs)


@given(texts_, texts_)
def test_few_texts_are_all_compared(texts: list[str], others: list[str]) -> None:
    found = Matcher(Overlap(), others, candidates=12).best(texts)
    for text, probability, place in zip(texts, *found, strict=True):
        each = [overlap(text, other) for other in others]
        assert probability == max(each)
        assert place == each.index(max(each))  # of equal ones the first


@given(texts_, texts_, st.integers(1, 3))
def test_a_match_is_what_its_probability_is_for(
    texts: list[str], others: list[str], candidates: int
) -> None:
    found = Matcher(Overlap(), others, candidates).best(texts)
    for text, probability, place in zip(texts, *found, strict=True):
        assert probability == overlap(text, others[place])
        assert others.index(others[place]) == place


def test_candidates_are_the_nearest_by_their_vectors() -> None:
    detector = Overlap()
    others = ["play jazz", "will it rain", "the blue band", "it will"]
    found = Matcher(detector, others, candidates=2).best(["it will rain"])
    assert [other for _, other in detector.asked] == ["will it rain", "it will"]
    assert found.places.tolist() == [1]


@given(texts_, texts_)
def test_a_match_does_not_depend_on_the_other_texts(texts: list[str], others: list[str]) -> None:
    matcher = Matcher(Overlap(), others, candidates=2)
    together = matcher.best(texts)
    for place, text in enumerate(texts):
        alone = matcher.best([text])
        assert (alone.probabilities[0], alone.places[0]) == (
            together.probabilities[place],
            together.places[place],
        )


def test_an_approximate_search_finds_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_match, "MOST_EXACT", 100)
    draw = np.random.default_rng(0)
    others = list(dict.fromkeys(" ".join(draw.choice(WORDS, 6)) for _ in range(400)))
    matcher = Matcher(Overlap(), others, candidates=3)
    assert matcher.describe() == {"texts": len(others), "candidates": 3, "search": "approximate"}
    found = matcher.best(others[:50])
    assert (found.probabilities == 1).all()
