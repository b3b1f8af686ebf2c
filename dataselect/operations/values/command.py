"""`dataselect values`: the values of slots, with their synonyms, as a table to edit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dataselect.command_line.encoder_options import NeuralOptions
from dataselect.command_line.ending import note, warn
from dataselect.command_line.option import option
from dataselect.command_line.options import (
    TARGET,
    AnnotationOptions,
    InputOptions,
    OutputOptions,
    SpeakerOptions,
)

if TYPE_CHECKING:
    from dataselect.operations.values.slot_values import SlotValues

_NOUN, _TABLE = "values", "Table"


@dataclass(frozen=True)
class TableOptions:
    """What the table holds."""

    contexts: int = option(
        "N", _TABLE, "How many contexts each value is shown in [default: 3].", 3, min=0
    )
    synonyms: int = option(
        "N", _TABLE, "How many candidates for synonyms each value has [default: 5].", 5, min=0
    )
    min_score: float = option(
        "X", _TABLE, "Leave candidates of a lower score out [default: 0.1].", 0.1, min=0, max=1
    )
    merge: float = option(
        "X",
        _TABLE,
        "A value takes the canonical form of a more frequent one at this score [default: 0.5].",
        0.5,
        min=0,
        max=1,
    )
    intents: str | None = option(
        "FILE",
        _TABLE,
        "Write here which slots each intent has: share of its utterances, lift, mutual "
        "information.",
    )


USUAL = (
    "contexts synonyms min_score merge intents encoder min_speakers intent_field slots_field "
    "text_field to output report"
)
EXAMPLES = r"""
dataselect values -o values.csv other_intents.jsonl
dataselect values --intents slots.csv -o values.csv other_intents.jsonl
"""


def command(
    inputs: InputOptions,
    table: TableOptions,
    encoding: NeuralOptions,
    annotated: AnnotationOptions,
    speaking: SpeakerOptions,
    *,
    target: str | None = TARGET,
    output: OutputOptions,
) -> None:
    """List the values of each slot with their counts, contexts and synonyms: a table to edit.

    A row a value. 'canonical' is the value that it is a synonym of, or itself: correct that
    column where it is wrong, and convert --values writes synonyms by it. 'synonyms' are candidates
    by contexts, spelling, abbreviations, numbers and the vectors of --encoder, with a score from 0
    to 1; two values of one utterance never are.
    """
    from dataselect.console import Steps
    from dataselect.data.annotations import annotation, utterances, warnings
    from dataselect.execution.run import Run
    from dataselect.operations.values.slot_values import SlotValues

    encoding.check()
    settings = replace(output.build(), target=target)
    found = SlotValues(
        contexts=table.contexts,
        synonyms=table.synonyms,
        min_score=table.min_score,
        merge=table.merge,
        min_speakers=speaking.min_speakers,
        encoder=None if encoding.encoder is None else encoding.neural(encoding.encoder),
    )
    column = annotation(
        settings.text_field,
        annotated.intent_field,
        annotated.slots_field,
        requires_intent=False,
    )
    speaker, names = speaking.column(), list[str]()
    beside = None if speaker is None else {speaker: names.extend}
    files = inputs.open(digest=settings.report is not None, text_field=settings.text_field)
    with Run(files, settings, writes_records=True) as run:
        if table.intents is not None:
            run.open_records_file(table.intents)
        read = utterances(files, column, stop_at_first=run.stops_at_first, beside=beside)
        with Steps(quiet=settings.quiet) as report:
            said_by = None if speaker is None else names
            found.fit(run.good(read, _NOUN), speakers=said_by, report=report)
        run.write_kept(_lines(found.rows_))
        if table.intents is not None:
            run.write_records_file(table.intents, _lines(found.intents_))
        run.warnings += [*found.warnings(), *warnings(column)]
        run.report(_NOUN, {"merge": table.merge}, **{_NOUN: found.describe()})
    warn(run.warnings, settings)
    note(_summary(found, run.counts.kept), quiet=settings.quiet)


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    from dataselect.data.json_lines.json_values import encoded

    return b"".join([encoded(row) + b"\n" for row in rows])


def _summary(found: SlotValues, records: int) -> str:
    figures = found.describe()
    return (
        f"{figures['values']:,} values of {figures['slots']:,} slots in {records:,} records; "
        f"{figures['merged']:,} are synonyms of others"
    )
