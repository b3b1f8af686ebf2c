"""What `dataselect check` compares annotations with, and the rules that it applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.command_line.option import option, text_field_of

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.operations.check.checked_corpus import CheckOptions
    from dataselect.operations.check.fail_conditions import FailCondition
    from dataselect.operations.check.rules.check_rule import Rule

_CHECK = "Checking"


@dataclass(frozen=True)
class CheckingOptions:
    """Which rules are applied, and what they are told."""

    rule: list[str] | None = option(
        "NAME", _CHECK, "Apply this rule alone; again for several [default: all]."
    )
    ignore: list[str] | None = option("NAME", _CHECK, "Leave this rule out; again for several.")
    rare: int = option(
        "N", _CHECK, "Intents with fewer records than N are rare [default: 5].", 5, min=0
    )
    detector: str | None = option(
        "FOLDER",
        _CHECK,
        "A detector that 'paraphrase train' wrote tells near-copies [default: a cosine of 0.95 "
        "of words and the characters in them].",
    )
    fail_if: list[str] | None = option(
        "CONDITION",
        _CHECK,
        "Exit with 3 after writing if this holds, such as 'conflicting_intents > 0', "
        "'missing_slot > 1%' or 'problems > 0', records with any; again for several.",
    )

    def rules(self) -> list[Rule]:
        """The rules, in their order. Raises OptionError."""
        from dataselect.operations.check.verdict import chosen_rules

        return chosen_rules(self.rule or (), self.ignore or ())

    def conditions(self) -> list[FailCondition]:
        """What is to end the run. Raises OptionError."""
        from dataselect.operations.check.fail_conditions import parse

        names = [rule.name for rule in self.rules()]
        return [parse(each, names) for each in self.fail_if or ()]

    def build(self, seed: int) -> CheckOptions:
        """What rules are told."""
        from dataselect.operations.check.checked_corpus import CheckOptions

        return CheckOptions(rare=self.rare, detector=self.detector, seed=seed)


@dataclass(frozen=True)
class ReferenceOptions:
    """Fields of annotations, and files to check against."""

    intent_field: str = option(
        "FIELD", _CHECK, "Where records have their intent [default: intent].", "intent"
    )
    slots_field: str = option(
        "FIELD", _CHECK, "Where records have their slots [default: slots].", "slots"
    )
    labelled: list[str] | None = option(
        "FILE",
        _CHECK,
        "Annotated records to compare with, which are not checked themselves; again for more "
        "files.",
    )
    labelled_field: str | None = text_field_of("--labelled")
    test: list[str] | None = option(
        "FILE", _CHECK, "A test set: records that are in it, too, are found; again for more files."
    )
    test_field: str | None = text_field_of("--test")

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        return [RecordFiles([path]) for path in (*(self.labelled or ()), *(self.test or ()))]
