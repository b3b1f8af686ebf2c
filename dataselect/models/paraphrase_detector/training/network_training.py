"""How the pair network learns; imports torch, and is imported where it is used."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from dataselect.models.paraphrase_detector.batching import TokenizedPairs, text_of
from dataselect.models.paraphrase_detector.ensemble import alone, told_statistics
from dataselect.models.paraphrase_detector.network import NetworkSize, PairNetwork
from dataselect.models.paraphrase_detector.pairs.generation import TrainingPair
from dataselect.models.paraphrase_detector.pairs.value_substitution import Exchange
from dataselect.models.paraphrase_detector.words.word_alignment import Context, TensorBatch
from dataselect.models.paraphrase_detector.words.word_statistics import WordStatistics

_RATE = 3e-3
_WARM_UP = 0.1  # share of the steps
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT = 1.0
_VALUE_WEIGHT = 0.3  # of telling values from the words around them, beside telling paraphrases
_AT_ONCE = 64
# Pairs to show, each with other values, where there are fewer. With 40,000, AUC from ATIS to SNIPS
# was 0.94 instead of 0.95: the network learns its corpus by heart.
_SHOWN = 20_000
NETWORKS = 2


@dataclass(frozen=True)
class Schedule:
    """What is trained, and for how long: every epoch shows all pairs once, with other values.

    `epochs`: None for as many as show 20,000 pairs, at least one.
    """

    epochs: int | None = None
    networks: int = NETWORKS
    size: NetworkSize = field(default_factory=NetworkSize)

    def shown(self, pairs: int) -> int:
        """How often each of so many pairs is shown to a network."""
        return self.epochs or max(round(_SHOWN / pairs), 1)

    def enough(
        self, pairs: Sequence[TrainingPair], rng: np.random.Generator
    ) -> Sequence[TrainingPair]:
        """Pairs to fine-tune on: 20,000 at random of more, unless it is said for how long."""
        if self.epochs is not None or len(pairs) <= _SHOWN:
            return pairs
        return [pairs[place] for place in rng.choice(len(pairs), _SHOWN, replace=False)]


def trained(
    pairs: Sequence[TrainingPair],
    vocabulary: NDArray[np.uint64],
    schedule: Schedule,
    number: int,
    seed: int,
    device: torch.device,
    advance: Callable[[int], None],
) -> PairNetwork:
    """Network `number` of an ensemble; `advance` is told of each batch, of how many pairs.

    `vocabulary` (v,): hashes of the words that it may know by their parts.

    On one processor, the same pairs and seed give the same network: one thread does all sums.
    """
    rng = np.random.default_rng(seed + number)
    exchange = Exchange(pairs)
    epochs = schedule.shown(len(pairs))
    with alone(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + number)
        network = PairNetwork(schedule.size, statistics=told_statistics(number))
        network.to(device).train()
        course = _Course(network, epochs * math.ceil(len(pairs) / _AT_ONCE))
        for epoch in range(epochs):
            labels, sides = zip(*(exchange(pair, rng) for pair in pairs), strict=True)
            texts = list(chain.from_iterable(sides))
            statistics = WordStatistics.fit([text_of(text) for text in texts])
            examples = TokenizedPairs(texts, statistics, vocabulary)
            if epoch == 0:
                course.standardize(torch.from_numpy(examples.features).to(device))
            for places in examples.batches(_AT_ONCE, rng):
                course.step(
                    TensorBatch.of(examples, places, device),
                    torch.tensor(labels, dtype=torch.float32)[places].to(device),
                    torch.from_numpy(examples.rows(places).is_value).to(device),
                )
                advance(len(places))
    average: PairNetwork = course.average.eval()
    return average


class _Course:
    """A network on its way, and the mean of its weights so far (Polyak & Juditsky 1992).

    The mean fits its corpus less closely than the last weights do, and other corpora better: AUC
    0.95 against 0.93 from ATIS to SNIPS.
    """

    def __init__(self, network: PairNetwork, steps: int) -> None:
        self.network = network
        self.average = copy.deepcopy(network)
        self._optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=WEIGHT_DECAY)
        self._rates = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: rate(step / steps)
        )
        self._steps = 0

    def standardize(self, features: torch.Tensor) -> None:
        """Learn how token features (t, TOKEN_FEATURES) are spread."""
        for network in (self.network, self.average):
            network.standardize(features)

    def step(self, batch: TensorBatch, labels: torch.Tensor, is_value: torch.Tensor) -> None:
        """Learn from a batch: labels (n,), and which words are part of a value (n, t)."""
        context = Context.of(batch)
        same, value = self.network(context)
        is_word = context.is_word
        loss_of = functional.binary_cross_entropy_with_logits
        loss = loss_of(same, labels) + _VALUE_WEIGHT * loss_of(value[is_word], is_value[is_word])
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self._optimizer.step()
        self._rates.step()
        self._steps += 1
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
            for average, latest in pairs:
                average.lerp_(latest, 1 / self._steps)


def rate(progress: float) -> float:
    """Share of the largest rate: it rises for a while, then falls along a cosine."""
    if progress < _WARM_UP:
        return progress / _WARM_UP
    return (1 + math.cos(math.pi * min((progress - _WARM_UP) / (1 - _WARM_UP), 1))) / 2
