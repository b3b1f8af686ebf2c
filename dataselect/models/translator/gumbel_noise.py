"""Sampling that does not depend on the batch; imports torch, and is imported where it is used."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import LogitsProcessor

from dataselect.content_keys import content_key


def seed_of(seed: int, text: str, number: int) -> int:
    """The seed of a sample of a text."""
    key = content_key(f"{seed} {number} {text}".encode(errors="surrogatepass"))
    return int.from_bytes(key, "little") >> 1  # torch takes 63 bits


class GumbelNoise(LogitsProcessor):  # type: ignore[misc]  # transformers is not checked
    """Makes the most probable piece a sampled one: the maximum of logits plus Gumbel noise.

    Each row has a generator of its own.
    """

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._temperature = temperature

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        noise = torch.empty(scores.shape)
        for row, generator in zip(noise, self._generators, strict=True):
            row.exponential_(generator=generator)
        return scores / self._temperature - noise.clamp_min_(1e-30).log_().to(scores.device)
