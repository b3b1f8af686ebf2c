"""Options of `audit`: what was in the training data, and what is to end the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.option import RECORDS, option
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.analysis.audit.audit_conditions import AuditCondition

_AUDIT = "What is tried"


@dataclass(frozen=True)
class AuditOptions:
    """What the models are tried with."""

    canary: list[str] | None = option(
        "FILE",
        _AUDIT,
        "Records of a text and its 'form', such as 'my code is {digit:9}': how much more familiar "
        "is it than others of the form? {digit:N}, {letter:N} and {red|green} vary; again for "
        "several.",
    )
    members: list[str] | None = option(
        "FILE", _AUDIT, "Records that the models were trained on; again for several."
    )
    non_members: list[str] | None = option(
        "FILE", _AUDIT, "Records like these that no model has seen; again for several."
    )
    form_field: str = option(
        "FIELD", RECORDS, "Where the form of a canary is [default: form].", "form"
    )
    intent_field: str | None = option(
        "FIELD",
        RECORDS,
        "Attack an intent classifier by the probability of this intent of members and non-members "
        "[default: by that of its best intent].",
    )
    samples: int = option(
        "N", _AUDIT, "Bootstrap samples for intervals [default: 1000].", 1000, min=1, max=1_000_000
    )
    fail_if: list[str] | None = option(
        "EXPRESSION",
        _AUDIT,
        "End with exit code 3 if this holds for a model, such as 'exposure > 10', 'advantage > "
        "0.1' or 'auc > 0.6'. Again for several.",
    )
    seed: int = option("N", _AUDIT, "Seed of everything random [default: 0].", 0, min=0)
    format_: Literal["table", "json"] = option("", _AUDIT, "What is written.", "table")

    def conditions(self) -> list[AuditCondition]:
        """The conditions, checked with the rest. Raises OptionError."""
        from dataselect.analysis.audit.audit_conditions import parse

        if not self.canary and not self.members and not self.non_members:
            raise OptionError("say what to try: --canary FILE, or --members and --non-members")
        if bool(self.members) != bool(self.non_members):
            raise OptionError("--members and --non-members are told apart; give both")
        return [parse(each) for each in self.fail_if or ()]
