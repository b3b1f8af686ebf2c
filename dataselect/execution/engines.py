"""Where records are scored: on this machine, or on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from dataselect.data.formats import JSONL, of_suffix, suffix_of
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.input_files import Inputs
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.data.formats import Layout
    from dataselect.execution.run import Settings
    from dataselect.execution.scoring_run import ScoringRun
    from dataselect.selection.rule import Selection

Engine: TypeAlias = Literal["local", "ray"]


def open_pool(
    engine: Engine,
    paths: Sequence[str],
    rule: Selection,
    settings: Settings,
    *,
    ray_address: str | None = None,
    workers: int | None = None,
    source: str | None = None,
    layout: Layout | None = None,
) -> Inputs:
    """The input files, shards with `ray`. Raises OptionError for what an engine does not do.

    `workers`: at most so many tasks at a time on a cluster. `source`: the format of the files,
    where they do not tell. Raises InputError.
    """
    if engine == "local":
        return RecordFiles(
            paths,
            digest=settings.report is not None,
            source=source,
            layout=layout,
            text_field=settings.text_field,
        )
    from dataselect.execution.distributed.ray_engine.ray_cluster import RayCluster
    from dataselect.execution.distributed.shard_pool import ShardPool
    from dataselect.execution.distributed.shards import folders, resolve

    if settings.sort:
        raise OptionError("--sort is an order of all records; --engine ray keeps shards apart")
    if rule.auto is not None:
        raise OptionError(
            "--auto trains models on the whole pool; find the share on a sample of it without "
            "--engine ray, and give --share"
        )
    shards = resolve(paths)
    _refuse_formats([each.path for each in shards], source, settings.target)
    cluster = RayCluster(ray_address, workers)
    return ShardPool(
        shards,
        cluster,
        folders=folders(paths),
        output=settings.output,
        quiet=settings.quiet,
    )


def _refuse_formats(paths: Sequence[str], source: str | None, target: str | None) -> None:
    """Raise OptionError for what shards are not read or written as: anything but JSONL."""
    for option, name in ("--from", source), ("--to", target):
        if name not in (None, JSONL.name):
            raise OptionError(f"{option} {name}: with --engine ray, shards are JSONL; leave it out")
    for path in paths:
        own = of_suffix(path) or JSONL
        if own != JSONL and suffix_of(path) not in JSONL.shared_suffixes:
            raise OptionError(
                f"{path}: {own.name}, and with --engine ray shards are JSONL; turn it into that "
                "with dataselect convert"
            )


def open_run(
    pool: Inputs,
    settings: Settings,
    *,
    also_read: Sequence[Inputs] = (),
    resume: bool = False,
    only_fits: bool = False,
) -> ScoringRun:
    """The run over a pool of `open_pool`. `only_fits`: nothing is going to be scored."""
    if type(pool) not in (Inputs, RecordFiles):
        from dataselect.execution.distributed.distributed_run import DistributedRun
        from dataselect.execution.distributed.shard_pool import ShardPool

        if isinstance(pool, ShardPool):
            return DistributedRun(
                pool, settings, also_read=also_read, resume=resume, only_fits=only_fits
            )
    from dataselect.execution.local.local_run import (
        LocalRun,  # what runs is not needed to show help
    )

    return LocalRun(pool, settings, also_read=also_read)
