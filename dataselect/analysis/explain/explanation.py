"""Everything known of a record, collected from files, run reports and models."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from dataselect.analysis.explain.record_lookup import Files, Place, look_up
from dataselect.analysis.explain.run_decisions import RunDecision, decision_of
from dataselect.analysis.explain.similar_records import (
    Named,
    Neighbour,
    named_record,
    nearest,
    same_text,
)
from dataselect.analysis.explain.stage_models import (
    RelevanceSum,
    WordPredictions,
    relevance_of_stage,
    relevance_sum,
    words_by_model,
    words_of_stage,
)
from dataselect.analysis.run_reports import Stage, lineages
from dataselect.data.fields import Column
from dataselect.data.files.raw_files import STDIN
from dataselect.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataselect.models.normalization import Normalization

Scored = TypeVar("Scored")


@dataclass(frozen=True)
class ExplanationSources:
    """What an explanation is made from.

    `patterns`: files to look the record up in, beside those of `stages`. `kept`: where its nearest
    neighbours are, by default what the last stages kept. `model` of relevance and `lm` are by
    default those of the stages; `normalization` is for `lm`. `text_field`: by default that of the
    stages.
    """

    patterns: Sequence[str] = ()
    stages: Sequence[Stage] = ()
    kept: str | None = None
    model: str | None = None
    lm: str | None = None
    normalization: Normalization | None = None
    id_field: str = "id"
    text_field: str | None = None

    @cached_property
    def in_order(self) -> list[Stage]:
        """The stages, each once, after those that it went on from."""
        return list(
            {stage.path: stage for each in lineages(self.stages) for stage in each}.values()
        )

    @cached_property
    def files(self) -> Files:
        """The files that a record is looked up in. Raises InputError where none is there."""
        own = [
            stage.located(name)
            for stage in self.in_order
            for name in (*stage.read, stage.kept, stage.dropped)
        ]
        named = [path for path in (*self.patterns, *own, self.kept) if path]
        if not named and self.stages:
            raise InputError(
                f"{self.stages[0].path}: none of the files that its run names is there; name FILES"
            )
        return Files(named or [STDIN])

    def neighbours(self, text: str, places: list[Place], text_field: str) -> list[Neighbour] | None:
        """The nearest of what was kept at last; None where no such file is there."""
        last = [lineage[-1] for lineage in lineages(self.stages)]
        paths = [self.kept] if self.kept else [stage.located(stage.kept) for stage in last]
        if not any(paths):
            return None
        files = self.files.only(filter(None, paths))
        return nearest(text, files, places, text_field, self.id_field)

    def named(self, record: dict[str, Any], column: Column) -> Named | None:
        """The record that the field `nearest` means, also in what a run compared with."""
        if record.get("nearest") is None:
            return None
        compared = [
            stage.located(name)
            for stage in self.in_order
            for name in [*(stage.options.get("labelled") or []), stage.options.get("against")]
        ]
        files = self.files.and_also(filter(None, compared))
        elsewhere = [
            path
            for stage in self.in_order
            for option in ("labelled", "against")
            for path in stage.text_paths(option)
        ]
        text = replace(column, instead=tuple(elsewhere))
        return named_record(record["nearest"], files, text, self.id_field)

    def text_column(self, record: dict[str, Any]) -> Column | None:
        """The first field with a text: the one that is asked for, or those of the last stages."""
        named = [stage.text_field for stage in reversed(self.in_order)]
        for name in [self.text_field] if self.text_field else [*named, "text"]:
            column = Column.text(name)
            with contextlib.suppress(ValueError):
                column.get(record)
                return column
        return None

    def relevance(self, text: str, notes: list[str]) -> list[RelevanceSum]:
        if self.model is not None:
            from dataselect.operations.relevance.relevance import Relevance

            return [relevance_sum(Relevance.load(self.model), self.model, text)]
        missing = "its model is not there: name one with --model"
        return self._of_stages("relevance", relevance_of_stage, text, notes, missing)

    def predictions(self, text: str, notes: list[str]) -> list[WordPredictions]:
        if self.lm is not None:
            return [words_by_model(self.lm, text, self.normalization)]
        missing = "its language model is not there: name one with --lm"
        return self._of_stages("winnow", words_of_stage, text, notes, missing)

    def _of_stages(
        self,
        command: str,
        scored: Callable[[Stage, str], Scored | None],
        text: str,
        notes: list[str],
        missing: str,
    ) -> list[Scored]:
        """What the model of each stage of a command says of a text; `missing` goes to the notes."""
        found = []
        for stage in self.in_order:
            if stage.command != command:
                continue
            if (own := scored(stage, text)) is None:
                notes.append(f"{stage.path}: {missing}")
            else:
                found.append(own)
        return found


@dataclass(frozen=True)
class ExplainedRecord:
    """Everything known of one record.

    `record` has the fields of all `places` together, `same_text` how many records of each file have
    its text, `nearest` the record that its own field of that name means. `notes`: what is not
    known, and why.
    """

    name: Any
    places: list[Place]
    record: dict[str, Any]
    text: str | None = None
    decisions: list[RunDecision] = field(default_factory=list)
    relevance: list[RelevanceSum] = field(default_factory=list)
    predictions: list[WordPredictions] = field(default_factory=list)
    neighbours: list[Neighbour] = field(default_factory=list)
    nearest: Named | None = None
    same_text: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it, but for the bytes of its lines."""
        return asdict(replace(self, places=[], decisions=[])) | {
            "places": [
                {"file": each.source, "line": each.line, "record": each.record}
                for each in self.places
            ],
            "decisions": [each.as_json() for each in self.decisions],
        }


