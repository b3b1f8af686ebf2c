"""`dataselect diversity`: pick records that say what nothing labelled or picked says yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dataselect.command_line.ending import finish
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.console import Steps
from dataselect.errors import OptionError
from dataselect.operations.diversity.diversity_input import Chosen, DiversityInput, LabelledRecords
from dataselect.operations.diversity.local_objective import ObjectiveFactory
from dataselect.operations.diversity.options import MethodOptions, PickingOptions, VectorOptions
from dataselect.selection.budgets import spent
from dataselect.selection.rule import Selection

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.input_files import Inputs
    from dataselect.operations.diversity.scorer import Diversity


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
    settings = run.build()
    methods.check()
    picking.check()
    encoding.check_for(methods)
    if engine.engine == "local" and picking.partitions is not None:
        raise OptionError("--partitions is for --engine ray; give it too")
    if engine.engine == "ray" and encoding.vectors is not None:
        raise OptionError("--vectors are of one file; with --engine ray give --encoder MODEL")
    pool = engine.open(inputs, run, Selection(), settings)
    labelled = LabelledRecords(methods.labelled or [], settings.text_field)
    read = [*labelled.reads(), *encoding.reads()]
    with engine.job(pool, settings, also_read=read) as job:
        groups = (methods, picking, encoding, engine)
        job.facts = {name: value for group in groups for name, value in vars(group).items()}
        picked = _picked if engine.engine == "local" else _picked_from_shards
        scorer = picked(pool, Chosen(labelled, methods, encoding, picking, settings))
        result = job.apply(scorer, Selection())
        if (amount := scorer.figures.get("spent")) is not None:
            result = replace(result, spent=spent(amount, picking.budgeted()))
    finish(result, settings)


def _picked_from_shards(pool: Inputs, chosen: Chosen) -> Diversity:
    from dataselect.execution.distributed.shard_pool import ShardPool
    from dataselect.operations.diversity.partitioned_command import ShardedPool

    assert isinstance(pool, ShardPool)
    return ShardedPool(pool, chosen).picked()


def _picked(inputs: Inputs, chosen: Chosen) -> Diversity:
    """Pick, and make a scorer of what was decided."""
    from dataselect.operations.diversity.decisions import decide
    from dataselect.operations.diversity.scorer import Diversity

    labelled, picking, settings = chosen.labelled, chosen.picking, chosen.settings
    pool = DiversityInput.read(inputs, picking, settings)
    most_memory = picking.most_memory()
    method = ObjectiveFactory(chosen.methods, chosen.encoding, labelled, most_memory, settings.seed)
    limits = picking.limits(len(pool.texts))
    with Steps(quiet=settings.quiet) as report:
        decisions = decide(
            pool.texts,
            labelled.texts,
            lambda rows: method.objective(pool, rows, report),
            limits,
            band=method.options.band,
            costs=pool.costs,
            groups=pool.groups,
            report=report,
        )
    return Diversity.of(
        decisions,
        pool.positions,
        pool.records,
        _names(pool, labelled, decisions.nearest),
        batch_size=picking.batch_size,
        wanted=limits.size,
        figures=method.figures | pool.describe(decisions.picked),
        text_field=settings.text_field,
    )


def _names(
    pool: DiversityInput, labelled: LabelledRecords, nearest: NDArray[np.intp]
) -> dict[int, bytes]:
    """What each number in `nearest` stands for is called: labelled texts come before the pool."""
    import numpy as np

    used, own = np.unique(nearest[nearest >= 0]), len(labelled.texts)
    found = labelled.names(used[used < own].tolist()) + pool.names(used[used >= own] - own)
    return dict(zip(used.tolist(), found, strict=True))
