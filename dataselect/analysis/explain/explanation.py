"""Everything known of a record, collected from files, run reports and models."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from dataselect.analysis.explain.ngram_shares import RelevanceSum, Reported, evidence, reported
from dataselect.analysis.explain.record_lookup import (
    Files,
    Having,
    Place,
    continuing,
    grouped,
    line_of,
    near_names,
)
from dataselect.analysis.explain.run_decisions import Passage, passage
from dataselect.analysis.explain.similar_records import Named, Neighbour, named, nearest, same_text
from dataselect.analysis.explain.word_scores import WordPredictions, by_model, by_stage
from dataselect.analysis.run_reports import Stage, lineages
from dataselect.data import records
from dataselect.data.input_files import STDIN
from dataselect.data.records import BadRecord, encoded
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
    def files(self) -> Files:
        """The files that a record is looked up in. Raises InputError where none is there."""
        named = [*self.patterns, *self._of_stages(), *([self.kept] if self.kept else [])]
        if not named and self.stages:
            raise InputError(
                f"{self.stages[0].path}: none of the files that its run names is there; name FILES"
            )
        return Files(named or [STDIN])

    def _of_stages(self) -> list[str]:
        names = [
            stage.located(name)
            for stage in self.in_order()
            for name in (*stage.read, stage.kept, stage.dropped)
        ]
        return [name for name in names if name]

    def in_order(self) -> list[Stage]:
        """The stages, each once, after those that it went on from."""
        return list({stage.path: stage for way in lineages(self.stages) for stage in way}.values())

    def kept_files(self) -> Files | None:
        """What was kept at last, if it is there."""
        last = [way[-1] for way in lineages(self.stages)]
        paths = [self.kept] if self.kept else [stage.located(stage.kept) for stage in last]
        return self.files.only(filter(None, paths)) if any(paths) else None


@dataclass(frozen=True)
class Account:
    """Everything known of one record.

    `record` has the fields of all `places` together, `same_text` how many records of each file have
    its text, `nearest` the record that its own field of that name means. `notes`: what is not
    known, and why.
    """

    name: Any
    places: list[Place]
    record: dict[str, Any]
    text: str | None = None
    passages: list[Passage] = field(default_factory=list)
    relevance: list[RelevanceSum] = field(default_factory=list)
    reported: list[Reported] = field(default_factory=list)
    predictions: list[WordPredictions] = field(default_factory=list)
    neighbours: list[Neighbour] = field(default_factory=list)
    nearest: Named | None = None
    same_text: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        places = [place.as_json() for place in self.places]
        return asdict(replace(self, places=[])) | {"places": places}


@dataclass(frozen=True)
class Explanation:
    """What was found: one account a record, usually one."""

    wanted: str
    files: list[str]
    records: list[Account]
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return vars(self) | {"records": [account.as_json() for account in self.records]}


def explain(wanted: str, sources: ExplanationSources) -> Explanation:
    """Tell everything known of the record of an id, or at FILE:LINE.

    >>> explain("pool-42", Sources(["pool.jsonl"], kept="kept.jsonl"))  # doctest: +SKIP

    Raises InputError where it is not found, and for a file or a model that cannot be read.
    """
    files = sources.files
    column = records.identity(sources.id_field)
    groups, bad = _looked_up(wanted, files, column)
    warnings = [f"{each}; it may be the record" for each in bad]
    warnings += _repeated(wanted, groups)
    return Explanation(
        wanted, files.names, [_account(group, files, sources) for group in groups], warnings
    )


def _looked_up(
    wanted: str, files: Files, column: records.Column
) -> tuple[list[list[Place]], list[BadRecord]]:
    """Places by record, and bad lines that may be one. Raises InputError where there is none."""

    def name(place: Place) -> str:
        return encoded(column.find(place.record)).decode()

    found = _having(wanted, files, column)
    at = None if any(isinstance(each, Place) for each in found) else line_of(files, wanted)
    if at is not None:
        own = column.find(at.record)
        found = (
            [] if own is None else _having(own if isinstance(own, str) else name(at), files, column)
        )
        if not 0 < len(found) <= _MOST:  # no id, or one that tells nothing apart
            found = list(continuing(files.blocks(), at.raw))
    if len(found) > _MOST:
        raise InputError(
            f"{found[0].source}:{found[0].line}: one of more than {_MOST} records called {wanted}; "
            "name one as FILE:LINE, or another --id-field"
        )
    groups = grouped([each for each in found if isinstance(each, Place)], name)
    if at is not None:
        groups = [group for group in groups if at in group]
    bad = [each for each in found if isinstance(each, BadRecord)]
    if not groups:
        raise InputError(str(bad[0]) if bad else _not_found(wanted, files, column))
    return groups, bad


_MOST = 200
"""Places of a record, in all files."""


def _having(spelled: str, files: Files, column: records.Column) -> list[Place | BadRecord]:
    """The records of that id, and not many more than may be."""
    return list(islice(Having(column, spelled).find(files.blocks()), _MOST + 1))


def _not_found(wanted: str, files: Files, column: records.Column) -> str:
    where = f"no record of {', '.join(files.names)} has the {column.path} '{wanted}'"
    near = near_names(files, column, wanted)
    if not near:
        return f"{where}, or any; name the field with --id-field, or the record as FILE:LINE"
    return f"{where}; ids are such as {', '.join(near)}"


def _repeated(wanted: str, groups: Sequence[Sequence[Place]]) -> list[str]:
    """That one file has several records of the id, or that it is that of several."""
    found = []
    for source in dict.fromkeys(place.source for group in groups for place in group):
        count = sum(place.source == source for group in groups for place in group)
        if count > 1:
            found.append(f"{source} has {count:,} records called {wanted}: all are shown")
    return found


def _account(places: list[Place], files: Files, sources: ExplanationSources) -> Account:
    """Collect what is known of the record that is found at some places."""
    record = {name: value for place in places for name, value in place.record.items()}
    own = records.identity(sources.id_field).find(record)
    account = Account(
        str(places[0]) if own is None else own,
        places,
        record,
        passages=[passage(stage, places) for stage in sources.in_order()],
    )
    column = _text_column(record, sources)
    if column is None:
        note = "no text is known of it: name the field that has one with --text-field"
        return replace(account, notes=[note])
    return _with_text(account, column, files, sources)


def _readable(files: Files, sources: ExplanationSources) -> Files:
    """The files, and those of the texts that runs compared with."""
    named = []
    for options in (stage.options for stage in sources.in_order()):
        named += [*(options.get("labelled") or []), options.get("against")]
    located = [stage.located(name) for stage in sources.in_order() for name in named]
    return files.and_also(filter(None, located))


def _text_column(record: dict[str, Any], sources: ExplanationSources) -> records.Column | None:
    """The first field with a text: the one that is asked for, or those of the last stages."""
    named = [stage.text_field for stage in reversed(sources.in_order())]
    for name in [sources.text_field] if sources.text_field else [*named, "text"]:
        column = records.text(name)
        with contextlib.suppress(ValueError):
            column.get(record)
            return column
    return None


def _with_text(
    account: Account, column: records.Column, files: Files, sources: ExplanationSources
) -> Account:
    """Add all that depends on the text."""
    text = column.get(account.record)
    notes: list[str] = []
    by_models, by_reports = _relevance(sources, text, notes)
    notes += [
        f"its field 'relevance' is of another model than {each.model}"
        for each in by_models
        if each.relevance != account.record.get("relevance", each.relevance)
    ]
    kept = sources.kept_files()
    if kept is None:
        notes.append("no file of kept records is known, to compare it with: name it with --kept")
    name = account.record.get("nearest")
    return replace(
        account,
        text=text,
        nearest=None
        if name is None
        else named(name, _readable(files, sources), column, sources.id_field),
        relevance=by_models,
        reported=by_reports,
        predictions=_predictions(sources, text, notes),
        neighbours=[]
        if kept is None
        else nearest(text, kept, account.places, column.path, sources.id_field),
        same_text=same_text(text, files, column.path),
        notes=notes,
    )


def _relevance(
    sources: ExplanationSources, text: str, notes: list[str]
) -> tuple[list[RelevanceSum], list[Reported]]:
    """What models of relevance say of a text, or reports where there is no model."""
    if sources.model is not None:
        return [evidence(sources.model, text)], []
    by_models, by_reports = [], []
    for stage in sources.in_order():
        if stage.command != "relevance":
            continue
        path = stage.located(stage.options["model"])
        if path is not None:
            by_models.append(evidence(path, text))
            continue
        by_reports.append(reported(stage, text))
        what = "was not saved" if stage.options["model"] is None else "is not there"
        notes.append(f"{stage.path}: its model {what}: name it with --model (--save-model saves)")
    return by_models, by_reports


def _predictions(sources: ExplanationSources, text: str, notes: list[str]) -> list[WordPredictions]:
    """What language models make of a text."""
    if sources.lm is not None:
        return [by_model(sources.lm, text, sources.normalization)]
    found = []
    for stage in sources.in_order():
        if stage.command == "winnow":
            own = by_stage(stage, text)
            found += [own] if own else []
            if own is None:
                notes.append(f"{stage.path}: its language model is not there: name one with --lm")
    return found
