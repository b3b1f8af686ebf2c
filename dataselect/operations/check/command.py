"""`dataselect check`: doubts about annotations, each with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataselect.command_line.ending import finish, note
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.errors import RequirementError
from dataselect.operations.check.options import CheckingOptions, ReferenceOptions

if TYPE_CHECKING:
    from dataselect.operations.check.checking import PoolCheck

USUAL = "rule ignore labelled test rare fail_if threshold sort output rejects report"
EXAMPLES = r"""
dataselect check --sort -o checked.jsonl annotated.jsonl
dataselect check --rule conflicting_intents --fail-if 'conflicting_intents > 0' \
    -o checked.jsonl annotated.jsonl
"""


def command(
    inputs: InputOptions,
    checking: CheckingOptions,
    reference: ReferenceOptions,
    selection: SelectionOptions,
    run: RunOptions,
) -> None:
    """Tell which annotations are doubtful, and why.

    Adds 'doubt', from 0 to 1, by which records are ranked, and 'problems', a list: the rule that
    found it ('problem'), the 'evidence', a 'suggestion', and the record that it 'conflicts_with',
    its id or FILE:LINE. Low is good; with --sort the most doubtful come first, but
    --top-k keeps the soundest. What each rule
    looked at and found is listed at the end.
    """
    from dataselect.execution.engines import open_pool, open_run
    from dataselect.operations.check.fail_conditions import fired

    settings, rule = run.build(), selection.build()
    conditions = checking.conditions()
    pool = open_pool(
        "local", inputs.files or [], rule, settings, source=inputs.source, layout=inputs.layout()
    )
    read = [*reference.reads(), *selection.reads()]
    with open_run(pool, settings, also_read=read) as job:
        check = _check(checking, reference, settings.text_field, settings.seed)
        scorer = check.scorer(pool, settings)
        result = job.apply(scorer, rule)
    finish(result, settings)
    note(*scorer.summary(), quiet=settings.quiet)
    if said := fired(conditions, scorer.verified, result.counts.read, len(scorer.problems)):
        raise RequirementError("; ".join(said))


def _check(
    checking: CheckingOptions, reference: ReferenceOptions, text_field: str, seed: int
) -> PoolCheck:
    """The rules, with what they compare records with."""
    from dataselect.data.fields import Column
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.operations.check.checked_record import checked_record
    from dataselect.operations.check.checking import PoolCheck, Reference

    fields = reference.intent_field, reference.slots_field
    labelled = test = None
    if reference.labelled:
        text = Column.text_of("--labelled", reference.labelled_field, text_field)
        files = RecordFiles(reference.labelled, text_field=text.path)
        labelled = Reference(files, checked_record(text, *fields))
    if reference.test:
        text = Column.text_of("--test", reference.test_field, text_field)
        test = Reference(RecordFiles(reference.test, text_field=text.path), text)
    column = checked_record(Column.text(text_field), *fields)
    return PoolCheck(checking.rules(), checking.build(seed), column, labelled, test)
