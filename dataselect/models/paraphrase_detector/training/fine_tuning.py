"""How a cross-encoder learns; imports torch, and is imported where it is used."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dataselect.models.paraphrase_detector.batching import text_of
from dataselect.models.paraphrase_detector.cross_encoder import CrossEncoder, by_length
from dataselect.models.paraphrase_detector.pairs.generation import TrainingPair
from dataselect.models.paraphrase_detector.pairs.value_substitution import Exchange
from dataselect.models.paraphrase_detector.training.network_training import (
    LARGEST_GRADIENT,
    WEIGHT_DECAY,
    rate,
)

_RATE = 5e-5
_VERDICT_RATE = 5e-4  # of what begins at random
_AT_ONCE = 32


def fine_tuned(
    pairs: Sequence[TrainingPair],
    epochs: int,
    seed: int,
    encoder: Any,
    advance: Callable[[int], None],
) -> CrossEncoder:
    """A cross-encoder made of a sentence-transformers model, all of whose weights learn.

    Every epoch shows all pairs, with other values, in either order. `advance` is told of each
    batch, of how many pairs. As many word pieces are read of the two texts together as the model
    reads of one. Raises ValueError as CrossEncoder does.
    """
    rng = np.random.default_rng(seed)
    exchange = Exchange(pairs)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = CrossEncoder(encoder, encoder.max_seq_length)
        network.train()
        course = _Course(network, epochs * math.ceil(len(pairs) / _AT_ONCE))
        for _ in range(epochs):
            labels, sides = zip(*(exchange(pair, rng) for pair in pairs), strict=True)
            texts = [(text_of(one), text_of(other)) for one, other in sides]
            targets = torch.tensor(labels, dtype=torch.float32)
            batches = by_length(texts, _AT_ONCE)
            for number in rng.permutation(len(batches)).tolist():
                places = batches[number]
                ones, others = zip(*(texts[place] for place in places), strict=True)
                if rng.integers(2):
                    ones, others = others, ones
                course.step(ones, others, targets[places])
                advance(len(places))
    network.eval()
    return network


class _Course:
    """A cross-encoder on its way."""

    def __init__(self, network: CrossEncoder, steps: int) -> None:
        self._network = network
        groups = [
            {"params": network.transformer.parameters(), "lr": _RATE},
            {"params": network.verdict.parameters(), "lr": _VERDICT_RATE},
        ]
        self._optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
        self._rates = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: rate(step / steps)
        )

    def step(self, ones: Sequence[str], others: Sequence[str], labels: torch.Tensor) -> None:
        """Learn from a batch of pairs; labels (n,)."""
        found = self._network(ones, others)
        loss = functional.binary_cross_entropy_with_logits(found, labels.to(found.device))
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), LARGEST_GRADIENT)
        self._optimizer.step()
        self._rates.step()
