"""The options of `dataselect compare`, and the files that it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from dataselect.analysis.compare.measures import MEASURES
from dataselect.command_line.option import given, option, text_field_of
from dataselect.errors import InputError, OptionError
from dataselect.operations.label.options import LearningOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.compare.assertions import Assertion
    from dataselect.analysis.compare.downstream_error import DownstreamTraining
    from dataselect.analysis.compare.groups.group_assertions import GroupAssertion
    from dataselect.data.fields import Column
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings

_COMPARE, _RECORDS, _FIT = "Comparing", "Records", "Learning"
_REFERENCE = "ref_intent"  # where a test file has true intents, if not where intents are


@dataclass(frozen=True)
class CompareOptions:
    """What selections are compared with, and by what."""

    dev: Annotated[
        str,
        option(
            "FILE",
            _COMPARE,
            "Text like that which is to come: what models of the selections are tried on.",
        ),
    ]
    dev_field: str | None = text_field_of("--dev")
    pool: list[str] | None = option(
        "FILE",
        _COMPARE,
        "What all selections were made from; again for several files. Without it there "
        "is no chance to compare with.",
    )
    random: int = option(
        "N", _COMPARE, "Random selections of the size of each selection [default: 5].", 5, min=0
    )
    cost: str = option(
        "records|words|chars|FIELD",
        _COMPARE,
        "What the size is: records, words, chars or a field of seconds, which is also "
        "shown in hours [default: records].",
        "records",
    )
    in_domain: list[str] | None = option(
        "FILE",
        _COMPARE,
        "Text that goes into every model beside the selection, such as annotated text "
        "that is there anyway; again for several files.",
    )
    in_domain_field: str | None = text_field_of("--in-domain")
    label_field: str = option(
        "FIELD",
        _RECORDS,
        "Where labels are; left out unless every record has one [default: intent].",
        "intent",
    )
    group: list[str] | None = option(
        "FIELD",
        _COMPARE,
        "Show what share of each value of FIELD in --pool is kept, and the error of each in "
        "--test; again for several fields.",
    )
    fail_if: list[str] | None = option(
        "EXPRESSION",
        _COMPARE,
        "End with exit code 3 if this holds for a selection: MEASURE, < <= > >= == or "
        "!=, and a number, random (the mean), all, in-domain, labelled or another selection, "
        "or a number * one of these; 'perplexity > 0.95 * random', 'oov > 5%'. Again for "
        f"several. Measures: {', '.join(MEASURES)}; and of groups kept_share(FIELD), error(FIELD), "
        "with a number, max or min, or NUMBER * one of these: 'kept_share(accent) < 0.8 * max'.",
    )
    format_: Literal["table", "json"] = option("", _COMPARE, "What is written.", "table")
    seed: int = option("N", _COMPARE, "Seed of everything random [default: 0].", 0, min=0)

    @property
    def groups(self) -> tuple[str, ...]:
        """The fields of groups. Raises OptionError without the pool that they are kept of."""
        if self.group and not self.pool:
            raise OptionError("--group shows what share of --pool is kept; give it, too")
        return tuple(dict.fromkeys(self.group or ()))

    def assertions(self, names: Sequence[str], *, trains: bool) -> list[Assertion | GroupAssertion]:
        """The assertions, checked against what there is to be compared. Raises OptionError."""
        from dataselect.analysis.compare.assertions import (
            EVERYTHING,
            IN_DOMAIN,
            LABELLED,
            RANDOM,
            RESERVED,
            parse,
        )
        from dataselect.analysis.compare.groups.group_assertions import parse_group_assertion
        from dataselect.analysis.compare.measures import COUNTS

        left_out = {
            "cost": self.cost in ("records", "words"),
            "hours": self.cost in COUNTS,
            "error": not trains,
        }
        there = {
            RANDOM: self.pool and self.random,
            EVERYTHING: self.pool,
            IN_DOMAIN: self.in_domain,
            LABELLED: trains,
        }
        measures = [name for name in MEASURES if not left_out.get(name)]
        references = [name for name in RESERVED if there[name]]
        return [
            parse_group_assertion(each, self.groups, trains=trains)
            or parse(each, measures, [*references, *names])
            for each in self.fail_if or ()
        ]

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        return [RecordFiles([path]) for path in (self.dev, *(self.in_domain or ()))]

    def development(self, text_field: str) -> list[str]:
        """The development text. Raises InputError."""
        from dataselect.data.fields import Column
        from dataselect.data.files.raw_files import display

        texts = _texts([self.dev], Column.text_of("--dev", self.dev_field, text_field))
        if not texts:
            raise InputError(f"{display(self.dev)}: no text to try models on; check --dev")
        return texts

    def in_domain_texts(self, text_field: str) -> list[str]:
        """The text that joins every selection. Raises InputError."""
        from dataselect.data.fields import Column

        column = Column.text_of("--in-domain", self.in_domain_field, text_field)
        return _texts(self.in_domain, column) if self.in_domain else []


def _texts(paths: Sequence[str], column: Column) -> list[str]:
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.sampling import read_columns

    [texts] = read_columns(RecordFiles(paths, text_field=column.path), [column])
    return texts


@dataclass(frozen=True)
class DownstreamOptions(LearningOptions):
    """What intent classifiers are trained and tested on, where their errors are asked for."""

    test: str | None = option(
        "FILE",
        _FIT,
        "With --labelled: measure the error on these records of intent classifiers that "
        "are trained on each selection, as 'label' trains them.",
    )
    test_field: str | None = text_field_of("--test")

    @property
    def trains(self) -> bool:
        """Whether errors are asked for. Raises OptionError for half of what that takes."""
        if (self.test is None) != (not self.labelled):
            raise OptionError("--labelled and --test measure the error together; give both")
        if self.test is None and (others := given(self)):
            raise OptionError(f"{others[0]} is for training; give --labelled and --test, too")
        return self.test is not None

    def reads(self) -> list[Inputs]:
        """The files that are read to learn from, and to test on."""
        from dataselect.data.formats.record_files import RecordFiles

        return super().reads() + ([] if self.test is None else [RecordFiles([self.test])])

    def training(
        self, settings: Settings, groups: tuple[str, ...] = ()
    ) -> DownstreamTraining | None:
        """How intent classifiers are trained, None where they are not. Raises InputError.

        `groups`: fields whose values errors are counted by.
        """
        import numpy as np

        from dataselect.analysis.compare.downstream_error import DownstreamTraining
        from dataselect.analysis.evaluate.group_values import group_column
        from dataselect.analysis.evaluate.hypothesis_pairs import read, unpaired
        from dataselect.analysis.evaluate.predicted_labels import tested_columns
        from dataselect.data import records
        from dataselect.data.fields import Column
        from dataselect.data.formats.record_files import RecordFiles

        if self.test is None:
            return None
        labelled = self.labelled_records(settings)
        text = Column.text_of("--test", self.test_field, settings.text_field)
        columns = tested_columns(text, self.intent_field, _REFERENCE)
        columns |= {name: group_column(name) for name in groups if name not in columns}
        test = records.all_good(
            unpaired(read(RecordFiles([self.test], text_field=text.path), columns))
        )
        if not test:
            raise InputError(f"{self.test}: no record to test on; check --test")
        return DownstreamTraining(
            [each.text for each in labelled],
            [each.intent or "" for each in labelled],
            test,
            self.background_texts(settings.text_field, np.random.default_rng(settings.seed)),
            rounds=self.rounds,
            seed=settings.seed,
            groups=groups,
        )
