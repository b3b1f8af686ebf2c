"""Selecting records of files from Python: read, score, select, write, as the commands do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dataselect.data.formats import Layout
from dataselect.data.formats.record_files import RecordFiles
from dataselect.errors import OptionError, parameters_named
from dataselect.execution.engines import open_pool, open_run
from dataselect.execution.run import FAIL, Settings
from dataselect.execution.scorer import Scorer
from dataselect.selection.rule import Selection
from dataselect.selection.selection_rules import SelectionRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.input_files import Inputs
    from dataselect.execution.engines import Engine
    from dataselect.execution.scoring_run import Result


class RecordModel(Protocol):
    """A model of which there is a scorer of records."""

    def record_scorer(self) -> Scorer:
        """What scores records of files."""


@runtime_checkable
class PoolModel(Protocol):
    """A model whose scores depend on the whole pool, such as `Diversity`.

    `selects`: whether its scorer keeps what the rule says, and nothing is left to select.
    """

    selects: bool

    def pool_scorer(
        self,
        pool: Inputs,
        rule: Selection,
        settings: Settings,
        excluded_keys: NDArray[np.uint64] | None,
    ) -> Scorer:
        """What scores the records of this pool, and leaves out what the rule does."""


def select_file(
    files: str | Sequence[str],
    model: RecordModel | PoolModel | Scorer,
    rule: SelectionRule | Selection | None = None,
    *,
    output: str,
    rejects: str | None = None,
    report: str | None = None,
    on_error: str = FAIL,
    sort: bool = False,
    text_field: str | None = None,
    from_format: str | None = None,
    to_format: str | None = None,
    columns: Sequence[str] | None = None,
    no_header: bool = False,
    delimiter: str | None = None,
    list_size: int | None = None,
    jobs: int = 1,
    engine: Engine = "local",
    ray_address: str | None = None,
    resume: bool = False,
    min_records: int = 0,
    allow_empty: bool = False,
    unique: bool = False,
    exclude: str | Sequence[str] = (),
    exclude_field: str | None = None,
) -> Result:
    r"""Score the records of files, and write those that a rule keeps.

    Formats are told by the names of files, `pool.csv`, `kept.parquet`, and by their first bytes,
    unless `from_format` and `to_format` name them. `model`: a fitted model, or its `record_scorer`
    with options of its own; `Diversity` takes the rules TopK, Share and Budget. Without a rule all
    records are written, with their scores. The other parameters are the options of the same names
    of the command line. Returns counts, the worst score that was kept, and warnings. Raises any
    DataselectError, and then writes nothing.

    >>> from pathlib import Path
    >>> from dataselect import Relevance, TopK
    >>> _ = Path("pool.jsonl").write_text('{"text": "play abba"}\n{"text": "it snowed"}\n')
    >>> model = Relevance().fit(["play adele", "play jazz"], ["it rained", "we left"])
    >>> select_file("pool.jsonl", model, TopK(1), output="kept.jsonl").counts.kept
    1
    """
    options = {} if text_field is None else {"text_field": text_field}
    scorer = None
    if not isinstance(model, PoolModel):
        scorer = model if isinstance(model, Scorer) else model.record_scorer(**options)
    if not isinstance(rule, SelectionRule):
        rule = SelectionRule(rule or Selection())
    selection = rule.at("high" if scorer is None else scorer.direction)
    if unique or exclude or exclude_field:
        selection = replace(
            selection,
            unique=unique or selection.unique,
            exclude=(exclude,) if isinstance(exclude, str) else tuple(exclude),
            exclude_field=exclude_field,
        )
    if scorer is not None and rule.direction not in (None, scorer.direction):
        raise OptionError(
            f"--direction {rule.direction}: {scorer.direction} scores of {scorer.noun} are "
            "the good ones; leave it out"
        )
    settings = Settings(
        output=output,
        rejects=rejects,
        on_error=on_error,
        report=report,
        target=to_format,
        sort=sort,
        jobs=jobs,
        seed=rule.seed,
        min_records=min_records,
        allow_empty=allow_empty,
        text_field=text_field or (scorer.text_field if scorer else "text"),
    )
    names = None if columns is None else tuple(columns)
    layout = Layout(names, not no_header, delimiter, list_size=list_size)
    paths = [files] if isinstance(files, str) else list(files)
    pool = open_pool(
        engine,
        paths,
        selection,
        settings,
        ray_address=ray_address,
        workers=jobs if jobs > 1 else None,
        source=from_format,
        layout=layout,
    )
    also_read = [RecordFiles([path]) for path in selection.exclude]
    with open_run(pool, settings, also_read=also_read, resume=resume) as run:
        run.calibration = rule.calibration
        if isinstance(model, PoolModel):
            scorer = model.pool_scorer(pool, selection, settings, run.excluded_keys(selection))
            if model.selects:
                selection = Selection(exclude=selection.exclude, exclude_field=exclude_field)
        assert scorer is not None  # one of a pool has just been made
        result = run.apply(scorer, selection)
    return replace(result, warnings=[parameters_named(each) for each in result.warnings])
