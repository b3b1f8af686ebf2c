"""Records that are in the test set, too: what is measured on it is remembered, not understood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dataselect.operations.check.rules.check_rule import Finding, Rule

if TYPE_CHECKING:
    from dataselect.operations.check.checked_corpus import CheckedCorpus

_STRENGTH = 0.1  # the annotation may well be right; the record is in the wrong file


def _find(corpus: CheckedCorpus) -> Iterator[Finding]:
    if corpus.test_keys is None:
        return
    order = np.argsort(corpus.test_keys, kind="stable")
    known = corpus.test_keys[order]
    at = np.minimum(np.searchsorted(known, corpus.keys), len(known) - 1)
    for place in np.flatnonzero(known[at] == corpus.keys).tolist():
        yield Finding(
            place,
            _STRENGTH,
            "the test set has the same text",
            conflicts_with=int(order[at[place]]),
        )


RULE = Rule("in_test", "stable", ("test",), _find, of_test=True)
