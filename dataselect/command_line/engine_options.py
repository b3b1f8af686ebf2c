"""The options of commands that run here or on a distributed engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.option import given, option
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.execution.scoring_run import ScoringRun
    from dataselect.selection.rule import Selection

_ENGINE = "Engine"


@dataclass(frozen=True)
class EngineOptions:
    """Where records are scored."""

    engine: Literal["local", "ray"] = option(
        "",
        _ENGINE,
        "local: on this machine. ray: FILES are shards (also folders, @list.txt, and "
        "URLs such as s3://), each scored as a whole by some machine of a Ray cluster; -o is "
        "a folder of shards with the same names.",
        "local",
    )
    ray_address: str | None = option(
        "ADDRESS",
        _ENGINE,
        "The Ray cluster, 'auto' for one on this machine [default: RAY_ADDRESS, else "
        "one that is started here and ends with the run].",
    )
    resume: bool = option(
        "",
        _ENGINE,
        "Go on in an output folder: shards that are done are done again only if they, "
        "the model or options have changed.",
        False,
    )

    def open(
        self, inputs: InputOptions, run: RunOptions, rule: Selection, settings: Settings
    ) -> Inputs:
        """The pool. Raises OptionError for what an engine does not do, InputError."""
        from dataselect.execution.engines import open_pool

        unused = [name for name in given(self) if name != "--engine"]
        if self.engine == "local" and unused:
            raise OptionError(f"{unused[0]} is for --engine ray; give it too")
        return open_pool(
            self.engine,
            inputs.files or [],
            rule,
            settings,
            ray_address=self.ray_address,
            workers=run.jobs,
            source=inputs.source,
            layout=inputs.layout(),
        )

    def job(
        self,
        pool: Inputs,
        settings: Settings,
        *,
        also_read: Sequence[Inputs] = (),
        only_fits: bool = False,
    ) -> ScoringRun:
        """The run over a pool that `open` gave. `only_fits`: nothing is going to be scored."""
        from dataselect.execution.engines import open_run

        return open_run(
            pool, settings, also_read=also_read, resume=self.resume, only_fits=only_fits
        )
