"""Everything known of a record, collected from files, run reports and models."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataselect.analysis.explain.ngram_shares import (
    RelevanceSum,
    ReportedWeights,
    relevance_sum,
    reported_weights,
)
from dataselect.analysis.explain.record_lookup import Files, Place, look_up
from dataselect.analysis.explain.run_decisions import RunDecision, decision_of
from dataselect.analysis.explain.similar_records import (
    Named,
    Neighbour,
    named_record,
    nearest,
    same_text,
)
from dataselect.analysis.explain.word_scores import WordPredictions, by_model, by_stage
from dataselect.analysis.run_reports import Stage, lineages
from dataselect.data import records
from dataselect.data.input_files import STDIN
from dataselect.errors import InputError

if TYPE_CHECKING:
    from dataselect.models.normalization import Normalization


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
        named = [*self.patterns, *filter(None, own), *([self.kept] if self.kept else [])]
        if not named and self.stages:
            raise InputError(
                f"{self.stages[0].path}: none of the files that its run names is there; name FILES"
            )
        return Files(named or [STDIN])

    def kept_files(self) -> Files | None:
        """What was kept at last, if it is there."""
        last = [lineage[-1] for lineage in lineages(self.stages)]
        paths = [self.kept] if self.kept else [stage.located(stage.kept) for stage in last]
        return self.files.only(filter(None, paths)) if any(paths) else None

    def readable(self) -> Files:
        """The files, and those of the texts that runs compared with."""
        named = [
            stage.located(name)
            for stage in self.in_order
            for name in [*(stage.options.get("labelled") or []), stage.options.get("against")]
        ]
        return self.files.and_also(filter(None, named))

    def text_column(self, record: dict[str, Any]) -> records.Column | None:
        """The first field with a text: the one that is asked for, or those of the last stages."""
        named = [stage.text_field for stage in reversed(self.in_order)]
        for name in [self.text_field] if self.text_field else [*named, "text"]:
            column = records.text(name)
            with contextlib.suppress(ValueError):
                column.get(record)
                return column
        return None


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
    reported: list[ReportedWeights] = field(default_factory=list)
    predictions: list[WordPredictions] = field(default_factory=list)
    neighbours: list[Neighbour] = field(default_factory=list)
    nearest: Named | None = None
    same_text: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        own = {name: [each.as_json() for each in getattr(self, name)] for name in _NESTED}
        return asdict(replace(self, places=[], decisions=[])) | own


_NESTED = ("places", "decisions")


@dataclass(frozen=True)
class Explanation:
    """The records of an id, usually one, and all that is known of each."""

    wanted: str
    files: list[str]
    records: list[ExplainedRecord]
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return vars(self) | {"records": [each.as_json() for each in self.records]}


def explain(wanted: str, sources: ExplanationSources) -> Explanation:
    """Collect everything known of the record of an id, or at FILE:LINE.

    >>> explain("pool-42", ExplanationSources(["pool.jsonl"], kept="kept.jsonl"))  # doctest: +SKIP

    Raises InputError where it is not found, and for a file or a model that cannot be read.
    """
    files = sources.files
    groups, bad = look_up(wanted, files, records.identity(sources.id_field))
    warnings = [f"{each}; it may be the record" for each in bad]
    sourced = [place.source for group in groups for place in group]
    warnings += [
        f"{source} has {sourced.count(source):,} records called {wanted}: all are shown"
        for source in dict.fromkeys(sourced)
        if sourced.count(source) > 1
    ]
    return Explanation(
        wanted, files.names, [_explained(each, sources) for each in groups], warnings
    )


def _explained(places: list[Place], sources: ExplanationSources) -> ExplainedRecord:
    """Collect what is known of the record that is found at some places."""
    record = {name: value for place in places for name, value in place.record.items()}
    own = records.identity(sources.id_field).find(record)
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
    return _with_text(found, column, sources)


def _with_text(
    found: ExplainedRecord, column: records.Column, sources: ExplanationSources
) -> ExplainedRecord:
    """Add all that depends on the text."""
    text = column.get(found.record)
    notes: list[str] = []
    sums, weights = _relevance(sources, text, notes)
    notes += [
        f"its field 'relevance' is of another model than {each.model}"
        for each in sums
        if each.relevance != found.record.get("relevance", each.relevance)
    ]
    kept, id_field, neighbours = sources.kept_files(), sources.id_field, []
    if kept is None:
        notes.append("no file of kept records is known, to compare it with: name it with --kept")
    else:
        neighbours = nearest(text, kept, found.places, column.path, id_field)
    name = found.record.get("nearest")
    return replace(
        found,
        text=text,
        nearest=named_record(name, sources.readable(), column, id_field)
        if name is not None
        else None,
        relevance=sums,
        reported=weights,
        predictions=_predictions(sources, text, notes),
        neighbours=neighbours,
        same_text=same_text(text, sources.files, column.path),
        notes=notes,
    )


def _relevance(
    sources: ExplanationSources, text: str, notes: list[str]
) -> tuple[list[RelevanceSum], list[ReportedWeights]]:
    """What models of relevance say of a text, or reports where there is no model."""
    if sources.model is not None:
        return [relevance_sum(sources.model, text)], []
    sums, weights = [], []
    for stage in sources.in_order:
        if stage.command != "relevance":
            continue
        path = stage.located(stage.options["model"])
        if path is not None:
            sums.append(relevance_sum(path, text))
            continue
        weights.append(reported_weights(stage, text))
        what = "was not saved" if stage.options["model"] is None else "is not there"
        notes.append(f"{stage.path}: its model {what}: name it with --model (--save-model saves)")
    return sums, weights


def _predictions(sources: ExplanationSources, text: str, notes: list[str]) -> list[WordPredictions]:
    """What language models predict of a text."""
    if sources.lm is not None:
        return [by_model(sources.lm, text, sources.normalization)]
    found = []
    for stage in sources.in_order:
        if stage.command == "winnow":
            own = by_stage(stage, text)
            found += [own] if own else []
            if own is None:
                notes.append(f"{stage.path}: its language model is not there: name one with --lm")
    return found
