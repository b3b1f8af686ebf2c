"""Whether what two texts share plays the same part in both; imports torch, where it is used.

"From Oslo to Bergen" and "from Bergen to Oslo" have the same words. What differs is what stands
around the names: the roles of numbered masks (Suntwal et al. 2019), without masks.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

ROLES = 6
_WINDOW = 3  # words on a side
_DECAY = 0.5  # of what each further word counts
_EDGE = 0.5  # what the end of both texts counts, beside a word of all texts


def roles(same: Tensor, here: Tensor, there: Tensor, rarity: Tensor) -> list[Tensor]:
    """ROLES tensors (n, l) about words of one text that are in another: for rare words, mostly.

    Whether common words around it are those around its match, before and after; by how much they
    are rather those around the match of another word, before, after and both; and how many of the
    other words in common have changed sides. `same` (n, l, m): equal words; `here` (n, l) and
    `there` (n, m): which places are words; `rarity` (n, l), from 0 to 1.
    """
    around = _around(same * (1 - rarity)[:, :, None], here, there)
    own = (around * same).amax(3)
    is_taken = (same * rarity[:, :, None]).amax(1)  # by a rare word
    others = (around * (1 - same) * is_taken[:, None, :]).amax(3)
    matched = same.amax(2)
    own, others = own * matched * rarity, others * matched * rarity
    before, after = own
    instead_before, instead_after = (others - own).clamp(min=0)
    instead = (others.sum(0) - own.sum(0)).clamp(min=0)
    return [before, after, instead_before, instead_after, instead, _turned(same, matched)]


def _around(common: Tensor, here: Tensor, there: Tensor) -> Tensor:
    """(2, n, l, m) how well the words before places of two texts agree, and those after."""
    pairs = torch.arange(len(common), device=common.device)
    wide = functional.pad(common, (1, 1, 1, 1))
    wide[:, 0, 0] = _EDGE
    wide[pairs, here.sum(1).long() + 1, there.sum(1).long() + 1] = _EDGE
    left, right = (_near(size, common) for size in wide.shape[1:])
    found = torch.stack((left @ wide @ right.T, left.T @ wide @ right))
    return found[:, :, 1:-1, 1:-1].clamp(max=1)


def _near(size: int, like: Tensor) -> Tensor:
    """(size, size) what a place counts that is before another."""
    places = torch.arange(size, device=like.device, dtype=like.dtype)
    distance = places[:, None] - places
    is_near = (distance > 0) & (distance <= _WINDOW)
    return torch.where(is_near, _DECAY ** (distance - 1), 0)


def _turned(same: Tensor, matched: Tensor) -> Tensor:
    """(n, l) share of the other words in common that stand on the other side in the other text."""
    here, there = (torch.arange(size, device=same.device) for size in same.shape[1:])
    partner = torch.where(same > 0, there, len(there)).amin(2)  # the first, where there are more
    after, after_there = here[:, None] - here, partner[:, :, None] - partner[:, None, :]
    both = matched[:, :, None] * matched[:, None, :]
    has_turned = (after * after_there < 0) * both
    return has_turned.sum(2) / (both.sum(2) - 1).clamp(min=1)
