"""What models remember: exposure of canaries, and attacks that infer membership."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dataselect.analysis.audit.audited_model import Model, audited, in_batches
from dataselect.errors import OptionError
from dataselect.models.memorization.exposure import Exposure, exposures
from dataselect.models.memorization.membership import MembershipInference, membership_inference
from dataselect.models.metrics.bootstrap import SAMPLES
from dataselect.models.text_sequences import as_texts

if TYPE_CHECKING:
    from dataselect.analysis.audit.audit_conditions import AuditCondition
    from dataselect.models.memorization.canaries import Canary
    from dataselect.models.text_sequences import Texts

REMEMBERED = 10.0
"""Bits of exposure from which a warning is due: one of 1,024 texts of the form is so familiar."""
TOLD_APART = 0.1
"""The same for the lower bound of the advantage of a membership attack."""


@dataclass(frozen=True)
class ModelAudit:
    """What one model remembers; `exposures` in the order of the canaries, None without members."""

    kind: str
    measure: str
    exposures: Sequence[Exposure]
    membership: MembershipInference | None

    def value(self, measure: str) -> float | None:
        """A figure for a condition, None where it was not asked for."""
        if measure == "exposure":
            return max((each.bits for each in self.exposures), default=None)
        if self.membership is None:
            return None
        found: float = getattr(self.membership, measure).value
        return found


@dataclass(frozen=True)
class AuditResult:
    """What each model remembers, by its name.

    `sizes` of members and others; `in_both`: how many others have the text of a member.
    """

    canaries: Sequence[Canary]
    models: Mapping[str, ModelAudit]
    sizes: tuple[int, int] | None
    in_both: int = 0

    def warnings(self) -> list[str]:
        """What a person should know of models that remember."""
        found = []
        if self.sizes is not None and self.in_both:
            found.append(
                f"{self.in_both:,} of {self.sizes[1]:,} non-members have the text of a member: "
                "nobody can tell these"
            )
        for name, own in self.models.items():
            known = sum(each.bits > REMEMBERED for each in own.exposures)
            if known:
                found.append(
                    f"{name} has learnt {known:,} of {len(self.canaries):,} canaries by heart: "
                    f"exposure above {REMEMBERED:g} bits"
                )
            attack = own.membership
            if attack is not None and attack.advantage.low > TOLD_APART:
                found.append(
                    f"{name} tells who was in its training data: the advantage of the attack is "
                    f"{attack.advantage.value:.2f}, with 95 % certainty above {TOLD_APART:g}"
                )
        return found

    def fired(self, conditions: Iterable[AuditCondition]) -> list[str]:
        """What to say of each condition that holds for a model, or that cannot be checked."""
        said = []
        for condition in conditions:
            for name, own in self.models.items():
                value = own.value(condition.measure)
                if value is None:
                    missing = f"--fail-if '{condition.spelled}' cannot be checked for {name}"
                    said.append(f"{missing}: a figure is missing")
                elif condition.fires(value):
                    said.append(f"--fail-if '{condition.spelled}' holds for {name}: {value:.4g}")
        return said

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        return {
            "members": self.sizes and {"members": self.sizes[0], "non_members": self.sizes[1]},
            "models": {
                name: {
                    "kind": own.kind,
                    "measure": own.measure,
                    "canaries": [
                        {
                            "text": canary.text,
                            "form": canary.form.spelled,
                            "exposure": each.bits,
                            "highest": each.most,
                            "method": each.method,
                        }
                        for canary, each in zip(self.canaries, own.exposures, strict=True)
                    ],
                    "membership": own.membership
                    and {"auc": asdict(own.membership.auc)}
                    | {"advantage": asdict(own.membership.advantage)},
                }
                for name, own in self.models.items()
            },
        }


def audit(
    models: Mapping[str, Model],
    canary: Sequence[Canary] = (),
    *,
    members: Texts = (),
    non_members: Texts = (),
    intents: tuple[Sequence[str], Sequence[str]] | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
) -> AuditResult:
    """Audit models by canaries, and by `members` of their training data and other texts like them.

    `intents`: those of members and of non-members, for intent classifiers. Every model gets the
    same draws. Raises InputError for too few texts, OptionError for nothing to try.

    >>> texts = [f"play song {number}" for number in range(9)]
    >>> lm = KneserNey(order=2).fit([*texts, "my code is 4419"])
    >>> found = audit({"lm": lm}, [Canary.of("my code is 4419", "my code is {digit:4}")])
    >>> round(found.models["lm"].exposures[0].bits, 1)
    13.3
    """
    own, others = as_texts(members, "members"), as_texts(non_members, "non_members")
    if not canary and not own and not others:
        raise OptionError("nothing to try: give --canary, or --members and --non-members")
    found = {}
    for name, each in models.items():
        rng, model, attack = np.random.default_rng(seed), audited(each), None
        if own or others:
            own_intents, other_intents = intents or (None, None)
            attack = membership_inference(
                in_batches(model, own, own_intents),
                in_batches(model, others, other_intents),
                rng,
                samples,
            )
        exposed = exposures(canary, model.canary_scores, rng) if canary else []
        found[name] = ModelAudit(model.kind, model.measure, exposed, attack)
    known = set(own)
    sizes = (len(own), len(others)) if own or others else None
    return AuditResult(canary, found, sizes, sum(text in known for text in others))
