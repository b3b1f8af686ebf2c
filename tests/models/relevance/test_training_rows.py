"""Texts as rows to learn from: which columns these have, whatever is held at once."""

import numpy as np
import pytest

from dataselect.models.ngrams.ngrams import Ngrams
from dataselect.models.relevance import training_rows
from dataselect.models.relevance.training_rows import InnerCharacters, TrainingRows

TEXTS = ["play some jazz", "play it", "will it rain", "don't play it"]


def rows() -> TrainingRows:
    ngrams = Ngrams(order=2)
    return TrainingRows.of(TEXTS, ngrams, ngrams.columns(TEXTS), np.empty(0, np.intp))


@pytest.mark.parametrize("limit", ["_SINGLETONS_MATTER_UP_TO", "_MOST_SINGLETONS"])
def test_of_many_texts_or_ngrams_those_of_one_text_are_left_out(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = rows()
    assert len(every.buckets) == len({each for t in TEXTS for each in Ngrams(order=2).strings(t)})
    monkeypatch.setattr(training_rows, limit, 3)
    common = [bucket for bucket, _ in Ngrams(order=2).strings("play it")]
    np.testing.assert_array_equal(rows().buckets, np.unique(common))


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_words_that_are_read_in_pieces_are_the_same(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = InnerCharacters.of(rows())
    monkeypatch.setattr(training_rows, "_WORDS_AT_ONCE", at_once)
    found = InnerCharacters.of(rows())
    np.testing.assert_array_equal(found.buckets, expected.buckets)
    np.testing.assert_array_equal(found.inside.toarray(), expected.inside.toarray())
    np.testing.assert_array_equal(found.rows.toarray(), expected.rows.toarray())
