"""Where the records of a stage are: which files hold what it kept, and what it dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dataselect.data.fields import Column
from dataselect.data.files.raw_files import display
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.json_lines.json_values import parse
from dataselect.errors import InputError, OptionError
from dataselect.selection.ranking import DIRECTIONS

if TYPE_CHECKING:
    from numpy.random import Generator

    from dataselect.analysis.run_reports import Stage
    from dataselect.selection.ranking import Direction

LABELS = ("truth", "intent", "relevance_for")
"""The fields that may hold a label, the preferred one first."""


@dataclass(frozen=True)
class Source:
    """What is known of a stage before its records are read.

    `kept` and `dropped` are files of scored records; `mixed` are such that the field `dropped`
    tells apart; `pool` are those that it read. `stage` is None where there is no report.
    """

    title: str
    field: str
    direction: Direction
    text_field: str
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    pool: tuple[str, ...] = ()
    stage: Stage | None = None
    notes: tuple[str, ...] = ()

    @property
    def cut(self) -> float | None:
        """The score at which kept and dropped part, if one decided, by the report."""
        cut = None if self.stage is None else self.stage.cut
        return cut.score if cut is not None and cut.selects and cut.by_score else None

    @property
    def other_field(self) -> str | None:
        """The field of the side of pairs that is not compared, by the report."""
        return self.stage.sides[1] if self.stage is not None and self.stage.sides else None

    @property
    def files(self) -> tuple[str, ...]:
        return (*self.kept, *self.dropped, *self.mixed, *self.pool)


def of_stage(stage: Stage) -> Source:
    """The files of a run that are there, and notes on those that are not."""
    found = Source(
        stage.command, stage.cut.field, stage.cut.direction, stage.text_field, stage=stage
    )
    kept, notes = stage.located(stage.kept), []
    if stage.kept is None:
        notes.append("it wrote to standard output; give what it wrote as --scored FILE")
    elif kept is None:
        notes.append(f"{stage.kept}, what it kept, is not there")
    else:
        found = replace(found, kept=(kept,))
    if stage.counts.dropped:
        found, note = _with_dropped(found, stage)
        notes += note
    return replace(found, notes=tuple(notes))


def _with_dropped(found: Source, stage: Stage) -> tuple[Source, list[str]]:
    """Add where the dropped records are: the rejects, or the input less what was kept."""
    if dropped := stage.located(stage.dropped):
        return replace(found, dropped=(dropped,)), []
    why = (
        "it was run without --rejects"
        if stage.dropped is None
        else f"{stage.dropped}, its --rejects, is not there"
    )
    located = [stage.located(path) for path in stage.read]
    pool = tuple(path for path in located if path is not None)
    if len(pool) < len(located) or not found.kept or stage.command in _CHANGES_TEXTS:
        return found, [f"{why}: what was dropped is not known"]
    return replace(found, pool=pool), [
        f"{why}: what was dropped is what it read and did not keep, without reasons"
        + ("" if stage.command == "select" else " and scores")
    ]


_CHANGES_TEXTS = ("rescore",)


def with_scored(found: Source, paths: Sequence[str]) -> Source:
    """A stage with the scored records that are given for it, in place of what is missing."""
    return replace(found, mixed=tuple(paths), kept=(), dropped=(), pool=(), notes=())


def of_scored(paths: Sequence[str], by: str | None, field: str) -> Source:
    """Scored records without a report. Raises OptionError where their score field is not known."""
    score = by or _last_score(paths)
    return Source(score, score, DIRECTIONS.get(score, "high"), field, mixed=tuple(paths))


def _last_score(paths: Sequence[str]) -> str:
    """The known field that stands last in the first record: commands add theirs at the end."""
    record = first_record(paths)
    for name in reversed(record):
        for score in DIRECTIONS:
            field, _, inner = score.partition(".")
            if field == name and (not inner or inner in record[name]):
                return score
    raise OptionError(
        f"{display(paths[0])}: its first record has no score that is known; name one with --by"
    )


def first_record(paths: Sequence[str]) -> dict[str, Any]:
    """The first record of some files, empty if there is none. Raises InputError for a bad one."""
    if not paths:
        return {}
    for block in RecordFiles(paths).blocks():
        for number, line in block.numbered_lines():
            if line.strip():
                try:
                    return parse(line)
                except ValueError as error:
                    raise InputError(f"{block.source}:{number}: {error}") from None
    return {}


def label_field(paths: Sequence[str]) -> str | None:
    """The field of the first record that holds a label, if any does."""
    record = first_record(paths)
    return next((name for name in LABELS if isinstance(record.get(name), str)), None)


def in_domain_files(stages: Iterable[Stage]) -> list[str]:
    """The in-domain or labelled files, and those compared with, of stages; each that is there."""
    found = []
    for stage in stages:
        named = [*(stage.options.get("in_domain") or ()), *(stage.options.get("labelled") or ())]
        for spelled in [*named, stage.options.get("against") or ""]:
            path = stage.located(spelled) or stage.located(spelled.partition("=")[2])
            found += [path] if path else []
    return list(dict.fromkeys(found))


def in_domain_fields(stages: Iterable[Stage]) -> list[str]:
    """Where these may have their texts."""
    return [name for stage in stages for files in _IN_DOMAIN for name in stage.text_paths(files)]


_IN_DOMAIN = "in_domain", "labelled", "against"


def in_domain_texts(
    paths: Sequence[str], field: str | None, usual: Sequence[str], size: int, rng: Generator
) -> list[str]:
    """Draw up to `size` texts of in-domain files, from a field or the usual ones."""
    from dataselect.data.sampling import sample_texts

    if not paths:
        return []
    column = Column.text_of("--in-domain", field, *usual)
    return sample_texts(RecordFiles(paths, text_field=column.path), column, size, rng, strict=True)
