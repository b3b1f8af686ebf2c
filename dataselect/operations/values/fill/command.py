"""`dataselect values fill`: new utterances with values that slots have elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dataselect.command_line.ending import finish
from dataselect.command_line.option import option
from dataselect.command_line.options import (
    AnnotationOptions,
    InputOptions,
    RunOptions,
    SpeakerOptions,
)
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.errors import RequirementError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataselect.operations.values.fill.filling import MadeUtterance

USUAL = (
    "per_template min_speakers top_k share threshold per exclude sort seed intent_field "
    "slots_field output report"
)
EXAMPLES = r"""
dataselect values fill --top-k 100 -o made.jsonl other_intents.jsonl
dataselect values fill --per intent --top-k 20 --exclude test.jsonl -o made.jsonl \
    other_intents.jsonl
"""


def command(
    inputs: InputOptions,
    annotated: AnnotationOptions,
    speaking: SpeakerOptions,
    selection: SelectionOptions,
    run: RunOptions,
    *,
    per_template: int = option(
        "N", "Making", "How many utterances to make of each template [default: 5].", 5, min=1
    ),
) -> None:
    """Make new utterances: templates of annotated records with values of others.

    The values of an utterance are those of one other, mostly of the same intent. Nothing that is
    there already is made, nor anything twice. Adds 'likelihood', the mean log10 probability of
    words, by a language model of the annotated texts, and of values, by their frequency;
    'discounted_likelihood', which selection goes by and which falls with every likelier one of the
    same template or value; and 'made_from': the records of template and values, id or FILE:LINE,
    and the slots whose values are others. A file called fill is ./fill.
    """
    from dataselect.data.annotations import annotation
    from dataselect.execution.local.local_run import LocalRun
    from dataselect.models.ngrams.speakers import Speakers
    from dataselect.operations.values.fill.annotated_records import read_records
    from dataselect.operations.values.fill.filling import made_utterances, said_by_enough
    from dataselect.operations.values.fill.made_records import MadeRecords
    from dataselect.operations.values.fill.scorer import FillScorer

    settings, rule = run.build(), selection.build()
    files = inputs.open(digest=settings.report is not None, text_field=settings.text_field)
    files.cuts = True
    column = annotation(
        settings.text_field, annotated.intent_field, annotated.slots_field, requires_intent=False
    )
    records, bad = read_records(files, column, speaking.column())
    among = records
    if speaking.min_speakers is not None:
        who = Speakers(speaking.min_speakers)
        who.add(each.speaker for each in records)
        among = said_by_enough(records, who)

    def make() -> Iterator[MadeUtterance]:
        return made_utterances(records, per_template, settings.seed, among)

    pool = MadeRecords(files, bad, make)
    settings = replace(settings, text_field="text")
    with LocalRun(pool, settings, also_read=selection.reads()) as job:
        if not bad and next(make(), None) is None:
            fewer = "" if speaking.min_speakers is None else ", or ask for fewer --min-speakers"
            raise RequirementError(
                "no utterance can be made: no slot has another value to put into a template; "
                f"annotate more records{fewer}"
            )
        scorer = FillScorer.of([each.utterance for each in records], make(), first=len(bad))
        result = job.apply(scorer, rule)
    finish(result, settings)
