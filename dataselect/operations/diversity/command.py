"""`dataselect diversity`: pick records that say what nothing labelled or picked says yet."""

from __future__ import annotations

from dataclasses import replace

from dataselect.command_line.ending import finish
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.errors import OptionError
from dataselect.operations.diversity.options import MethodOptions, PickingOptions, VectorOptions

USUAL = (
    "labelled method detector top_k share budget cost per min_novelty encoder sort output report"
)
EXAMPLES = r"""
dataselect diversity --labelled annotated.jsonl --top-k 100 --sort \
    -o diverse.jsonl relevant.jsonl
dataselect diversity --labelled annotated.jsonl --budget 500 --cost words \
    -o cheap.jsonl relevant.jsonl
"""


def command(
    inputs: InputOptions,
    methods: MethodOptions,
    picking: PickingOptions,
    encoding: VectorOptions,
    run: RunOptions,
    engine: EngineOptions,
) -> None:
    """Pick records that say what nothing labelled or picked says yet.

    Records are picked one by one, each the best given all before it. Adds 'novelty', 1 - the
    similarity to the closest labelled or earlier record; 'nearest', the id of that one, or
    FILE:LINE where it has none; and 'round', the batch in which it was picked. Copies of labelled
    text and of other records are never picked. With --sort, records are written in the order of
    picking, so that the first lines are a smaller pick.
    """
    from dataselect.data.fields import Column
    from dataselect.selection.budgets import spent
    from dataselect.selection.rule import Selection

    settings = run.build()
    methods.check()
    picking.check()
    encoding.check_for(methods)
    if engine.engine == "local" and picking.partitions is not None:
        raise OptionError("--partitions is for --engine ray; give it too")
    if engine.engine == "ray" and encoding.vectors is not None:
        raise OptionError("--vectors are of one file; with --engine ray give --encoder MODEL")
    from dataselect.operations.diversity.diverse_selection import DiverseSelection
    from dataselect.operations.diversity.diversity_input import LabelledRecords

    pool = engine.open(inputs, run, Selection(), settings)
    column = Column.text_of("--labelled", methods.labelled_field, settings.text_field)
    labelled = LabelledRecords(methods.labelled or [], column)
    read = [*labelled.reads(), *encoding.reads(), *picking.reads()]
    budgeted = picking.budgeted()
    with engine.job(pool, settings, also_read=read) as job:
        job.facts |= {"budget": budgeted.budget, "budget_unit": budgeted.budget_unit}
        left_out = picking.selection()
        excluded_keys = job.excluded_keys(left_out)
        selection = DiverseSelection(labelled, methods, encoding, picking, settings, excluded_keys)
        scorer = selection.select(pool)
        result = job.apply(scorer, left_out)
        if (amount := scorer.figures.get("spent")) is not None:
            result = replace(result, spent=spent(amount, budgeted))
    finish(result, settings)
