"""A linear chain over BIO tags: its sums and its best paths, of whole batches of sequences.

Of S slots there are 2 S + 1 tags: O, then B of each slot, then I of each. I follows only B and I of
its own slot, so that a step costs S x S and not (2 S) x (2 S).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Product = Callable[[Floats, Floats], Floats]

_FAINTEST = -200.0  # of a tag's log-weight beside the strongest one's: products stay above 0


class Transitions(NamedTuple):
    """Log-weights between tags.

    `enter` (2 S + 1, S + 1): from a tag to O or the begin of a slot; `inside` (2, S): from B, and
    from I, to I of the same slot. Any of O and the begins may be first.
    """

    enter: NDArray[np.float32]
    inside: NDArray[np.float32]


class Packed(NamedTuple):
    """Sequences side by side, longest first: `order` (t,) places their tokens step by step.

    Step k has `counts[k]` tokens, of the first `counts[k]` sequences of `sequences`.
    """

    order: NDArray[np.intp]
    counts: list[int]
    sequences: NDArray[np.intp]

    @classmethod
    def of(cls, bounds: NDArray[np.intp]) -> Packed:
        """Sequence i owns the tokens `bounds[i]` to `bounds[i + 1]`; empty ones have no step."""
        lengths = np.diff(bounds)
        sequences = np.argsort(-lengths, kind="stable")
        longest = int(lengths.max(initial=0))
        counts = [int((lengths > step).sum()) for step in range(longest)]
        pieces = [bounds[sequences[:count]] + step for step, count in enumerate(counts)]
        order = np.concatenate(pieces) if pieces else np.empty(0, np.intp)
        return cls(order, counts, sequences)

    def steps(self) -> list[slice]:
        """Where each step is among the ordered tokens."""
        ends = np.cumsum([0, *self.counts]).tolist()
        return [slice(*pair) for pair in pairwise(ends)]


def _dense(rows: Floats, matrix: Floats) -> Floats:
    product: Floats = rows @ matrix
    return product


def row_by_row(rows: Floats, matrix: Floats) -> Floats:
    """`rows @ matrix`, each row added up in one order, whatever the others."""
    from scipy.sparse import csr_array

    count, width = rows.shape
    indices = np.tile(np.arange(width, dtype=np.int32), count)
    bounds = np.arange(0, count * width + 1, width)
    product: Floats = csr_array((rows.ravel(), indices, bounds), shape=rows.shape) @ matrix
    return product


@dataclass(frozen=True, eq=False)
class ForwardBackward:
    """Sums over all taggings of a batch, tokens in packed order.

    `forward` and `backward` (t, 2 S + 1) are scaled so that `forward * backward` are the marginal
    probabilities; `weights` (t, 2 S + 1) are those of tags by themselves, divided by the scale of
    their step; `leave` (t, 2 S + 1) is what follows a tag
    after which its slot ends. `log_sums` (n,) by
    sequence.
    """

    packed: Packed
    forward: Floats
    backward: Floats
    weights: Floats
    leave: Floats
    log_sums: Floats
    inside: Floats

    @classmethod
    def of(
        cls,
        emissions: Floats,
        bounds: NDArray[np.intp],
        transitions: Transitions,
        product: Product = _dense,
    ) -> ForwardBackward:
        """`emissions` (t, 2 S + 1): log-weights of tags, tokens in the order of `bounds`."""
        packed = Packed.of(bounds)
        slots = transitions.inside.shape[1]
        enter, inside = (np.exp(each.astype(np.float64)) for each in transitions)
        ordered = emissions[packed.order]
        highest = ordered.max(axis=1, initial=-np.inf, keepdims=True)
        weights = np.exp(np.maximum(ordered - highest, _FAINTEST))
        forward = np.empty_like(weights)
        scales = np.empty(len(weights))
        steps = packed.steps()
        for number, step in enumerate(steps):
            own = forward[step]
            if number == 0:
                own[:, : slots + 1] = 1
                own[:, slots + 1 :] = 0
            else:
                before = forward[steps[number - 1]][: len(own)]
                own[:, : slots + 1] = product(before, enter)
                own[:, slots + 1 :] = (
                    before[:, 1 : slots + 1] * inside[0] + before[:, slots + 1 :] * inside[1]
                )
            own *= weights[step]
            scales[step] = own.sum(axis=1)
            own /= scales[step, np.newaxis]
        weights /= scales[:, np.newaxis]
        backward = np.ones_like(weights)
        leave = np.ones_like(weights)
        for step, after in zip(steps[-2::-1], steps[:0:-1], strict=True):
            following = weights[after] * backward[after]
            count = len(following)
            left = product(following[:, : slots + 1], np.ascontiguousarray(enter.T))
            leave[step][:count] = left
            back, on = backward[step][:count], following[:, slots + 1 :]
            back[:] = left
            back[:, 1 : slots + 1] += inside[0] * on
            back[:, slots + 1 :] += inside[1] * on
        log_sums = np.zeros(len(bounds) - 1)
        logs = np.log(scales) + highest[:, 0]
        for step in steps:
            log_sums[packed.sequences[: step.stop - step.start]] += logs[step]
        return cls(packed, forward, backward, weights, leave, log_sums, inside)

    def marginals(self) -> Floats:
        """(t, 2 S + 1) the probability of each tag of each token, in the order of the tokens."""
        found = np.empty_like(self.forward)
        found[self.packed.order] = self.forward * self.backward
        return found

    def segment_probabilities(
        self, first: NDArray[np.intp], last: NDArray[np.intp], slot: NDArray[np.intp]
    ) -> Floats:
        """(m,) probability that a slot is at exactly the tokens `first` to `last`, as given.

        The product of the forward sum of its begin, the weights of going on, and what may follow.
        """
        slots = self.inside.shape[1]
        place = np.empty(len(self.packed.order), np.intp)
        place[self.packed.order] = np.arange(len(place))
        ending = 1 + slot + np.where(last > first, slots, 0)
        found = self.forward[place[first], 1 + slot] * self.leave[place[last], ending]
        for ahead in range(1, int((last - first).max(initial=0)) + 1):
            on = np.flatnonzero(first + ahead <= last)
            rows, own = place[first[on] + ahead], slot[on]
            found[on] *= self.inside[min(ahead, 2) - 1, own] * self.weights[rows, 1 + slots + own]
        return found


def best_paths(
    emissions: Floats, bounds: NDArray[np.intp], transitions: Transitions
) -> tuple[NDArray[np.intp], Floats]:
    """(t,) tags of the most probable tagging of each sequence, and (n,) its log-weight (Viterbi).

    Of equals the first. Tags: 0 is O, 1 to S begin a slot, S + 1 to 2 S go on.
    """
    packed = Packed.of(bounds)
    slots = transitions.inside.shape[1]
    ordered = emissions[packed.order]
    steps = packed.steps()
    origins = np.zeros(ordered.shape, np.int32)
    paths, highest = np.zeros(len(ordered), np.intp), np.zeros(len(bounds) - 1)
    scores = np.empty_like(ordered)
    for number, step in enumerate(steps):
        own = scores[step]
        if number == 0:
            own[:, : slots + 1] = 0
            own[:, slots + 1 :] = -np.inf
        else:
            before = scores[steps[number - 1]][: len(own)]
            _extend(before, own, origins[step], transitions)
        own += ordered[step]
    for number in range(len(steps) - 1, -1, -1):
        step = steps[number]
        going = steps[number + 1].stop - steps[number + 1].start if number + 1 < len(steps) else 0
        here = scores[step].argmax(axis=1)
        ended = np.arange(going, len(here))
        highest[packed.sequences[ended]] = scores[step][ended, here[ended]]
        if going:
            after = steps[number + 1]
            here[:going] = origins[after][np.arange(going), paths[after]]
        paths[step] = here
    found = np.empty_like(paths)
    found[packed.order] = paths
    return found, highest


def _extend(
    before: Floats, best: Floats, origins: NDArray[np.int32], transitions: Transitions
) -> None:
    """Fill `best` (n, 2 S + 1) and where it comes from, of the scores of the tags before."""
    slots = transitions.inside.shape[1]
    begun, gone_on = before[:, 1 : slots + 1], before[:, slots + 1 :]
    entering = before[:, :1] + transitions.enter[0]
    origin = np.zeros(entering.shape, np.int32)
    for tag in range(1, 2 * slots + 1):
        other = before[:, tag, np.newaxis] + transitions.enter[tag]
        better = other > entering
        np.copyto(entering, other, where=better)
        origin[better] = tag
    best[:, : slots + 1], origins[:, : slots + 1] = entering, origin
    from_begin, from_inside = begun + transitions.inside[0], gone_on + transitions.inside[1]
    later = from_inside > from_begin
    best[:, slots + 1 :] = np.where(later, from_inside, from_begin)
    origins[:, slots + 1 :] = np.where(later, slots + 1, 1) + np.arange(slots)
