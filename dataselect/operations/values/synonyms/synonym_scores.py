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
from dataselect.operations.values.synonyms.encoded_values import mean_cosine, vector_cosines
from dataselect.operations.values.synonyms.rivals import rivals
from dataselect.operations.values.synonyms.spelled_value import SpelledValue
from dataselect.operations.values.synonyms.synonym_evidence import (
    ComparedValue,
    StringEvidence,
    string_evidence,
)

WEIGHTS = {
    "same": 5.88,
    "number word": 3.51,
    "acronym": 0.6,
    "abbreviation": 0.37,
    "extra words": -6.83,
    "spelling": -5.15,
    "other words": -6.31,
    "numbers": -3.44,
    "alike": 6.44,
    "known": -2.43,
    "light": 1.03,
    "cosine": -0.18,
    "support": 1.46,
    "vectors": 2.0,
    "rivals": -2.58,
}
"""Weights of a logistic regression (L2, C = 1): of the kinds of StringEvidence, and of features.

`numbers`: digits differ; `alike`: share of the letters that are the same in misspelt words;
`known`: log(1 + n), where both of these are seen n times elsewhere; `light`: log(1 + n), where the
rarest extra word is seen n times in 10,000 records; `cosine` of contexts; `support`: that times the
logarithm of the number of contexts of the value that has fewer; `rivals`: log(1 + n), where n other
pairs of one of the two values are as probable by all of the rest. Learnt on values of SNIPS, ATIS
and the demo's grammar of which a part had been hidden behind variants; what is learnt on two of
them serves the third as well (scripts/reproduce values).

`vectors`: by how much the cosine by an encoder is above the mean of all pairs of the slot. What is
hidden so shares letters, and tells nothing of it: of synonyms told by hand, 2 to 12 find as many,
and the less of it, the fewer misspellings are lost.
"""
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


class SynonymCandidates(NamedTuple):
    """Pairs of values of one slot, (p, 2), with the evidence for each.

    `features` (p, k): those of WEIGHTS but for rivals; `distinct`: how many contexts each value
    has.
    """

    pairs: NDArray[np.intp]
    features: NDArray[np.float64]
    reasons: list[str]
    distinct: NDArray[np.intp]

    def logits(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p,) of each pair, by weights of the features and, at the end, of rivals."""
        found: NDArray[np.float64] = self.features @ weights[:-1]
        found += weights[-1] * np.log1p(rivals(self.pairs, found))
        return found


def synonym_scores(
    annotated: AnnotatedValues, slot: str, vectors: NDArray[np.float32] | None = None
) -> SynonymScores:
    """The candidates among the values of a slot, but those that one utterance has both of.

    `vectors` (n, d): unit vectors of the values by an encoder, if there is one.
    """
    found = synonym_candidates(annotated, slot, vectors)
    scores = 1 / (1 + np.exp(-found.logits(np.array([*WEIGHTS.values()]))))
    return SynonymScores(found.pairs, scores, found.reasons, found.distinct)


def synonym_candidates(
    annotated: AnnotatedValues, slot: str, vectors: NDArray[np.float32] | None = None
) -> SynonymCandidates:
    """Likewise, with what is known of each."""
    values = annotated.slots[slot]
    compared = _compared(annotated, values)
    rows = context_rows(values)
    pairs = candidate_pairs([each.spelled for each in compared], rows, vectors)
    pairs = pairs[~_together(values, pairs)]
    distinct = _distinct(values)
    evidence = [string_evidence(compared[i], compared[j]) for i, j in pairs.tolist()]
    near = cosines(rows, pairs)
    features = np.zeros((len(pairs), len(_PLACES)))
    records = annotated.intents.total()
    for row, each in zip(features, evidence, strict=True):
        for name, value in _named_features(each, records).items():
            row[_PLACES[name]] = value
    features[:, _PLACES["cosine"]] = near
    fewer = distinct[pairs].min(axis=1, initial=np.iinfo(np.intp).max)
    features[:, _PLACES["support"]] = near * np.log(fewer)
    reasons = list(map(_reason, evidence, near.tolist()))
    if vectors is not None:
        alike = vector_cosines(vectors, pairs)
        features[:, _PLACES["vectors"]] = alike - mean_cosine(vectors)
        shown = (f", vectors {each:.2f}" for each in alike.tolist())
        reasons = [why + more for why, more in zip(reasons, shown, strict=True)]
    return SynonymCandidates(pairs, features, reasons, distinct)


_PLACES = {name: place for place, name in enumerate(WEIGHTS) if name != "rivals"}


def _named_features(evidence: StringEvidence, records: int) -> dict[str, float]:
    """What two spellings tell, of `records` in all; what is left out is 0."""
    found = {evidence.kind: 1.0, "numbers": float(evidence.numbers)}
    if evidence.kind == "spelling":
        return found | {"alike": evidence.alike, "known": math.log1p(evidence.known)}
    if evidence.kind == "extra words":
        return found | {"light": math.log1p(evidence.known * _RECORDS / records)}
    return found


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
