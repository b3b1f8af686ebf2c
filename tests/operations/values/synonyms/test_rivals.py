"""Rivals of a pair of values, by hand."""

import numpy as np

from dataselect.operations.values.synonyms.rivals import rivals


def test_rivals_are_the_other_pairs_of_a_value_that_are_as_probable() -> None:
    pairs = np.array([[0, 1], [0, 2], [0, 3], [2, 3], [4, 5]])
    # Of value 0 the pairs have 3, 2 and 2; value 2 has its best pair with 3.
    assert rivals(pairs, np.array([3.0, 2.0, 2.0, 4.0, -9.0])).tolist() == [0, 2, 2, 0, 0]


def test_without_pairs_there_are_no_rivals() -> None:
    assert rivals(np.empty((0, 2), np.intp), np.empty(0)).tolist() == []


def test_what_differs_in_the_last_bits_is_as_probable() -> None:
    logits = np.array([0.3, 0.1 + 0.2])
    assert logits[0] != logits[1]
    assert rivals(np.array([[0, 1], [0, 2]]), logits).tolist() == [1, 1]
