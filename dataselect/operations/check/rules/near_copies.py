"""Records that are nearly the same text, under another intent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dataselect.operations.check.corpus_tokens import LONGEST
from dataselect.operations.check.near_pairs import NearPairs, near_pairs
from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.operations.check.checked_corpus import CheckedCorpus

_LEAST_COSINE = 0.95
_LEAST_CANDIDATE = 0.7  # cosine of pairs that a detector is asked about
_LEAST_PROBABILITY = 0.95
# A near-copy may well mean something else: "turn it on", "turn it off". In spoilt data half of what
# is found is right, and what is not is what a classifier is sure of.
_TRUST = 0.2


def _find(corpus: CheckedCorpus) -> Iterator[Finding]:
    names, codes = corpus.intents
    own = corpus.with_intents
    own = own[[len(corpus.texts[place]) <= LONGEST for place in own.tolist()]]
    _, at, text_of = np.unique(corpus.keys[own], return_index=True, return_inverse=True)
    texts = [corpus.texts[place] for place in own[at].tolist()]
    intents: list[Counter[int]] = [Counter() for _ in texts]
    for text, code in zip(text_of.tolist(), codes[own].tolist(), strict=True):
        intents[text][code] += 1
    pairs = _pairs(corpus, own[at], texts)
    near: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for one, other, alike in zip(*(each.tolist() for each in pairs), strict=True):
        if len(intents[one] | intents[other]) > 1:
            near[one].append((alike, other))
            near[other].append((alike, one))
    for place, text in zip(own.tolist(), text_of.tolist(), strict=True):
        if text not in near:
            continue
        votes = Counter[int]()
        for _, other in near[text]:
            votes += intents[other]
        code = int(codes[place])
        agreeing = votes.pop(code, 0)
        if not votes or agreeing >= votes.total():
            continue
        best, count = votes.most_common(1)[0]
        alike, other = max((alike, -o) for alike, o in near[text] if intents[o][best])
        yield Finding(
            place,
            _TRUST * votes.total() / (votes.total() + agreeing),
            f"'{texts[-other]}', alike to {alike:.2f}, has the intent '{names[best]}'",
            intent=names[best] if count > agreeing + 1 else None,
            conflicts_with=int(own[at[-other]]),
        )


def _pairs(corpus: CheckedCorpus, places: NDArray[np.intp], texts: list[str]) -> NearPairs:
    """Distinct texts that are alike, and how much: by a cosine or, if there is one, a detector."""
    options, rows = corpus.options, corpus.ngrams[places]
    if options.detector is None:
        return near_pairs(rows, _LEAST_COSINE)
    from dataselect.models.paraphrase_detector.detector import Detector

    detector = Detector.load(options.detector)
    found = near_pairs(rows, _LEAST_CANDIDATE)
    pairs = [
        (texts[one], texts[other])
        for one, other in zip(found.first.tolist(), found.second.tolist(), strict=True)
    ]
    alike = detector.probabilities(pairs)
    sure = alike >= _LEAST_PROBABILITY
    return NearPairs(found.first[sure], found.second[sure], alike[sure])


RULE = Rule("conflicting_near_copies", "experimental", ("two intents",), _find)
