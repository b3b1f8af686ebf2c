"""What a slot tagger that did not see a record believes of its slots.

Naive Bayes tells the slot of each token, or none, from what the slot tagger sees of it: the word,
its letters, its neighbours, known values, and the intent. It learns five folds in seconds, where a
conditional random field takes minutes a fold, and needs no package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from dataselect.models.cross_validation import folds
from dataselect.models.intent_classifier.soft_regression import log_softmax
from dataselect.models.near_duplicates import canonical
from dataselect.models.slot_tagger import token_features
from dataselect.models.slot_tagger.gazetteers import Gazetteer
from dataselect.models.slot_tagger.slot_tokens import Tokenizer
from dataselect.models.slot_tagger.tagger_training import TaggedTexts
from dataselect.models.slot_tagger.token_features import FeatureColumns
from dataselect.operations.check.beliefs.complement_bayes import ComplementBayes, weights_of_views
from dataselect.operations.check.worded_record import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dataselect.console import Report
    from dataselect.operations.check.checked_record import CheckedRecord

_CELLS = 1 << 22  # of a block of beliefs
# The given tag of a suspect. Naive Bayes is often wrong inside titles and names.
_UNLIKELY = 0.01
_SAMPLE = 20_000  # tokens to find one number, the weight of the odds


class SlotBeliefs(NamedTuple):
    """Beliefs of tokens, (t,) each; record i owns `bounds[i]` to `bounds[i + 1]`.

    `names` of the slots; tags are 0 for none, each slot's first word, each slot's further ones.
    `own`: the probability of the given tag; `best`: that of the best other one, `other`. `usual`
    (k,): the mean probability of a tag where it is given.
    """

    names: list[str]
    known: TaggedTexts
    own: NDArray[np.float64]
    best: NDArray[np.float64]
    other: NDArray[np.intp]
    usual: NDArray[np.float64]

    @property
    def bounds(self) -> NDArray[np.intp]:
        return self.known.batch.bounds

    @property
    def least(self) -> NDArray[np.float64]:
        """(n,) the lowest probability of a token's tag, 1 for a record without tokens."""
        found = np.ones(len(self.bounds) - 1)
        some = np.flatnonzero(np.diff(self.bounds))
        found[some] = np.minimum.reduceat(self.own, self.bounds[some])
        return found

    def suspects(self) -> NDArray[np.intp]:
        """Tokens of an improbable tag, and of another as probable as where it is given."""
        is_usual = self.best >= self.usual[self.other]
        return np.flatnonzero(is_usual & (self.own <= _UNLIKELY))

    def tag_name(self, tag: int) -> str:
        """A tag in words."""
        if not tag:
            return "in no slot"
        part = "the first word of" if tag <= len(self.names) else "inside"
        return f"{part} '{self.names[(tag - 1) % len(self.names)]}'"


def cross_validated_slots(
    records: Sequence[CheckedRecord], seed: int, report: Report
) -> SlotBeliefs:
    """Beliefs of taggers that did not learn from a record nor from its copies."""
    names = sorted({slot.slot for record in records for slot in record.slots})
    known = tagged(records, names)
    own, best = np.zeros((2, len(known.tags)))
    other = np.zeros(len(known.tags), np.intp)
    for tokens, likely in held_out_slots(records, known, names, seed, report):
        each, tags = np.arange(len(tokens)), known.tags[tokens]
        own[tokens] = likely[each, tags]
        likely[each, tags] = -1
        other[tokens] = likely.argmax(axis=1)
        best[tokens] = likely[each, other[tokens]]
    classes = 2 * len(names) + 1
    counts = np.maximum(np.bincount(known.tags, minlength=classes), 1)
    usual = np.bincount(known.tags, own, classes) / counts
    return SlotBeliefs(names, known, own, best, other, usual)


def tagged(records: Sequence[CheckedRecord], names: Sequence[str]) -> TaggedTexts:
    """The tokens of records, with the tags that they are given; none of a text that is too long."""
    short = [len(record.text) <= LONGEST for record in records]
    known = list(zip(records, short, strict=True))
    return TaggedTexts.annotated(
        [record.text if is_short else "" for record, is_short in known],
        [record.intent or "" for record in records],
        [record.slots if is_short else () for record, is_short in known],
        names,
        Tokenizer(),
    )


def held_out_slots(
    records: Sequence[CheckedRecord],
    known: TaggedTexts,
    names: Sequence[str],
    seed: int,
    report: Report,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Places of some tokens, (r,), and their probabilities of tags, (r, k)."""
    fold_of_text = folds(
        [canonical(record.text) for record in records], np.random.default_rng(seed)
    )
    advance = report("slots", int(fold_of_text.max()) + 2)
    values = known.values(names)
    features = token_features.known_features(
        known.batch, known.intents, Gazetteer.of(values), values
    )
    rows = token_features.rows(known.batch, features, {}, FeatureColumns(grows=True))
    often = np.flatnonzero(np.bincount(rows.indices, minlength=rows.shape[1]) > 1)
    tags, classes = known.tags, 2 * len(names) + 1
    bayes = ComplementBayes(rows[:, often], tags, classes)
    advance(1)
    fold = np.repeat(fold_of_text, np.diff(known.batch.bounds))
    weight = None
    with threadpool_limits(1):  # sums come out the same however many cores there are
        for number in range(int(fold_of_text.max()) + 1):
            bayes.learn(np.flatnonzero(fold != number))
            held_out = np.flatnonzero(fold == number)
            if not len(held_out):  # long texts alone
                continue
            if weight is None:
                some = held_out[:: max(1, len(held_out) // _SAMPLE)]
                weight = weights_of_views(bayes.odds(some)[None], tags[some])
            height = max(1, _CELLS // classes)
            for start in range(0, len(held_out), height):
                part = held_out[start : start + height]
                yield part, np.exp(log_softmax(weight[0] * bayes.odds(part)))
            advance(1)
