"""An explanation that leaves the building: numbers, and no text, n-gram or value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataselect.analysis.explain.stage_models import END
from dataselect.analysis.explain.text_output import MEANINGS
from dataselect.analysis.without_texts import numbers_of, without_quotations

if TYPE_CHECKING:
    from dataselect.analysis.explain.explanation import ExplainedRecord, Explanation
    from dataselect.analysis.explain.stage_models import RelevanceSum, WordPredictions


def without_text(found: Explanation) -> Explanation:
    """The explanation with n-grams and words numbered; ids, names of files and options stay."""
    return replace(
        found,
        records=[_record(each) for each in found.records],
        warnings=[without_quotations(warning) for warning in found.warnings],
    )


def _record(found: ExplainedRecord) -> ExplainedRecord:
    nearest = found.nearest
    return replace(
        found,
        record=_scores(found.record),
        places=[replace(each, raw=b"", record=_scores(each.record)) for each in found.places],
        text=None,
        decisions=[
            replace(
                each,
                rank=each.rank and replace(each.rank, group=each.rank.group and "its group"),
            )
            for each in found.decisions
        ],
        relevance=list(map(_relevance, found.relevance)),
        predictions=list(map(_predictions, found.predictions)),
        neighbours=[replace(each, text="(not shown)", shared=[]) for each in found.neighbours],
        nearest=None if nearest is None else replace(nearest, text=None),
        notes=[without_quotations(note) for note in found.notes],
    )


def _scores(record: dict[str, Any]) -> dict[str, Any]:
    """The numbers that commands have added to a record."""
    found = {name: numbers_of(record[name]) for name in MEANINGS if name in record}
    return {name: value for name, value in found.items() if value is not None}


def _relevance(found: RelevanceSum) -> RelevanceSum:
    shares = [
        replace(each, ngram=f"n-gram {number}") for number, each in enumerate(found.shares, start=1)
    ]
    return replace(found, shares=shares)


def _predictions(found: WordPredictions) -> WordPredictions:
    models = [
        replace(
            model,
            words=[
                word if word.word == END else replace(word, word=f"word {number}")
                for number, word in enumerate(model.words, start=1)
            ],
        )
        for model in found.models
    ]
    return replace(found, models=models)
