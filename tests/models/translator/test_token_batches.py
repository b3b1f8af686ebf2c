"""Batches of pairs of about one length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.models.translator.training.token_batches import TokenBatches


@given(st.lists(st.integers(2, 60), max_size=80), st.integers(1, 9), st.integers(0, 3))
def test_every_pair_is_in_one_batch_that_is_not_too_large(
    lengths: list[int], size: int, seed: int
) -> None:
    batches = list(TokenBatches(lengths, size, seed))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[place] for place in batch)
        assert len(batch) == 1 or padded <= size * sum(lengths) / len(lengths)


def test_short_pairs_are_more_in_a_batch() -> None:
    sizes = {len(batch) for batch in TokenBatches([4] * 90 + [40] * 10, 10, seed=0)}
    assert max(sizes) == 19  # 76 padded tokens, of 10 * 7.6
    assert min(sizes) == 1


@pytest.mark.parametrize("epoch", [1, 2])
def test_an_epoch_has_the_same_batches_in_an_order_of_its_own(epoch: int) -> None:
    lengths = list(range(2, 60))
    batches, again = (TokenBatches(lengths, 4, seed=0) for _ in range(2))
    first = list(batches)
    batches.set_epoch(epoch)
    again.set_epoch(epoch)
    assert list(batches) == list(again) != first
    assert sorted(batches) == sorted(first)
    assert len(batches) == len(first)
