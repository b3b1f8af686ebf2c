"""Membership inference: can texts that a model was trained on be told by how familiar they are?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.errors import InputError
from dataselect.models.metrics.bootstrap import SAMPLES, Interval, bounds, draw_counts

LEAST = 4
"""Texts of either kind: the threshold is learnt on one half and tried on the other."""
_CELLS = 1 << 22  # counts held at a time: 32 MiB


class MembershipInference(NamedTuple):
    """An attack that calls texts above a threshold members of the training data.

    `auc`: how often a member is more familiar than another text, 0.5 by chance. `advantage`: the
    share of members found less that of others called so (Yeom et al. 2018), 0 by chance, by a
    threshold that was learnt on the other half of the texts.
    """

    auc: Interval
    advantage: Interval


def membership_inference(
    members: NDArray[np.float64],
    others: NDArray[np.float64],
    rng: np.random.Generator,
    samples: int = SAMPLES,
) -> MembershipInference:
    """Attack a model by how familiar members (m,) and other texts (n,) are to it.

    Intervals of 95 % are by bootstrap of both. Raises InputError for fewer than LEAST of either.
    """
    for name, scores in ("--members", members), ("--non-members", others):
        if len(scores) < LEAST:
            raise InputError(f"{name}: {len(scores)} texts; give {LEAST} or more")
    levels, places = np.unique(np.concatenate((members, others)), return_inverse=True)
    sides = (
        _Side(places[: len(members)], len(levels), rng),
        _Side(places[len(members) :], len(levels), rng),
    )
    values = _attacked(*(side.levels(np.ones((1, len(side.places)))) for side in sides))
    at_a_time = max(1, _CELLS // (len(places) + len(levels)))
    drawn = [
        _attacked(*(side.levels(draw_counts(len(side.places), count, rng)) for side in sides))
        for start in range(0, samples, at_a_time)
        for count in [min(at_a_time, samples - start)]
    ]
    found = [
        Interval(float(value[0]), *bounds(np.concatenate(each)))
        for value, *each in zip(values, *drawn, strict=True)
    ]
    return MembershipInference(*found)


class _Side:
    """The members, or the others: `places` (m,) of their scores among all, halved at random."""

    def __init__(self, places: NDArray[np.intp], size: int, rng: np.random.Generator) -> None:
        from scipy.sparse import csr_array

        self.places = places
        rows, half = np.arange(len(places)), rng.permutation(len(places)) % 2
        entries = np.ones(len(places)), (rows, half * size + places)
        self._halves = csr_array(entries, shape=(len(places), 2 * size))

    def levels(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """(s, 2, l) how many of each half have each score, where text i counts `counts[:, i]`."""
        return np.asarray(counts @ self._halves).reshape(len(counts), 2, -1)


def _attacked(
    members: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AUC and advantage, (s,) each, by how many texts have each score, (s, 2, l)."""
    own, rest = members.sum(axis=1), others.sum(axis=1)
    below = rest.cumsum(axis=1) - rest / 2
    auc = (own * below).sum(axis=1) / (own.sum(axis=1) * rest.sum(axis=1))
    told = _shares(members) - _shares(others)
    best = told.argmax(axis=2)[:, ::-1, None]  # by the other half
    return auc, np.take_along_axis(told, best, axis=2)[:, :, 0].mean(axis=1)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(s, 2, l) the share of each half with such a score or a higher one."""
    above = counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    total = above[:, :, :1]
    shares: NDArray[np.float64] = np.divide(above, total, out=np.zeros_like(above), where=total > 0)
    return shares