@dataclass(frozen=True)
class Explanation:
    """The records of an id, usually one, and all that is known of each."""

    wanted: str
    files: list[str]
    records: list[ExplainedRecord]
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"records": [each.as_json() for each in self.records]}


def explain(wanted: str, sources: ExplanationSources) -> Explanation:
    """Collect everything known of the record of an id, or at FILE:LINE.

    >>> explain("pool-42", ExplanationSources(["pool.jsonl"], kept="kept.jsonl"))  # doctest: +SKIP

    Raises InputError where it is not found, and for a file or a model that cannot be read.
    """
    files = sources.files
    groups, bad = look_up(wanted, files, Column.identity(sources.id_field))
    warnings = [f"{each}; it may be the record" for each in bad]
    sourced = [place.source for group in groups for place in group]
    warnings += [
        f"{source} has {sourced.count(source):,} records called {wanted}: all are shown"
        for source in dict.fromkeys(sourced)
        if sourced.count(source) > 1
    ]
    explained = [_explained(each, sources) for each in groups]
    return Explanation(wanted, list(files.inputs), explained, warnings)


def _explained(places: list[Place], sources: ExplanationSources) -> ExplainedRecord:
    """Collect what is known of the record that is found at some places."""
    record = {name: value for place in places for name, value in place.record.items()}
    own = Column.identity(sources.id_field).find(record)
    found = ExplainedRecord(
        str(places[0]) if own is None else own,
        places,
        record,
        decisions=[decision_of(stage, places) for stage in sources.in_order],
    )
    column = sources.text_column(record)
    if column is None:
        note = "no text is known of it: name the field that has one with --text-field"
        return replace(found, notes=[note])
    text = column.get(record)
    notes: list[str] = []
    sums = sources.relevance(text, notes)
    notes += [
        f"its field 'relevance' is of another model than {each.model}"
        for each in sums
        if each.relevance != record.get("relevance", each.relevance)
    ]
    neighbours = sources.neighbours(text, places, column.path)
    if neighbours is None:
        notes.append("no file of kept records is known, to compare it with: name it with --kept")
    return replace(
        found,
        text=text,
        relevance=sums,
        predictions=sources.predictions(text, notes),
        neighbours=neighbours or [],
        nearest=sources.named(record, column),
        same_text=same_text(text, sources.files, column.path),
        notes=notes,
    )
