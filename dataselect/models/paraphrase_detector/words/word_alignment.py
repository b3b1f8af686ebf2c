"""How the words of two texts match, as tensors; imports torch, and is imported where it is used."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dataselect.models.paraphrase_detector.batching import TokenizedPairs
from dataselect.models.paraphrase_detector.words.word_roles import ROLES, roles
from dataselect.models.paraphrase_detector.words.word_statistics import RARITY


class TensorBatch(NamedTuple):
    """Pairs of texts as tensors, `w` distinct words in all.

    `one` (n, l) and `other` (n, m) are words from 1, 0 is padding. `is_known` (n, l + m): those of
    the vocabulary; `features` (n, l + m, TOKEN_FEATURES). `similarity` (w, w) are cosines of the
    words' parts, `relatedness` (w, w) those of their vectors. `buckets` (b,): the parts of all
    words, those of word i from `offsets[i - 1]`.
    """

    one: Tensor
    other: Tensor
    is_known: Tensor
    features: Tensor
    similarity: Tensor
    relatedness: Tensor
    buckets: Tensor
    offsets: Tensor

    @classmethod
    def of(
        cls, pairs: TokenizedPairs, places: NDArray[np.intp], device: torch.device
    ) -> TensorBatch:
        """Some of the pairs with what is known of their words, on a device."""
        rows = pairs.rows(places)
        used, numbers = np.unique(
            np.concatenate((rows.one, rows.other), axis=1), return_inverse=True
        )
        numbers = numbers.reshape(len(rows.one), -1) + (used[0] != 0)  # 0 remains padding
        known = used[used > 0] - 1
        vectors, parts = pairs.vectors[known], pairs.words.features[known]
        arrays = (
            numbers[:, : rows.one.shape[1]],
            numbers[:, rows.one.shape[1] :],
            rows.is_known,
            rows.features,
            _cosines(parts),
            vectors @ vectors.T,
            parts.indices.astype(np.int64),
            parts.indptr[:-1].astype(np.int64),
        )
        return cls(*(torch.from_numpy(each).to(device) for each in arrays))


def _cosines(features: Any) -> NDArray[np.float32]:
    lengths = np.sqrt(features.multiply(features).sum(axis=1))
    products = (features @ features.T).toarray()
    cosines: NDArray[np.float32] = (products / np.outer(lengths, lengths)).astype(np.float32)
    return cosines


class WordAlignment(NamedTuple):
    """How the words of one text match those of another, all (n, l, m).

    `same`: they are equal; `after_same`, `before_same`: the words before them, or after, are.
    `alike`: cosine of what they are made of; `related`: of their vectors.
    """

    same: Tensor
    after_same: Tensor
    before_same: Tensor
    alike: Tensor
    related: Tensor

    @classmethod
    def of(cls, batch: TensorBatch) -> WordAlignment:
        one, other = batch.one[:, :, None], batch.other[:, None, :]
        same = ((one == other) & (one > 0)).float()
        around = functional.pad(same, (1, 1, 1, 1))
        alike, related = (
            functional.pad(each, (1, 0, 1, 0))[one, other]
            for each in (batch.similarity, batch.relatedness)
        )
        return cls(same, around[:, :-2, :-2], around[:, 2:, 2:], alike, related)

    def turned(self) -> WordAlignment:
        """The same, seen from the other text."""
        return WordAlignment(*(each.transpose(1, 2) for each in self))

    def relations(self) -> Tensor:
        """(n, l, m, RELATIONS) of each word of one text with each of the other."""
        spelled = self.alike * (self.alike > _ALIKE)
        both_same = self.same * self.after_same
        relations = (self.same, self.after_same, self.before_same, both_same, spelled, self.related)
        return torch.stack((*relations, torch.ones_like(spelled)), 3)

    def features(self, here: Tensor, there: Tensor, rarity: Tensor) -> Tensor:
        """(n, l, WORD_FEATURES) of how each word of one text is matched by the other.

        `here` (n, l) and `there` (n, m): which places are words. Whether the word is in the other
        text, with the same words before and after it; whether its neighbours are; how like a word
        of the other it is, and how related to one. For a word that is not there: how many words
        stand in its place, between the partners of the nearest words that are. For one that is:
        its role. `rarity` (n, l) is between 0 and 1.
        """
        matched = self.same.amax(2)
        is_new = here - matched
        new = is_new.sum(1, keepdim=True)
        beside = functional.pad(torch.where(here > 0, matched, 1), (1, 1), value=1)
        instead = _room(self.same, matched, there)
        return torch.stack(
            (
                matched,
                (self.same * self.after_same).amax(2),
                (self.same * self.before_same).amax(2),
                beside[:, :-2],
                beside[:, 2:],
                self.alike.amax(2),
                self.related.amax(2),
                (new / here.sum(1, keepdim=True).clamp(min=1)).expand_as(matched),
                (new / _MANY).expand_as(matched),
                *(is_new * (instead == few) for few in range(_FEW)),
                is_new * (instead >= _FEW),
                is_new * (instead < 0),  # those words stand in another order
                *roles(self.same, here, there, rarity),
            ),
            2,
        )


_ALIKE = 0.5
_FEW = 3
_MANY = 8.0  # words
WORD_FEATURES = 9 + _FEW + 2 + ROLES
RELATIONS = 7


def _room(same: Tensor, matched: Tensor, there: Tensor) -> Tensor:
    """(n, l) words of the other text between the partners of the nearest matched words."""
    columns = torch.arange(same.shape[2], device=same.device, dtype=same.dtype)
    partner = torch.where(same > 0, columns, torch.inf).amin(2)  # the first, where there are more
    places = torch.arange(same.shape[1], device=same.device).expand_as(matched)
    before = torch.where(matched > 0, places, -1).cummax(1).values
    after = torch.where(matched > 0, places, len(places[0])).flip(1).cummin(1).values.flip(1)
    ends = there.sum(1, keepdim=True).to(same.dtype)
    bounded = torch.cat((torch.full_like(ends, -1), partner, ends), 1)  # of before, words, after
    return bounded.gather(1, after + 1) - bounded.gather(1, before + 1) - 1


class Context(NamedTuple):
    """What there is to know of the t = l + m words of each pair.

    `words` (n, t) from 1, 0 is padding; `is_known` (n, t) those of the vocabulary; `buckets` and
    `offsets` as in TensorBatch; `features` (n, t, WORD_FEATURES) of how they match, `told`
    (n, t, TOKEN_FEATURES) of each alone; `relations` (n, t, t, RELATIONS) between texts;
    `distance` (t, t) of words of one text, from 0 to 2 * FARTHEST; `within` (t, t), 1 for words of
    one text.
    """

    words: Tensor
    is_known: Tensor
    buckets: Tensor
    offsets: Tensor
    features: Tensor
    told: Tensor
    relations: Tensor
    distance: Tensor
    within: Tensor

    @property
    def is_word(self) -> Tensor:
        """(n, t) what is no padding."""
        return self.words > 0

    @classmethod
    def of(cls, batch: TensorBatch) -> Context:
        forth = WordAlignment.of(batch)
        back = forth.turned()
        one, other = (batch.one > 0).float(), (batch.other > 0).float()
        first, rarity = batch.one.shape[1], batch.features[:, :, RARITY]
        text = torch.arange(first + batch.other.shape[1], device=one.device) >= first
        place = torch.arange(len(text), device=one.device) - first * text
        distance = (place[:, None] - place).clamp(-FARTHEST, FARTHEST) + FARTHEST
        return cls(
            torch.cat((batch.one, batch.other), 1),
            batch.is_known,
            batch.buckets,
            batch.offsets,
            torch.cat(
                (
                    forth.features(one, other, rarity[:, :first]),
                    back.features(other, one, rarity[:, first:]),
                ),
                1,
            ),
            batch.features,
            _between(forth.relations(), back.relations()),
            distance,
            (text[:, None] == text).float(),
        )


def _between(forth: Tensor, back: Tensor) -> Tensor:
    """(n, t, t, r) of relations of each text with the other; nothing within a text."""
    pairs, first, second, kinds = forth.shape
    own = forth.new_zeros(pairs, first, first, kinds)
    others = forth.new_zeros(pairs, second, second, kinds)
    return torch.cat((torch.cat((own, forth), 2), torch.cat((back, others), 2)), 1)


FARTHEST = 8  # words
