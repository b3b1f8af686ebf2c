"""Of records with one key the best is kept, of equal ones the first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.selection.apply import worse_copies
from dataselect.selection.ranking import Direction

_RECORDS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from([0.0, -0.0, 0.5, 1.5]), st.integers(0, 1)),
    max_size=30,
)


def obvious(records: list[tuple[int, float, int]], direction: Direction) -> list[bool]:
    """By looking at every other record."""
    sign = 1 if direction == "high" else -1
    competing = [(n, key, sign * score) for n, (key, score, out) in enumerate(records) if not out]
    worse = {
        n
        for n, key, own in competing
        for other, other_key, gain in competing
        if other_key == key and (gain > own or (gain == own and other < n))
    }
    return [n in worse for n in range(len(records))]


@pytest.mark.parametrize("limit", [1, 3, 1000])
@given(records=_RECORDS, direction=st.sampled_from(["high", "low"]))
def test_all_but_the_best_of_each_key(
    limit: int, records: list[tuple[int, float, int]], direction: Direction
) -> None:
    found = worse_copies(
        np.array([key for key, _, _ in records], np.uint64),
        np.array([score for _, score, _ in records]),
        np.array([out for _, _, out in records], np.uint8),
        direction,
        limit,
    )
    assert found.tolist() == obvious(records, direction)


def test_of_nothing_excluded_all_compete() -> None:
    keys = np.array([2**64 - 1, 5, 2**64 - 1], np.uint64)
    assert worse_copies(keys, np.zeros(3), None, "high").tolist() == [False, False, True]
