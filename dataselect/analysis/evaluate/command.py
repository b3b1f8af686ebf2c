"""`dataselect evaluate`: measure hypotheses against references."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dataselect.analysis.evaluate.options import (
    EXACT_METRIC,
    INTENT_METRIC,
    SLOT_METRIC,
    ComparisonOptions,
    FieldOptions,
    MeasureOptions,
    asked_metrics,
)
from dataselect.command_line.encoder_options import NeuralOptions
from dataselect.command_line.ending import note, warn
from dataselect.command_line.options import InputOptions, OutputOptions
from dataselect.console import printable
from dataselect.errors import InputError
from dataselect.operations.label.options import open_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dataselect.data.fields import Column
    from dataselect.data.formats.lines import Item
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.input_files import Inputs
    from dataselect.models.intent_classifier.intent_classifier import IntentClassifier
    from dataselect.models.metrics import TextMetric
    from dataselect.models.slot_tagger.slot_tagger import SlotTagger

USUAL = (
    "metric intent_classifier against id_field reference_field intent_field lowercase "
    "remove_punctuation group samples format output report"
)
EXAMPLES = r"""
dataselect evaluate --metric wer --metric cer best.jsonl
dataselect evaluate --metric intent --intent-classifier intents.model test.jsonl
"""


def command(
    inputs: InputOptions,
    measuring: MeasureOptions,
    normalizing: ComparisonOptions,
    fields: FieldOptions,
    output: OutputOptions,
) -> None:
    """Measure hypotheses against references.

    Word and character error rate, BLEU, chrF and TER of texts, accuracy and macro F1 of
    intents, F1 of slots and exact matches, in percent points, with bootstrap intervals and
    the signature of each metric. With --against, the difference from a second file and its
    p-value; with --group, each group by itself.
    """
    from dataselect.analysis.evaluate.group_values import group_columns, group_values
    from dataselect.analysis.evaluate.hypothesis_pairs import ID, join, read
    from dataselect.analysis.evaluate.metric_values import evaluate
    from dataselect.analysis.evaluate.predicted_labels import predicted
    from dataselect.analysis.evaluate.record_values import with_figures, worst
    from dataselect.analysis.evaluate.table import table
    from dataselect.analysis.evaluate.weak_clusters import weak_clusters
    from dataselect.data.formats.record_files import RecordFiles
    from dataselect.data.input_files import Inputs
    from dataselect.data.json_lines.json_values import encoded
    from dataselect.execution.run import Run

    settings = replace(output.build(), seed=measuring.seed)
    metrics, labels = asked_metrics(measuring, normalizing)
    classifier, tagger = (
        (None, None)
        if measuring.intent_classifier is None
        else _loaded(measuring.intent_classifier, labels)
    )
    columns = {
        **(_clustered_text(settings.text_field) if measuring.weak_clusters else {}),
        **(fields.texts(settings.text_field) if metrics else {}),
        **(
            fields.intents(settings.text_field, classifies=bool(classifier))
            if {INTENT_METRIC, EXACT_METRIC} & set(labels)
            else {}
        ),
        **(
            fields.slots(settings.text_field, tags=bool(tagger))
            if {SLOT_METRIC, EXACT_METRIC} & set(labels)
            else {}
        ),
        **({} if measuring.id_field is None else _id_column(measuring.id_field)),
        **group_columns(measuring.group or ()),
    }
    system = inputs.open(
        digest=settings.report is not None, text_field=settings.text_field, blank_lines=True
    )
    baseline = None if measuring.against is None else RecordFiles([measuring.against])
    truth = None if measuring.references is None else _references(measuring.references, inputs)
    others: list[Inputs] = [each for each in (baseline, truth) if each is not None]
    if measuring.intent_classifier is not None:
        others.append(Inputs([measuring.intent_classifier]))
    with Run(system, settings, also_read=others) as run:
        if measuring.per_record is not None:
            run.open_records_file(measuring.per_record)
        items = (
            read(system, columns)
            if truth is None
            else _with_references(system, columns, truth, fields.references_field)
        )
        of_baseline = {**columns, **_baseline_text(measuring, metrics)}
        against = None if baseline is None else read(baseline, of_baseline)
        joined = join(items, against, use_ids=ID in columns)
        pairs = list(run.good(joined, "evaluate"))
        if classifier is not None:
            pairs = predicted(pairs, classifier, tagger)
        found = evaluate(
            pairs,
            metrics,
            labels=labels,
            samples=measuring.samples,
            seed=measuring.seed,
            left_out=run.counts.errors,
        )
        found = replace(
            found,
            worst=worst(pairs, found.measures, measuring.worst),
            groups=group_values(
                pairs,
                found.measures,
                list(group_columns(measuring.group or ())),
                samples=measuring.samples,
                seed=measuring.seed,
            ),
            weak_clusters=(
                weak_clusters(pairs, found.measures, seed=measuring.seed)
                if measuring.weak_clusters
                else None
            ),
        )
        if measuring.per_record is not None:
            run.write_records_file(measuring.per_record, with_figures(pairs, found.measures))
        shown = (
            printable(table(found)).encode()
            if measuring.format_ == "table"
            else encoded(found.as_json(), indent=True) + b"\n"
        )
        facts = {"metric": "+".join(measuring.metric or ()), "samples": measuring.samples}
        run.write(shown)
        run.warnings = [
            f"no record has the field '{each}', which --group names" for each in found.absent_fields
        ]
        run.report("evaluate", facts, evaluate=found.as_json())
    warn(run.warnings, settings)
    note(f"evaluated {found.records:,} of {run.counts.read:,} records", quiet=settings.quiet)


def _id_column(path: str) -> dict[str, Column]:
    from dataselect.analysis.evaluate.hypothesis_pairs import ID
    from dataselect.data.fields import Column

    return {ID: Column.group(path, "--id-field")}


def _clustered_text(path: str) -> dict[str, Column]:
    """What is clustered where only labels are measured."""
    from dataselect.analysis.evaluate.hypothesis_pairs import HYPOTHESIS
    from dataselect.data.fields import Column

    return {HYPOTHESIS: Column.hypothesis(path)}


def _references(path: str, inputs: InputOptions) -> RecordFiles:
    """The file of `--references`, in the format of `--from` where its suffix tells none."""
    from dataselect.data.formats import Layout, of_suffix
    from dataselect.data.formats.record_files import RecordFiles

    source = inputs.source if of_suffix(path) is None else None
    return RecordFiles([path], source=source, layout=Layout(blank_lines=True))


def _with_references(
    system: Inputs, columns: dict[str, Column], truth: Inputs, references_field: str | None
) -> Iterator[Item]:
    """The records of the input with the texts of `--references`. Raises InputError."""
    from dataselect.analysis.evaluate.hypothesis_pairs import HYPOTHESIS, REFERENCE, read
    from dataselect.analysis.evaluate.references import place_columns, referenced
    from dataselect.data.fields import Column

    own = {name: column for name, column in columns.items() if name != REFERENCE}
    path = references_field or own[HYPOTHESIS].path
    column = Column.hypothesis(path, "--references-field")
    hypotheses = list(read(system, {**place_columns(), **own}))
    return referenced(hypotheses, list(read(truth, {**place_columns(), REFERENCE: column})))


def _baseline_text(measuring: MeasureOptions, metrics: Sequence[TextMetric]) -> dict[str, Column]:
    """Where the file of `--against` has its hypotheses, if not where the input has them."""
    from dataselect.analysis.evaluate.hypothesis_pairs import HYPOTHESIS
    from dataselect.data.fields import Column

    if measuring.against_field is None or not metrics:
        return {}
    return {HYPOTHESIS: Column.hypothesis(measuring.against_field, "--against-field")}


def _loaded(path: str, labels: Sequence[str]) -> tuple[IntentClassifier, SlotTagger | None]:
    """A model of `label`. Raises InputError where slots are to be judged, and it has none."""
    from dataselect.operations.label.label_model import load

    classifier, tagger = load(path, open_encoder(NeuralOptions(), path))
    if tagger is None and SLOT_METRIC in labels:
        raise InputError(
            f"{path}: a model of intents alone; train one on records with slots, or leave "
            "--metric slots out"
        )
    return classifier, tagger
