"""The records that rules look at, and what several of them need to know of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dataselect.models.cross_validation import folds_of
from dataselect.models.near_duplicates import text_keys
from dataselect.models.neighbours.blocks import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.console import Report
    from dataselect.operations.check.beliefs.intent_beliefs import IntentBeliefs
    from dataselect.operations.check.beliefs.slot_beliefs import SlotBeliefs
    from dataselect.operations.check.checked_record import CheckedRecord
    from dataselect.operations.check.corpus_tokens import CorpusTokens
    from dataselect.operations.check.rules.span_contexts import Usage

_TEXTS_AT_ONCE = 8_192  # that are counted at once, which takes many times their room


@dataclass(frozen=True)
class CheckOptions:
    """What rules are told.

    `rare`: intents with fewer records are. `detector`: the folder of a paraphrase detector that
    tells near-copies, or None for n-grams.
    """

    rare: int = 5
    detector: str | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class CheckedCorpus:
    """Records, those of a reference before those that are checked.

    `reference`: how many there are of the former. `test_keys`: `text_keys` of the test set.
    """

    records: Sequence[CheckedRecord]
    options: CheckOptions
    report: Report
    reference: int = 0
    test_keys: NDArray[np.uint64] | None = None

    @cached_property
    def texts(self) -> list[str]:
        return [record.text for record in self.records]

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """(n,) what copies share."""
        return text_keys(self.texts)

    @cached_property
    def with_intents(self) -> NDArray[np.intp]:
        """Places of the records that have an intent."""
        return np.flatnonzero([record.intent is not None for record in self.records])

    @cached_property
    def intents(self) -> tuple[list[str], NDArray[np.intp]]:
        """Names of intents, sorted, and (n,) the place of each record's among them, or -1."""
        names = sorted({record.intent for record in self.records if record.intent is not None})
        place = {name: number for number, name in enumerate(names)}
        codes = [-1 if each.intent is None else place[each.intent] for each in self.records]
        return names, np.array(codes, np.intp)

    @cached_property
    def fold(self) -> NDArray[np.intp]:
        """(n,) the fold that holds a record out, 0 to 4 or fewer; copies share it."""
        distinct, copy_of = np.unique(self.keys, return_inverse=True)
        rng = np.random.default_rng(self.options.seed)
        return folds_of(len(distinct), rng)[copy_of]

    @cached_property
    def ngrams(self) -> csr_array:
        """(n, f) unit rows of the TF-IDF of each text, or of the beginning of a long one."""
        from scipy.sparse import vstack

        from dataselect.models.intent_classifier.features import NgramView, feature_counts
        from dataselect.operations.check.corpus_tokens import LONGEST

        heads = [text[:LONGEST] for text in self.texts]
        some = (heads[rows] for rows in blocks(len(heads), _TEXTS_AT_ONCE))
        counts = vstack([feature_counts(part).astype(np.float32) for part in some], format="csr")
        view = NgramView.of(counts, counts[:0])
        parts = (view.weighted(counts[rows]) for rows in blocks(len(heads), _TEXTS_AT_ONCE))
        return vstack([part.astype(np.float32) for part in parts], format="csr")

    @cached_property
    def intent_beliefs(self) -> IntentBeliefs:
        """What cross-validation believes of the records with intents, of which there are two."""
        from dataselect.operations.check.beliefs.intent_beliefs import cross_validated_intents

        return cross_validated_intents(self)

    @cached_property
    def slot_beliefs(self) -> SlotBeliefs:
        """What cross-validation believes of all records, some of which have slots."""
        from dataselect.operations.check.beliefs.slot_beliefs import cross_validated_slots

        return cross_validated_slots(self)

    @cached_property
    def with_slots(self) -> NDArray[np.intp]:
        """Places of the records that have slots."""
        return np.flatnonzero([bool(record.slots) for record in self.records])

    @cached_property
    def tokens(self) -> CorpusTokens:
        """The records as tokens."""
        from dataselect.operations.check.corpus_tokens import CorpusTokens

        return CorpusTokens.of(self.records)

    @cached_property
    def usage(self) -> Usage:
        """How records annotate words between two others."""
        from dataselect.operations.check.rules.span_contexts import usage

        return usage(self)

    def copies(self) -> list[NDArray[np.intp]]:
        """Places of the records of each text that several have, ascending."""
        order = np.argsort(self.keys, kind="stable")
        ends = np.flatnonzero(np.diff(self.keys[order])) + 1
        return [group for group in np.split(order, ends) if len(group) > 1]
