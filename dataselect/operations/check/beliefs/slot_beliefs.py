"""What a slot tagger that did not see a record believes of its slots.

Naive Bayes tells the slot of each token, or none, from what the slot tagger sees of it: the word,
its letters, its neighbours, known values, and the intent. It learns five folds in seconds, where a
conditional random field takes minutes a fold, and needs no package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from dataselect.models.intent_classifier.soft_regression import log_softmax
from dataselect.operations.check.beliefs.complement_bayes import ComplementBayes, weights_of_views
from dataselect.operations.check.beliefs.token_units import TokenUnits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dataselect.operations.check.checked_corpus import CheckedCorpus
    from dataselect.operations.check.corpus_tokens import CorpusTokens

_CELLS = 1 << 21  # of a block of beliefs
# How many tags are given right for each wrong one. Naive Bayes is too sure of what it says inside
# titles and names, so the root of its odds counts; for the order of tokens neither makes a
# difference, beside other rules both do.
_RIGHT = 300.0
_SAMPLE = 20_000  # tokens to find one number, the weight of the odds


class SlotBeliefs(NamedTuple):
    """Beliefs of tokens, (t,) each; tags as `CorpusTokens` has them.

    `own`: the probability of the given tag; `best`: that of the best other one, `other`. `usual`
    (k,): the mean probability of a tag where it is given.
    """

    tokens: CorpusTokens
    tags: NDArray[np.intp]
    own: NDArray[np.float64]
    best: NDArray[np.float64]
    other: NDArray[np.intp]

    @property
    def least(self) -> NDArray[np.float64]:
        """(n,) the lowest probability of a token's tag, 1 for a record without tokens."""
        bounds = self.tokens.bounds
        found = np.ones(len(bounds) - 1)
        some = np.flatnonzero(np.diff(bounds))
        found[some] = np.minimum.reduceat(self.own, bounds[some])
        return found

    @property
    def suspects(self) -> NDArray[np.intp]:
        """Tokens of which another tag is more probable."""
        return np.flatnonzero(self.own < self.best)

    def tag_name(self, tag: int) -> str:
        """A tag in words."""
        names = self.tokens.names
        if not tag:
            return "in no slot"
        part = "the first word of" if tag <= len(names) else "inside"
        return f"{part} '{names[(tag - 1) % len(names)]}'"


def cross_validated_slots(corpus: CheckedCorpus) -> SlotBeliefs:
    """Beliefs of taggers that did not learn from a record nor from its copies."""
    known = corpus.tokens.tags
    own, best = np.zeros((2, len(known)))
    other = np.zeros(len(known), np.intp)
    for tokens, likely in held_out_slots(corpus):
        each, tags = np.arange(len(tokens)), known[tokens]
        own[tokens] = likely[each, tags]
        likely[each, tags] = 0
        other[tokens] = likely.argmax(axis=1)
        best[tokens] = likely[each, other[tokens]]
    against = np.sqrt((1 - own) / np.maximum(_RIGHT * own, np.finfo(float).tiny))
    share = best / np.maximum(1 - own, np.finfo(float).tiny)
    return SlotBeliefs(
        corpus.tokens, known, 1 / (1 + against), share * against / (1 + against), other
    )


def held_out_slots(
    corpus: CheckedCorpus,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Places of some tokens, (r,), and their probabilities of tags, (r, k)."""
    tokens, tags = corpus.tokens, corpus.tokens.tags
    classes = 2 * len(tokens.names) + 1
    fold = np.repeat(corpus.fold, np.diff(tokens.bounds))
    present = np.unique(fold).tolist()
    advance = corpus.report("slots", len(present) + 1)
    units = TokenUnits.of(tokens, corpus.intents[1])
    weight = None
    with threadpool_limits(1):  # sums come out the same however many cores there are
        bayes = ComplementBayes(*units, tags, classes, fold)
        advance(1)
        for number in present:
            bayes.learn(number)
            held_out = np.flatnonzero(fold == number)
            if weight is None:
                some = held_out[:: -(-len(held_out) // _SAMPLE)]
                weight = weights_of_views(bayes.odds(some)[None], tags[some])
            height = max(1, _CELLS // classes)
            for start in range(0, len(held_out), height):
                part = held_out[start : start + height]
                yield part, np.exp(log_softmax(weight[0] * bayes.odds(part)))
            advance(1)
