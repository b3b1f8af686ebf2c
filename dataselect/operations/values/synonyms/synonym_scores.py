"""How probably two values of a slot mean the same: all evidence in one logistic regression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataselect.operations.values.annotated_values import AnnotatedValues, ValuesOfSlot, words_of
from dataselect.operations.values.synonyms.candidate_pairs import candidate_pairs
from dataselect.operations.values.synonyms.context_vectors import context_rows, cosines
from dataselect.operations.values.synonyms.spelled_value import SpelledValue
from dataselect.operations.values.synonyms.synonym_evidence import (
    ComparedValue,
    StringEvidence,
    string_evidence,
)

# Weights of a logistic regression (L2, C = 1) on values of SNIPS, ATIS and the demo's grammar of
# which a part had been hidden behind variants. Trained on two of the three and tested on the third
# it ranks nearly as well, and better than boosted trees: scripts/reproduce values.
KIND_WEIGHTS = {
    "same": 3.25,
    "number word": 3.55,
    "acronym": -0.69,
    "abbreviation": -0.57,
    "extra words": -14.77,
    "spelling": -14.02,
    "other words": -13.64,
}
ALIKE_WEIGHT = 16.91  # of the share of letters that are the same in misspelt words
KNOWN_WEIGHT = -1.49  # of log(1 + n), where both of the misspelt words are seen n times elsewhere
LIGHT_WEIGHT = 1.92  # of log(1 + n), where the rarest extra word is seen n times in 10,000 records
COSINE_WEIGHT = 1.36
SUPPORT_WEIGHT = 0.96  # of the cosine times log(contexts) of the value that has fewer
NUMBERS_WEIGHT = -3.69
_RECORDS = 10_000
_TELLING = 0.3  # cosine of contexts that is worth a word


class SynonymScores(NamedTuple):
    """Candidates of one slot: `pairs` (p, 2) of values, `scores` (p,) probabilities, and reasons.

    `distinct`: how many contexts each value has.
    """

    pairs: NDArray[np.intp]
    scores: NDArray[np.float64]
    reasons: list[str]
    distinct: NDArray[np.intp]


def synonym_scores(annotated: AnnotatedValues, slot: str) -> SynonymScores:
    """The candidates among the values of a slot, but those that one utterance has both of."""
    values = annotated.slots[slot]
    compared = _compared(annotated, values)
    rows = context_rows(values)
    pairs = candidate_pairs([each.spelled for each in compared], rows)
    pairs = pairs[~_together(values, pairs)]
    distinct = _distinct(values)
    near = cosines(rows, pairs)
    evidence = [string_evidence(compared[i], compared[j]) for i, j in pairs.tolist()]
    support = np.log(distinct[pairs].min(axis=1, initial=len(values.names) or 1))
    logits = near * (COSINE_WEIGHT + SUPPORT_WEIGHT * support)
    records = annotated.intents.total()
    logits += [_logit(each, records) for each in evidence]
    reasons = [_reason(each, cosine) for each, cosine in zip(evidence, near.tolist(), strict=True)]
    return SynonymScores(pairs, 1 / (1 + np.exp(-logits)), reasons, distinct)


def _logit(evidence: StringEvidence, records: int) -> float:
    """What two spellings add to the log-odds."""
    logit = KIND_WEIGHTS[evidence.kind] + NUMBERS_WEIGHT * evidence.numbers
    if evidence.kind == "spelling":
        return logit + ALIKE_WEIGHT * evidence.alike + KNOWN_WEIGHT * math.log1p(evidence.known)
    if evidence.kind == "extra words":
        return logit + LIGHT_WEIGHT * math.log1p(evidence.known * _RECORDS / records)
    return logit


def _reason(evidence: StringEvidence, cosine: float) -> str:
    contexts = f"contexts {cosine:.2f}" if cosine >= _TELLING else ""
    return ", ".join(filter(None, [evidence.why, contexts])) or f"contexts {cosine:.2f}"


def _compared(annotated: AnnotatedValues, values: ValuesOfSlot) -> list[ComparedValue]:
    """Each value with what is said of its words elsewhere."""
    found = []
    seen = annotated.seen
    for spelled, count in zip(values.spelled(), values.counts(), strict=True):
        value, words = SpelledValue.of(spelled), words_of(spelled)
        elsewhere = {word: seen[word] for word in value.plain}
        for plain, word in zip(value.words, words, strict=False):
            elsewhere[plain] = seen[word] - count * words.count(word)
        found.append(ComparedValue(value, elsewhere))
    return found


def _together(values: ValuesOfSlot, pairs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(p,) whether one utterance has both values of each pair."""
    having = _by_value(values, values.utterances)
    sets = {place: frozenset(having[place]) for place in np.unique(pairs).tolist()}
    return np.array(
        [not sets[one].isdisjoint(sets[other]) for one, other in pairs.tolist()], np.bool_
    )


def _distinct(values: ValuesOfSlot) -> NDArray[np.intp]:
    return np.array([len(set(own)) for own in _by_value(values, values.contexts)], np.intp)


def _by_value(values: ValuesOfSlot, of_occurrences: Sequence[int]) -> list[list[int]]:
    """What belongs to each value's occurrences, in their order."""
    found: list[list[int]] = [[] for _ in range(len(values))]
    for value, own in zip(values.values, of_occurrences, strict=True):
        found[value].append(own)
    return found
