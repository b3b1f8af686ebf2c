"""Counts by speaker, against sets."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import OptionError
from dataselect.models.ngrams.speakers import Speakers, count_by_speaker

said = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=40)


@given(said, st.sampled_from([None, 1, 3]))
def test_counts_are_those_of_sets(said: list[tuple[int, int]], most: int | None) -> None:
    ngrams, speakers = np.array(said, np.int64).reshape(-1, 2).T
    found = count_by_speaker(ngrams, speakers.astype(np.int32), 6, most)
    who = defaultdict(set)
    counts: Counter[int] = Counter()
    for (ngram, speaker), count in Counter(said).items():
        who[ngram].add(speaker)
        counts[ngram] += count if most is None else min(count, most)
    assert found.speakers.tolist() == [len(who[ngram]) for ngram in range(6)]
    assert found.occurrences.tolist() == [counts[ngram] for ngram in range(6)]


@pytest.mark.parametrize("limits", [(0, None), (1, 0)])
def test_numbers_below_one_are_refused(limits: tuple[int, int | None]) -> None:
    with pytest.raises(OptionError, match="is under 1"):
        Speakers(*limits)
