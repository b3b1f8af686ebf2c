"""The network that reads two texts side by side; imports torch, and is imported where it is used.

Of each word it is told which words of the other text are the same or related, what stands beside
these and, every other network, what the texts at hand tell of it (`WordStatistics`). Those of its
training it also knows by their parts, but it learns to do without. One layer of attention over both
texts, in the manner of Vaswani et al. (2017), prefers pairs of words that match or whose neighbours
do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dataselect.models.encoders.word_features import BITS
from dataselect.models.paraphrase_detector.words.word_alignment import (
    FARTHEST,
    RELATIONS,
    WORD_FEATURES,
    Context,
)
from dataselect.models.paraphrase_detector.words.word_statistics import OF_TEXT, TOKEN_FEATURES

_NEVER = -1e9  # the logit of what is not there
_MOST = 4.0  # deviations from the mean that are told
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class NetworkSize:
    """Dimensions of the network, and how much of it is dropped at random while it learns.

    `hidden_pairs`: share of pairs of which no word is known by its parts, and of the others
    `word_dropout` of the words.
    """

    word: int = 32
    hidden: int = 32
    heads: int = 4
    layers: int = 1
    dropout: float = 0.1
    hidden_pairs: float = 0.5
    word_dropout: float = 0.3


class PairNetwork(nn.Module):  # type: ignore[misc]  # torch is not checked
    """Logits that two texts say the same, (n,), and that a word is part of a value, (n, l + m).

    The logit of a pair is the same in either order: both texts are read by the same weights, and
    what is pooled has no order.
    """

    def __init__(self, size: NetworkSize, *, statistics: bool) -> None:
        """`statistics`: whether it is told those of the texts at hand."""
        super().__init__()
        hidden = size.hidden
        self.size = size
        is_told = torch.full((TOKEN_FEATURES,), float(statistics))
        is_told[OF_TEXT] = 1
        self.register_buffer("is_told", is_told, persistent=False)
        self.words = nn.EmbeddingBag(1 << BITS, size.word, mode="mean")
        nn.init.zeros_(self.words.weight)
        self.register_buffer("center", torch.zeros(TOKEN_FEATURES))
        self.register_buffer("spread", torch.ones(TOKEN_FEATURES))
        self.entry = nn.Linear(size.word + TOKEN_FEATURES + WORD_FEATURES, hidden)
        self.layers = nn.ModuleList(_Layer(size) for _ in range(size.layers))
        self.norm = nn.LayerNorm(hidden)
        self.value = nn.Linear(hidden, 1)
        self.attention = nn.Linear(hidden, _POOLS)
        self.verdict = nn.Sequential(
            nn.Linear((_POOLS + 2) * hidden, hidden),
            nn.GELU(),
            nn.Dropout(size.dropout),
            nn.Linear(hidden, 1),
        )

    def standardize(self, features: Tensor) -> None:
        """Learn the mean and the deviation of (t, TOKEN_FEATURES) token features."""
        self.center = features.mean(0)
        self.spread = features.std(0) + _LEAST_SPREAD

    def forward(self, context: Context) -> tuple[Tensor, Tensor]:
        told = ((context.told - self.center) / self.spread).clamp(-_MOST, _MOST)
        told = told * self.is_told * context.is_word[:, :, None]
        hidden = self.entry(torch.cat((self._parts(context), told, context.features), 2))
        for layer in self.layers:
            hidden = layer(hidden, context)
        hidden = self.norm(hidden)
        verdict = self.verdict(self._pooled(hidden, context.is_word))
        return verdict[:, 0], self.value(hidden)[:, :, 0]

    def _parts(self, context: Context) -> Tensor:
        """(n, t, d) what each word of the vocabulary is made of; 0 for others."""
        embedded = functional.pad(self.words(context.buckets, context.offsets), (0, 0, 1, 0))
        return embedded[context.words] * self._shown(context)[:, :, None]

    def _shown(self, context: Context) -> Tensor:
        """(n, t) words of the vocabulary; while it learns, fewer."""
        if not self.training:
            return context.is_known
        pairs = len(context.words)
        is_shown = torch.rand(pairs, 1, device=context.words.device) >= self.size.hidden_pairs
        # A word is dropped from both texts of a pair, or from neither.
        most = int(context.words.max()) + 1
        chance = torch.rand(pairs, most, device=context.words.device).gather(1, context.words)
        return context.is_known & is_shown & (chance >= self.size.word_dropout)

    def _pooled(self, hidden: Tensor, is_word: Tensor) -> Tensor:
        """(n, d) means by attention, the plain mean, and the largest of each dimension."""
        absent = ~is_word[:, :, None]
        shares = self.attention(hidden).masked_fill(absent, _NEVER).softmax(1)
        count = is_word.sum(1, keepdim=True).clamp(min=1)
        return torch.cat(
            (
                torch.einsum("nwp,nwd->npd", shares, hidden).flatten(1),
                hidden.masked_fill(absent, 0).sum(1) / count,
                hidden.masked_fill(absent, _NEVER).amax(1),
            ),
            1,
        )


_POOLS = 4


class _Layer(nn.Module):  # type: ignore[misc]  # torch is not checked
    """Attention with a bias for words that match, and a small network on each word."""

    def __init__(self, size: NetworkSize) -> None:
        super().__init__()
        hidden = size.hidden
        self.heads = size.heads
        self.projections = nn.Linear(hidden, 3 * hidden)
        self.together = nn.Linear(hidden, hidden)
        self.relations = nn.Linear(RELATIONS, size.heads, bias=False)
        self.distance = nn.Embedding(2 * FARTHEST + 1, size.heads)
        nn.init.zeros_(self.distance.weight)
        self.before = nn.LayerNorm(hidden)
        self.between = nn.LayerNorm(hidden)
        self.each = nn.Sequential(
            nn.Linear(hidden, 2 * hidden), nn.GELU(), nn.Linear(2 * hidden, hidden)
        )
        self.dropout = nn.Dropout(size.dropout)

    def forward(self, hidden: Tensor, context: Context) -> Tensor:
        pairs, words, width = hidden.shape
        split = (pairs, words, 3, self.heads, width // self.heads)
        asked, known, told = (
            self.projections(self.before(hidden)).view(split).permute(2, 0, 3, 1, 4)
        )
        attended = functional.scaled_dot_product_attention(
            asked, known, told, attn_mask=self._bias(context)
        )
        joined = attended.transpose(1, 2).reshape(pairs, words, width)
        hidden = hidden + self.dropout(self.together(joined))
        return hidden + self.dropout(self.each(self.between(hidden)))

    def _bias(self, context: Context) -> Tensor:
        """(n, heads, t, t), added to the logits of attention."""
        distance = self.distance(context.distance).permute(2, 0, 1) * context.within
        absent = ~context.is_word[:, None, None, :]
        relations = self.relations(context.relations).permute(0, 3, 1, 2)
        return (relations + distance).masked_fill(absent, _NEVER)
