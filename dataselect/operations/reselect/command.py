"""`dataselect select`: select again on any numeric field."""

from typing import Annotated, Literal

from dataselect.command_line.ending import finish
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.option import option
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.command_line.selection_options import SelectionOptions
from dataselect.selection.ranking import DIRECTIONS

_LOW_IS_GOOD = [
    field
    for field, direction in DIRECTIONS.items()
    if direction == "low" and not field.startswith("signals.")
]

USUAL = "by best threshold top_k share budget cost per max_per unique exclude output"
EXAMPLES = r"""
dataselect select --by relevance --top-k 100 --sort -o best100.jsonl relevant.jsonl
dataselect select --by relevance --budget 500 --cost words relevant.jsonl > fits.jsonl
"""


def command(
    inputs: InputOptions,
    by: Annotated[str, option("FIELD", "Options", "The numeric field to select by.")],
    selection: SelectionOptions,
    run: RunOptions,
    engine: EngineOptions,
    best: Literal["auto", "high", "low"] = option(
        "",
        "Options",
        f"The good end; auto is low for {', '.join(_LOW_IS_GOOD)} and most signals, "
        "and high for the rest.",
        "auto",
    ),
) -> None:
    """Select again on any numeric field, without scoring again.

    Kept records leave as they came, byte for byte.
    """
    from dataselect.operations.reselect.scorer import Field

    rule, settings = selection.build(), run.build()
    pool = engine.open(inputs, run, rule, settings)
    with engine.job(pool, settings, also_read=selection.reads()) as job:
        result = job.apply(Field(by, best), rule)
    finish(result, settings)
