"""Doubts about annotated utterances in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dataselect.console import unreported
from dataselect.models.near_duplicates import text_keys
from dataselect.models.text_sequences import as_texts
from dataselect.operations.check.checked_corpus import CheckedCorpus, CheckOptions
from dataselect.operations.check.checked_record import CheckedRecord
from dataselect.operations.check.checking import ConflictNames, problems
from dataselect.operations.check.verdict import Verdict, chosen_rules, judge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.data.annotations import Utterance
    from dataselect.models.text_sequences import Texts
    from dataselect.operations.check.rules.check_rule import Finding, Rule


class Check:
    """Tells which annotations of utterances are doubtful, and why.

    `rule`: names of the rules to apply, by default all, less those of `ignore`. Intents with fewer
    than `rare` utterances are found. `detector`: the folder of one that tells near-copies.

    >>> from dataselect import Check, Utterance
    >>> said = [Utterance("stop", "off"), Utterance("stop it", "off"), Utterance("Stop!", "on")]
    >>> check = Check(rule=["conflicting_intents"]).fit([Utterance("stop", "off")])
    >>> check.score(said).tolist()
    [0.0, 0.0, 0.666667]
    >>> check.problems(said)[2][0]["suggestion"]
    {'intent': 'off', 'slots': None}
    """

    def __init__(
        self,
        *,
        rule: Iterable[str] = (),
        ignore: Iterable[str] = (),
        rare: int = 5,
        detector: str | None = None,
        seed: int = 0,
    ) -> None:
        self._rules = chosen_rules(list(rule), list(ignore))
        self._options = CheckOptions(rare=rare, detector=detector, seed=seed)
        self.labelled_: list[CheckedRecord] = []
        self.test_: list[str] | None = None

    def fit(self, labelled: Sequence[Utterance] = (), *, test: Texts | None = None) -> Check:
        """Take note of what is right already, and of the texts of a test set. Returns self."""
        self.labelled_ = _checked(labelled)
        self.test_ = None if test is None else as_texts(test, "test")
        return self

    def score(self, utterances: Sequence[Utterance]) -> NDArray[np.float64]:
        """(n,) how doubtful each is, from 0 to 1, given all of them and what `fit` was given."""
        return np.round(self._judged(utterances).doubts[len(self.labelled_) :], 6)

    def problems(self, utterances: Sequence[Utterance]) -> list[list[dict[str, Any]]]:
        """What is doubtful about each, the worst first.

        Each has a `problem`, the name of a rule, `evidence`, a `suggestion` and `conflicts_with`:
        the utterance's id or, where it has none, its place as `utterances[0]`, `labelled[0]` or
        `test[0]`.
        """
        verdict = self._judged(utterances)
        first = len(self.labelled_)
        found: list[list[tuple[Rule, Finding]]] = [[] for _ in utterances]
        for rule, finding in verdict.findings:
            found[finding.place - first].append((rule, finding))
        names = ConflictNames(
            {at: _name(f"labelled[{at}]", None) for at in range(first)}
            | {
                first + at: _name(f"utterances[{at}]", each.id)
                for at, each in enumerate(utterances)
            },
            {at: _name(f"test[{at}]", None) for at in range(len(self.test_ or ()))},
        )
        return [orjson.loads(problems(own, names)) if own else [] for own in found]

    def _judged(self, utterances: Sequence[Utterance]) -> Verdict:
        keys = None if self.test_ is None else text_keys(self.test_)
        records = [*self.labelled_, *_checked(utterances)]
        corpus = CheckedCorpus(records, self._options, unreported, len(self.labelled_), keys)
        return judge(corpus, self._rules)


def _checked(utterances: Sequence[Utterance]) -> list[CheckedRecord]:
    return [CheckedRecord(each.text, each.intent, tuple(each.slots)) for each in utterances]


def _name(place: str, own: Any) -> bytes:
    return orjson.dumps(place if own is None else own)
