"""What a selection is worth to an intent classifier: its error after training on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.analysis.evaluate.hypothesis_pairs import (
    HYPOTHESIS,
    INTENT,
    INTENT_REFERENCE,
    HypothesisPair,
)
from dataselect.analysis.evaluate.predicted_labels import predicted

if TYPE_CHECKING:
    from dataselect.analysis.compare.selected_texts import Collection
    from dataselect.models.language_model.vocabulary import Vocabulary


GroupErrors = dict[str, dict[str, tuple[int, int]]]
"""By field and group, how many of how many test records were labelled wrongly."""


@dataclass(frozen=True)
class DownstreamTraining:
    """How intent classifiers are trained, as `dataselect label` does, and what they are tested on.

    Each learns from the labelled `texts` and their `intents`, and in `rounds` of self-training from
    at most `POOL_SIZE` records of a selection. `groups`: fields of what is tested on whose values
    errors are counted by.
    """

    texts: Sequence[str]
    intents: Sequence[str]
    test: Sequence[HypothesisPair]
    background: Sequence[str] = ()
    rounds: int = 3
    seed: int = 0
    groups: tuple[str, ...] = ()

    def error(self, records: Collection, vocabulary: Vocabulary) -> tuple[float, GroupErrors]:
        """The share of wrong answers after training on a selection, too, and those by group."""
        return self._error(self._drawn(records).corpus.texts(vocabulary))

    def copies_in(self, records: Collection, vocabulary: Vocabulary) -> int:
        """How many records have the text of one that is tested on."""
        from dataselect.models.language_model.corpus import TokenizedCorpus

        tested = [pair.system.fields[HYPOTHESIS] for pair in self.test]
        return records.corpus.copies_of(TokenizedCorpus(vocabulary.encode(tested)))

    def error_alone(self) -> tuple[float, GroupErrors]:
        """The same after training on the labelled texts alone."""
        return self._error(())

    def _drawn(self, records: Collection) -> Collection:
        """At most `POOL_SIZE` records, at random."""
        import numpy as np

        from dataselect.models.intent_classifier.intent_classifier import POOL_SIZE
        from dataselect.models.language_model.corpus import drawn

        if len(records) <= POOL_SIZE:
            return records
        return records.part(drawn(len(records), POOL_SIZE, np.random.default_rng(self.seed)))

    def _error(self, pool: Sequence[str]) -> tuple[float, GroupErrors]:
        import numpy as np

        from dataselect.models.intent_classifier.intent_classifier import IntentClassifier

        classifier = IntentClassifier(rounds=self.rounds if pool else 0, uncalibrated=True)
        rng = np.random.default_rng(self.seed)
        classifier.fit_sampled(self.texts, self.intents, self.background, pool, rng)
        answers = [pair.system.fields for pair in predicted(self.test, classifier, None)]
        wrong = [each[INTENT] != each[INTENT_REFERENCE] for each in answers]
        errors: GroupErrors = {}
        for field in self.groups:
            own = errors.setdefault(field, {})
            for each, is_wrong in zip(answers, wrong, strict=True):
                before = own.get(each[field], (0, 0))
                own[each[field]] = (before[0] + is_wrong, before[1] + 1)
        return wrong.count(True) / len(wrong), errors
