"""Interpolated modified Kneser-Ney smoothing, by the definition of KenLM's `lmplz`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dataselect.console import Report, unreported
from dataselect.errors import InputError, OptionError
from dataselect.models.language_model.backoff import BackoffModel, NgramOrder
from dataselect.models.language_model.discounts import (
    FALLBACK,
    Discounts,
    closed_form,
    doubts,
)
from dataselect.models.language_model.ngram_counts import NgramCounts, count_ngrams
from dataselect.models.language_model.vocabulary import BEGIN, END, Vocabulary
from dataselect.models.ngrams.speakers import SpeakerFigures, Speakers

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 6
"""The highest order: what a usual build of KenLM loads."""

_SMALLEST = 1e-99  # its logarithm stands for a probability of zero, as in SRILM


@dataclass(frozen=True)
class Estimate:
    """A model and how it came about; `order` is the one asked for.

    `discounts` has one entry an order; the orders of `fallbacks` got FALLBACK. `pruned` counts
    the n-grams of each order that were dropped. `said` is what is known of speakers.
    """

    model: BackoffModel
    order: int
    words: int
    sentences: int
    discounts: tuple[Discounts, ...]
    fallbacks: tuple[int, ...]
    pruned: tuple[int, ...]
    said: SpeakerFigures | None = None

    def warnings(self) -> list[str]:
        """What a person should know of the estimation."""
        found = doubts(self.fallbacks)
        if self.model.order < self.order:
            longer = self.model.order + 1
            why = f"no sentence has an n-gram of order {longer}"
            if longer <= len(self.pruned):
                why = f"no n-gram of order {longer} is left"
            found.append(f"{why}; the model has order {self.model.order}, not {self.order}")
        return found

    def describe(self) -> dict[str, object]:
        return {
            "words": self.words,
            "sentences": self.sentences,
            "ngrams": [len(level) for level in self.model.levels],
            "pruned": self.pruned,
            "discounts": list(map(list, self.discounts)),
            "discount_fallbacks": self.fallbacks,
            **({} if self.said is None else {"speakers": self.said._asdict()}),
        }


def check_order(order: int) -> int:
    """The order. Raises OptionError if no model has it."""
    if not 1 <= order <= LONGEST:
        raise OptionError(f"--order {order} is out of range; give 1 to {LONGEST}")
    return order


def pruning(thresholds: Sequence[int], order: int) -> tuple[int, ...]:
    """One threshold an order: the last one given serves all longer n-grams. Raises OptionError.

    >>> pruning([0, 1], order=4)
    (0, 1, 1, 1)
    """
    if not thresholds:
        return (0,) * order
    spelled = "--prune " + " ".join(map(str, thresholds))
    if len(thresholds) > order:
        raise OptionError(f"{spelled} has more thresholds than --order {order}")
    if thresholds[0] != 0:
        raise OptionError(
            f"{spelled} would drop words; begin with 0, and drop rare words with --min-count"
        )
    if list(thresholds) != sorted(thresholds):
        raise OptionError(f"{spelled} falls; each threshold is at least that of the order below")
    return (*thresholds, *[thresholds[-1]] * (order - len(thresholds)))


def estimate(
    tokens: NDArray[np.int32],
    vocabulary: Vocabulary,
    *,
    order: int = 3,
    prune: Sequence[int] = (),
    speakers: Speakers | None = None,
    report: Report = unreported,
) -> Estimate:
    """Estimate a model of sentences in a row, as `Vocabulary.encode` gives them.

    Chen & Goodman (1998), with the closed-form discounts of their equation 26 and lower orders
    that count distinct left neighbours, each interpolated with the order below, unigrams with the
    uniform distribution over all words but <s>. N-grams seen `prune[order - 1]` times or less are
    dropped after the discounts are estimated, and their mass goes to the back-off (Heafield et
    al. 2013), and so are those that too few of the `speakers` of the sentences said. What one of
    these counts is capped where counts are of occurrences: in the highest order, and after <s>;
    left neighbours count once anyway, whoever said them. A model of short sentences, or of which
    nothing is left in the highest orders, has a lower order than asked for.

    Peak memory is at most 60 bytes a token for each order, 180 for order 3, markers counted. Raises
    OptionError, and InputError without a token.
    """
    thresholds = pruning(prune, check_order(order))
    if not len(tokens):
        raise InputError("there is no text to train on; check the input")
    if speakers is not None:
        speakers.check(int(np.count_nonzero(tokens == BEGIN)))
    advance = report("estimating", 2 * order)  # each order is counted, then smoothed
    counted = count_ngrams(tokens, len(vocabulary), order, advance, speakers)
    kept = [
        (each.raw > limit) & each.said for each, limit in zip(counted, thresholds, strict=False)
    ]
    kept[0][:] = True  # a word of the vocabulary may be absent from the text
    adjusted = _adjusted(counted)
    estimated = [closed_form(counts) for counts in _statistics(counted, adjusted)]
    discounts = tuple(each or Discounts(*FALLBACK) for each in estimated)
    levels = _levels(counted, adjusted, discounts, kept, advance)
    return Estimate(
        BackoffModel(vocabulary, levels),
        order=order,
        words=int(np.count_nonzero((tokens != BEGIN) & (tokens != END))),
        sentences=int(np.count_nonzero(tokens == END)),
        discounts=discounts,
        fallbacks=tuple(n for n, each in enumerate(estimated, start=1) if each is None),
        pruned=tuple(int(np.count_nonzero(~each)) for each in kept),
    )


def _adjusted(counted: list[NgramCounts]) -> list[NDArray[np.int64]]:
    """The counts that are smoothed: distinct left neighbours, below the highest order.

    An n-gram that begins with <s> has no left neighbour and keeps its raw count.
    """
    return [
        np.where(each.begins, each.raw, np.bincount(longer.suffixes, minlength=len(each.raw)))
        for each, longer in pairwise(counted)
    ] + [counted[-1].raw]


def _statistics(
    counted: list[NgramCounts], adjusted: list[NDArray[np.int64]]
) -> list[NDArray[np.int64]]:
    """The counts that discounts are estimated from.

    They are the adjusted ones, except that `lmplz` takes the raw count of the very last n-gram of
    each lower order, sorted by the last word, then the one before it. Little text shows it.
    """
    statistics = list(adjusted)
    last = np.flatnonzero(counted[0].raw)[-1]
    for place, (ngrams, longer) in enumerate(pairwise(counted)):
        statistics[place] = adjusted[place].copy()
        statistics[place][last] = ngrams.raw[last]
        places = np.flatnonzero(longer.suffixes == last)
        if not len(places):  # it begins with <s>
            break
        last = places[-1]
    return statistics


def _levels(
    counted: list[NgramCounts],
    adjusted: list[NDArray[np.int64]],
    discounts: Sequence[Discounts],
    kept: list[NDArray[np.bool_]],
    advance: Callable[[int], None],
) -> tuple[NgramOrder, ...]:
    """Probabilities from the unigrams up, then back-offs, less the n-grams that are not kept.

    Empties `counted` and `adjusted` on the way, for what it makes is as large.
    """
    lower = np.array([1 / (len(counted[0].words) - 1)])
    probs, shares = [], []
    none = np.empty(0, np.int64)
    for place, (discount, keeps) in enumerate(zip(discounts, kept, strict=True)):
        advance(1)
        ngrams = counted[place]
        lower, share = _interpolated(ngrams, adjusted[place], discount, keeps, lower)
        adjusted[place] = none
        counted[place] = ngrams._replace(suffixes=none, raw=none)
        probs.append(lower)
        shares.append(share)
    probs[0][BEGIN] = 1  # as lmplz has it: scoring <s> itself changes nothing
    shares.append(np.ones(len(counted[-1].words)))
    del shares[0], lower, ngrams, share
    levels = []
    renumbered = np.zeros(1, np.int64)
    for keeps in kept:
        log_probs, backoffs = _log10(probs.pop(0)[keeps]), _log10(shares.pop(0)[keeps])
        ngrams = counted.pop(0)
        histories = renumbered[ngrams.histories[keeps]]
        levels.append(NgramOrder(histories, ngrams.words[keeps], log_probs, backoffs))
        renumbered = np.cumsum(keeps) - 1
    while not len(levels[-1]):  # then no back-off above it frees anything
        levels.pop()
    return tuple(levels)


def _interpolated(
    ngrams: NgramCounts,
    counts: NDArray[np.int64],
    discounts: Discounts,
    kept: NDArray[np.bool_],
    lower: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(m,) probability of each n-gram, and for each history its share of the order below.

    `lower` holds the probabilities of that order. A history that nothing follows has a share of 1.
    """
    taken = np.array([0.0, *discounts])[np.minimum(counts, 3)]
    np.copyto(taken, counts, where=~kept)
    total = np.bincount(ngrams.histories, counts, len(lower))
    freed = np.bincount(ngrams.histories, taken, len(lower))
    share = np.divide(freed, total, out=np.ones(len(lower)), where=total > 0)
    del freed
    own = np.subtract(counts, taken, out=taken)
    own /= total[ngrams.histories]
    del total
    inherited = share[ngrams.histories]
    inherited *= lower[ngrams.suffixes]
    own += inherited
    return own, share


def _log10(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """In place."""
    np.clip(probabilities, _SMALLEST, 1, out=probabilities)
    return np.log10(probabilities, out=probabilities)
