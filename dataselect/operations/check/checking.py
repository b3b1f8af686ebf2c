"""The check of a pool: what is read of it, and the scorer that tells what was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataselect.console import Steps
from dataselect.data import records
from dataselect.data.fields import POSITION, Column
from dataselect.data.files.line_blocks import count_records, numbered
from dataselect.data.json_lines.json_values import encoded, parse
from dataselect.data.sampling import names_at, no_good_record, read_columns
from dataselect.errors import InputError
from dataselect.execution.run import FAIL
from dataselect.models.near_duplicates import text_keys
from dataselect.operations.check.checked_corpus import CheckedCorpus, CheckOptions
from dataselect.operations.check.scorer import CheckScorer
from dataselect.operations.check.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.operations.check.checked_record import CheckedRecord
    from dataselect.operations.check.rules.check_rule import Finding, Rule

_DECIMALS = 6


class Reference(NamedTuple):
    """Files that records are compared with, and the column that is read of them."""

    files: Inputs
    column: Column

    def read(self) -> list[Any]:
        """All values. Raises InputError for a bad record, and where there is none."""
        self.files.keep_for_rereading()  # for names
        [found] = read_columns(self.files, [self.column])
        if not found:
            raise InputError(f"{', '.join(self.files.paths)}: no record to compare with")
        return found


@dataclass(frozen=True)
class PoolCheck:
    """Rules, what they are told, and the records to compare with.

    `column`: of the annotated records that are checked; `labelled` has some that are right, `test`
    texts.
    """

    rules: Sequence[Rule]
    options: CheckOptions
    column: Column
    labelled: Reference | None = None
    test: Reference | None = None

    def scorer(self, pool: Inputs, settings: Settings) -> CheckScorer:
        """Apply the rules to a pool. Raises any DataselectError."""
        pool.keep_for_rereading()
        own, positions, total = _read(pool, self.column, strict=settings.on_error == FAIL)
        if not own:
            raise no_good_record(pool, [self.column], " to check")
        reference = [] if self.labelled is None else self.labelled.read()
        test_keys = None if self.test is None else text_keys(self.test.read())
        with Steps(quiet=settings.quiet) as report:
            corpus = CheckedCorpus(
                [*reference, *own], self.options, report, len(reference), test_keys
            )
            verdict = judge(corpus, self.rules)
        by_place: dict[int, list[tuple[Rule, Finding]]] = defaultdict(list)
        for rule, finding in verdict.findings:
            by_place[finding.place].append((rule, finding))
        names = self._names(pool, positions, len(reference), verdict.findings)
        doubts = np.full(total, np.nan)
        doubts[positions] = np.round(verdict.doubts[len(reference) :], _DECIMALS)
        return CheckScorer(
            doubts,
            {
                int(positions[place - len(reference)]): problems(found, names)
                for place, found in by_place.items()
            },
            verdict.verified,
            self.column,
            settings.text_field,
        )

    def _names(
        self,
        pool: Inputs,
        positions: NDArray[np.intp],
        reference: int,
        findings: Iterable[tuple[Rule, Finding]],
    ) -> ConflictNames:
        """What the records are called that others conflict with."""
        conflicts = {
            (rule.of_test, found.conflicts_with)
            for rule, found in findings
            if found.conflicts_with is not None
        }
        own = sorted(at for of_test, at in conflicts if not of_test and at >= reference)
        before = sorted(at for of_test, at in conflicts if not of_test and at < reference)
        tested = sorted(at for of_test, at in conflicts if of_test)
        at_positions = [int(positions[at - reference]) for at in own]
        names = dict(zip(own, names_at(pool, at_positions), strict=True))
        if self.labelled is not None:
            names |= dict(zip(before, names_at(self.labelled.files, before), strict=True))
        of_test = {}
        if self.test is not None:
            of_test = dict(zip(tested, names_at(self.test.files, tested), strict=True))
        return ConflictNames(names, of_test)


class ConflictNames(NamedTuple):
    """JSON of what records are called, by place: those of the corpus, and of the test set."""

    corpus: dict[int, bytes]
    test: dict[int, bytes]


def problems(found: Sequence[tuple[Rule, Finding]], names: ConflictNames) -> bytes:
    """The findings about a record as JSON, the strongest first."""
    ranked = sorted(found, key=lambda each: -each[1].strength)
    return encoded([_problem(rule, finding, names) for rule, finding in ranked])


def _problem(rule: Rule, finding: Finding, names: ConflictNames) -> dict[str, object]:
    suggestion = None
    if finding.intent is not None or finding.slots is not None:
        slots = None if finding.slots is None else [each._asdict() for each in finding.slots]
        suggestion = {"intent": finding.intent, "slots": slots}
    known = names.test if rule.of_test else names.corpus
    name = None if finding.conflicts_with is None else known[finding.conflicts_with]
    return {
        "problem": rule.name,
        "evidence": finding.evidence,
        "suggestion": suggestion,
        "conflicts_with": None if name is None else parse(b'{"name":' + name + b"}")["name"],
    }


def _read(
    pool: Inputs, column: Column, *, strict: bool
) -> tuple[list[CheckedRecord], NDArray[np.intp], int]:
    """The good records of a pool, their positions, and how many there are, good or bad.

    Raises InputError for a bad record if `strict`.
    """
    good: list[CheckedRecord] = []
    positions: list[int] = []
    total = 0
    for block in numbered(pool.blocks()):
        found = records.read(block, [column, POSITION], stop_at_first=strict)
        if found.bad and strict:
            raise InputError(str(found.bad[0]))
        good += found.columns[0]
        positions += found.columns[1]
        total += count_records(block.data)
    return good, np.array(positions, np.intp), total
