"""What all rules together say of a corpus: findings, and one doubt a record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dataselect.errors import OptionError
from dataselect.operations.check.rules import RULES
from dataselect.operations.check.rules.check_rule import Finding, Need, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.operations.check.checked_corpus import CheckedCorpus

NAMES = tuple(rule.name for rule in RULES)


@dataclass(frozen=True)
class Verified:
    """What a rule did: records that it looked at and found, or why it was not applied."""

    rule: Rule
    looked_at: int = 0
    found: int = 0
    skipped: str | None = None


@dataclass(frozen=True)
class Verdict:
    """`findings`: each with the name of its rule, by record; `doubts` (n,) from 0 to 1."""

    verified: Sequence[Verified]
    findings: Sequence[tuple[Rule, Finding]]
    doubts: NDArray[np.float64]


def chosen_rules(only: Collection[str], ignored: Collection[str]) -> list[Rule]:
    """The rules to apply: those of `only`, or all, without what is ignored. Raises OptionError."""
    for option, names in ("--rule", only), ("--ignore", ignored):
        for name in names:
            if name not in NAMES:
                raise OptionError(f"{option} {name}: rules are {', '.join(NAMES)}")
    found = [r for r in RULES if (not only or r.name in only) and r.name not in ignored]
    if not found:
        raise OptionError("--ignore leaves no rule; leave one of them out")
    return found


def judge(corpus: CheckedCorpus, rules: Sequence[Rule]) -> Verdict:
    """Apply rules to a corpus."""
    verified: list[Verified] = []
    findings: list[tuple[Rule, Finding]] = []
    certain = np.ones(len(corpus.records))
    for rule in rules:
        skipped = _unmet(rule, corpus)
        if skipped is not None:
            verified.append(Verified(rule, skipped=skipped))
            continue
        places = set()
        for finding in rule.find(corpus):
            if finding.place < corpus.reference:
                continue
            findings.append((rule, finding))
            places.add(finding.place)
            if rule.doubts is None:
                certain[finding.place] *= 1 - finding.strength
        if rule.doubts is not None:
            certain *= 1 - rule.doubts(corpus)
        verified.append(Verified(rule, _looked_at(rule, corpus), len(places)))
    findings.sort(key=lambda each: each[1].place)
    return Verdict(verified, findings, 1 - certain)


_UNMET: dict[Need, str] = {
    "intents": "no record has an intent; name its field with --intent-field",
    "two intents": "there are no two intents",
    "slots": "no record has slots; name their field with --slots-field",
    "test": "there is no --test FILE",
}


def _unmet(rule: Rule, corpus: CheckedCorpus) -> str | None:
    """Why a rule cannot be applied."""
    met: dict[Need, bool] = {
        "intents": len(corpus.with_intents) > 0,
        "two intents": len(corpus.intents[0]) > 1,
        "slots": len(corpus.with_slots) > 0,
        "test": corpus.test_keys is not None,
    }
    return next((_UNMET[need] for need in rule.needs if not met[need]), None)


def _looked_at(rule: Rule, corpus: CheckedCorpus) -> int:
    """How many of the records to check have what a rule looks at."""
    checked = len(corpus.records) - corpus.reference
    if rule.needs[0] in ("intents", "two intents"):
        return int((corpus.with_intents >= corpus.reference).sum())
    return checked
