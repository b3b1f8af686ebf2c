"""Batches of pairs of about one length, each with about as many tokens as the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


class TokenBatches:
    """The places of pairs in each batch: the same batches in every epoch, in another order.

    `lengths` (n,): tokens of each pair. A batch has no more, padding included, than `batch_size`
    pairs of mean length, or one pair. Were it as many pairs, single words would count in a step
    what sentences do.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self._seed, self._epoch = seed, 0
        most = batch_size * sum(lengths) / max(1, len(lengths))
        drawn = np.random.default_rng(seed).random(len(lengths))
        self._batches: list[list[int]] = []
        for place in np.lexsort((drawn, np.array(lengths))).tolist():
            last = self._batches[-1] if self._batches else None
            if last is None or (len(last) + 1) * lengths[place] > most:
                self._batches.append([place])
            else:
                last.append(place)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self._seed, self._epoch))
        return (self._batches[place] for place in rng.permutation(len(self)).tolist())

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch is next, so that a run that goes on has its order."""
        self._epoch = epoch
