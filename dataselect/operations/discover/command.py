"""`dataselect discover`: candidate new intents among records that fit none of the known ones."""

from __future__ import annotations

from dataselect.command_line.encoder_options import NeuralOptions
from dataselect.command_line.ending import finish, note
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.operations.discover.options import GroupOptions, KnownIntentOptions

USUAL = (
    "labelled intent_field parent_field density min_size keep_ungrouped per top_k encoder sort "
    "output report"
)
EXAMPLES = r"""
dataselect discover --labelled annotated.jsonl -o groups.jsonl pool.jsonl.gz
dataselect discover --labelled annotated.jsonl --per group --top-k 20 --sort \
    --report groups.json -o look.jsonl pool.jsonl.gz
"""


def command(
    inputs: InputOptions,
    knowing: KnownIntentOptions,
    grouping: GroupOptions,
    encoding: NeuralOptions,
    selection: SelectionOptions,
    run: RunOptions,
) -> None:
    """Find candidate new intents: groups of records that fit none of the known ones.

    Records with an intent other than 'other' are of known intents and dropped, as is what is in no
    group; so are records that are like these or the labelled ones, unless 'label' has looked at
    all. Adds 'group', a number, the largest group
    first; 'group_name', the n-grams that tell it from all others; and 'typicality', the cosine to
    the centre of the group, which selection goes by. A table of the groups goes to standard error,
    and all of them with examples into --report.
    """
    from dataselect.execution.engines import open_pool, open_run
    from dataselect.operations.discover.discover import Discover
    from dataselect.operations.discover.group_table import group_table

    settings, rule = run.build(), selection.build()
    encoding.check()
    pool = open_pool(
        "local", inputs.files or [], rule, settings, source=inputs.source, layout=inputs.layout()
    )
    discover = Discover(
        neighbours=grouping.neighbours,
        density=grouping.density,
        min_size=grouping.min_size,
        sample_size=grouping.sample_size,
        keep_ungrouped=grouping.keep_ungrouped,
        encoder=None if encoding.encoder is None else encoding.neural(encoding.encoder),
        intent_field=knowing.intent_field,
        parent_field=knowing.parent,
    )
    with open_run(pool, settings, also_read=[*knowing.reads(), *selection.reads()]) as job:
        discover.fit_known(knowing.known(settings.text_field))
        scorer = discover.pool_scorer(pool, rule, settings, job.excluded_keys(rule))
        result = job.apply(scorer, rule)
    finish(result, settings)
    if scorer.groups:
        title, *rows = group_table(scorer.groups)
        note(title, *rows, quiet=settings.quiet)
