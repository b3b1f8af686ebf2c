"""Run reports as stages, and lineages: which run read what another one kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from dataselect.data.fields import Column
from dataselect.data.files.input_names import holds, is_output_folder
from dataselect.data.files.sinks import STDOUT
from dataselect.errors import InputError
from dataselect.execution import run_report
from dataselect.execution.counting.counts import Counts
from dataselect.selection.reasons import Reason, describe, read_counts

if TYPE_CHECKING:
    from dataselect.execution.report_documents import Learnt, ReportedCut, ScoringReport


@dataclass(frozen=True)
class Stage:
    """A run that scored or selected, by its report at `path`; `facts` is all of that.

    Files are named as the run named them; see `located`.
    """

    path: str
    command: str
    signature: str
    counts: Counts
    cut: ReportedCut
    facts: ScoringReport

    @cached_property
    def reasons(self) -> dict[str, Reason]:
        """The reasons that could drop a record, by the words that dropped records have."""
        return {describe(reason): reason for reason in read_counts(self.facts["dropped"])}

    @property
    def options(self) -> dict[str, Any]:
        return self.facts["options"]

    @property
    def learnt(self) -> Learnt:
        """What the report says of the scorer."""
        return cast("dict[str, Learnt]", self.facts).get(self.command, {})

    @property
    def sides(self) -> tuple[str, ...]:
        """Of pairs the fields of both texts, that which is compared or read first; else none."""
        names: tuple[str, ...] = ()
        if self.command == "bitext":
            names = ("src", "tgt") if self.options["side"] == "src" else ("tgt", "src")
        if self.command == "paraphrase" and self.options["against"] is None:
            names = ("text1", "text2")
        return tuple(str(self.options[f"{name}_field"]) for name in names)

    @property
    def text_field(self) -> str:
        """Where its records have their text; of pairs that of the side that is compared."""
        return self.sides[0] if self.sides else str(self.options["text_field"])

    def column_of(self, files: str) -> Column:
        """Where the files of an option, such as `in_domain`, have their texts."""
        option = f"--{files.replace('_', '-')}"
        usual = str(self.options["text_field"]), self.text_field
        return Column.text_of(option, self.options.get(f"{files}_field"), *usual)

    def text_paths(self, files: str) -> list[str]:
        """The paths at which these may have their texts, none where the option is not given."""
        column = self.column_of(files)
        return [column.path, *column.instead] if self.options.get(files) else []

    @property
    def read(self) -> tuple[str, ...]:
        return tuple(self.facts["inputs"])

    @property
    def kept(self) -> str | None:
        """The file that it wrote, unless that went to standard output."""
        written = self.options["output"]
        return None if written == STDOUT else str(written)

    @property
    def dropped(self) -> str | None:
        """The file of what it dropped, if there is one."""
        return self.options.get("rejects")

    def located(self, name: str | None) -> str | None:
        """The path of a file that the run named, if it is there.

        That is as seen from where the run was, if the report still lies where it was written;
        otherwise from here, or from beside the report.
        """
        was = self.path.removesuffix(str(self.options.get("report")))
        is_known = was != self.path and (not was or was.endswith(os.sep))
        for folder in (*([was] if is_known else []), "", os.path.dirname(self.path)):
            if name is None:
                return None
            path = os.path.join(folder, name)
            if os.path.isfile(path) or is_output_folder(path):
                return path
        return None

    def all_located(self, names: Sequence[str]) -> list[str]:
        """The paths of several files, or none where one is not there."""
        found = [path for path in map(self.located, names) if path]
        return found if len(found) == len(names) else []


def read_stage(path: str) -> Stage:
    """Read a run report. Raises InputError for anything else, and for runs that select nothing."""
    report = run_report.read(path)
    if report["command"] in (run_report.COMPARE, run_report.AUDIT, run_report.EVALUATE):
        what = f"the report of {report['command']}, which selects nothing"
        raise InputError(f"{path}: {what}; leave it out")
    return stage_of(path, cast("ScoringReport", report))


def stage_of(path: str, report: ScoringReport) -> Stage:
    """The stage of the report at a path."""
    return Stage(
        path,
        report["command"],
        report["signature"],
        report["counts"],
        report["cut"],
        report,
    )


def lineages(stages: Sequence[Stage]) -> list[list[Stage]]:
    """Chains of stages: each but the first of a chain read what the one before kept.

    Chains come in the order of their last stages; stages that share a beginning make several.
    """
    return [
        _lineage_of(stage, stages)
        for stage in stages
        if not any(stage is _before(other, stages) for other in stages)
    ]


def _lineage_of(stage: Stage, stages: Sequence[Stage]) -> list[Stage]:
    found = [stage]
    while (before := _before(found[0], stages)) is not None and before not in found:
        found.insert(0, before)
    return found


def _before(stage: Stage, stages: Sequence[Stage]) -> Stage | None:
    """The stage that wrote what a stage read, if it is among them."""
    read = [path for path in map(stage.located, stage.read) if path]
    for other in stages:
        written = other.located(other.kept)
        if other is not stage and written and any(holds(written, path) for path in read):
            return other
    return None
